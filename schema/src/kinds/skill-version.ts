import { escapeText } from "../characters.ts";
import type { YamlPath } from "../yaml-tree.ts";
import { isVersion } from "../version.ts";
import { consumers } from "./consumers.ts";
import type { ManifestSource, Report } from "./report.ts";

/** Where a version may stand. */
export interface VersionPlace {
  readonly source: ManifestSource;
  readonly field: YamlPath;
}

interface FoundVersion extends VersionPlace {
  readonly version: string;
}

/** The places that hold a version, in the order in which they are looked at. Empty fields do not count. */
export function listVersionPlaces(main: ManifestSource, side: ManifestSource | undefined): VersionPlace[] {
  const places: VersionPlace[] = [
    { source: main, field: ["metadata", "version"] },
    { source: main, field: ["version"] },
  ];
  if (side) places.push({ source: side, field: ["version"] });
  return places.filter((place) => {
    const value = valueAt(place);
    return value !== null && value !== undefined;
  });
}

export function valueAt({ source, field }: VersionPlace): unknown {
  let value: unknown = source.data;
  for (const key of field) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The version that all places agree on; `undefined` leaves the decision to the tag. */
export function readVersionField(
  main: ManifestSource,
  side: ManifestSource | undefined,
  report: Report,
): string | undefined {
  const found: FoundVersion[] = [];
  for (const place of listVersionPlaces(main, side)) {
    const version = readOne(place, report);
    if (version !== undefined) found.push({ ...place, version });
  }
  const [first, ...others] = found;
  const other = others.find(({ version }) => version !== first!.version);
  if (first && other) {
    report.error("MANIFEST_INVALID", {
      message: `${describe(first)} and ${describe(other)} differ.`,
      hint: "Keep the version in one place.",
      source: other.source,
      field: other.field,
      consumers: [consumers.registry],
    });
  }
  return first?.version;
}

const describe = ({ source, field, version }: FoundVersion): string =>
  `${field.join(".")} ${version} in ${source.path}`;

function readOne(place: VersionPlace, report: Report): string | undefined {
  const { source, field } = place;
  const value = valueAt(place);
  const at = { source, field, consumers: [consumers.registry] };
  const name = field.join(".");
  if (typeof value === "number") {
    const text = source.locate(field)?.source ?? String(value);
    const version = coerceVersion(text);
    report.breach("UNQUOTED_VALUE", {
      ...at,
      message: `${name} is not in quotes, so YAML reads ${text} as the number ${value}.`,
      hint: `Quote it and use three numbers: version: "${version ?? "1.0.0"}".`,
    });
    return version;
  }
  const text = typeof value === "string" ? value.trim() : "";
  if (isVersion(text)) return text;
  const version = coerceVersion(text);
  report.breach(version === undefined ? "VERSION_IGNORED" : "VERSION_COERCED", {
    ...at,
    message: `${name} ${typeof value === "string" ? `"${escapeText(text, 60)}" ` : ""}is not a version of three numbers${
      version === undefined ? "." : `; it is read as ${version}.`
    }`,
    hint: `Write version: "${version ?? "1.0.0"}".`,
  });
  return version;
}

/** `1.0`, `v1.2.3`, `2024.01.15` as semver; `undefined` when the text cannot be meant as one. */
export function coerceVersion(text: string): string | undefined {
  const match = /^[vV]?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?([-+][0-9A-Za-z.+-]{1,100})?$/.exec(text);
  if (!match) return undefined;
  const numbers = [match[1], match[2], match[3]].map((part) => String(Number(part ?? 0)));
  const version = `${numbers.join(".")}${match[4] ?? ""}`;
  return isVersion(version) ? version : undefined;
}
