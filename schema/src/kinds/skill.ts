import { PaksError } from "../errors.ts";
import { decodeText, type Frontmatter, parseFrontmatter } from "../frontmatter.ts";
import { defaultLimits } from "../limits.ts";
import { foldCase } from "../paths.ts";
import { countCharacters } from "../prose.ts";
import { parseYamlMap } from "../safe-yaml.ts";
import { byteOrderMark } from "../text.ts";
import type { KindRow, Manifest, ManifestOptions, ManifestReading, PakFiles } from "./reading.ts";
import { type ManifestSource, Report } from "./report.ts";
import { consumers } from "./consumers.ts";
import { checkConsumers, findNearField, mainFields, sideFields } from "./skill-consumers.ts";
import {
  type Fields,
  readAllowedTools,
  readCompatibility,
  readDescription,
  readName,
  readTextField,
} from "./skill-fields.ts";
import { readDependencies, readHomepage, readListField, readRepository } from "./skill-lists.ts";
import { readVersionField } from "./skill-version.ts";

export const skillFile = "SKILL.md";
export const skillSideFile = "skill.yaml";

const maxBodyLines = 500;
const maxExtraFields = 64;
/** Characters of JSON. */
const maxExtraValue = 4096;
const wordLimits = { items: 20, length: 32 };
const authorLimits = { items: 20, length: 100 };

/** An Agent Skill: SKILL.md, and skill.yaml for the fields that strict readers of SKILL.md refuse. */
export const skill: KindRow = { kind: "skill", manifestFiles: [skillFile, skillSideFile], read: readSkill };

interface SkillSources {
  readonly text: string;
  readonly frontmatter: Frontmatter;
  readonly main: ManifestSource;
  readonly side: ManifestSource | undefined;
}

function readSkill(files: PakFiles, options: ManifestOptions): ManifestReading {
  const report = new Report(options.profile);
  const sources = readSources(files, options, report);
  if (!sources) return { manifest: undefined, findings: report.findings };
  const { main, side, frontmatter } = sources;
  const manifest = readFields({ main, side, report, directory: options.directory });
  checkLicense(files, manifest, sources, report);
  checkBody(frontmatter, main, report);
  if (options.profile === "strict") checkConsumers({ ...sources, source: main, manifest }, report);
  return { manifest, findings: report.findings };
}

function readSources(files: PakFiles, options: ManifestOptions, report: Report): SkillSources | undefined {
  const name = findMainFile(files, options, report);
  if (name === undefined) return undefined;
  try {
    const path = shownPath(name, options);
    const text = decodeText(requireSize(files.get(name)!, path), path);
    const frontmatter = parseFrontmatter(text, { path, lenient: options.profile === "lenient" });
    const main = { path, data: frontmatter.data, locate: frontmatter.locate };
    if (frontmatter.healed) report.healed(frontmatter.healed);
    return { text, frontmatter, main, side: readSide(files, options) };
  } catch (error) {
    if (!(error instanceof PaksError)) throw error;
    report.thrown(error);
    return undefined;
  }
}

const shownPath = (name: string, { path }: ManifestOptions): string => (path ? `${path}/${name}` : name);

function findMainFile(files: PakFiles, options: ManifestOptions, report: Report): string | undefined {
  const folded = foldCase(skillFile);
  const names = [...files.keys()].filter((name) => foldCase(name) === folded);
  const [name = ""] = names;
  if (names.length === 1) {
    if (name !== skillFile) {
      report.breach("MANIFEST_FILE_NAME", {
        message: `${shownPath(name, options)} must be called ${skillFile}.`,
        hint: "Rename it: most tools look for that spelling only.",
      });
    }
    return name;
  }
  if (names.length === 0) {
    const message = `There is no ${shownPath(skillFile, options)}.`;
    report.error("MANIFEST_MISSING", { message, hint: "Add one, or name the folder that has it." });
  } else {
    const message = `${names.join(" and ")} are one file on many disks.`;
    report.error("AMBIGUOUS_MANIFEST", { message, hint: `Keep only ${skillFile}.` });
  }
  return undefined;
}

function requireSize(bytes: Uint8Array, path: string): Uint8Array {
  const max = defaultLimits.manifestBytes;
  if (bytes.length <= max) return bytes;
  throw new PaksError("TOO_LARGE", `${path} is ${bytes.length} bytes long; at most ${max} are allowed.`, {
    hint: "Move parts of it into files of their own and refer to them.",
    details: { path },
  });
}

function readSide(files: PakFiles, options: ManifestOptions): ManifestSource | undefined {
  const bytes = files.get(skillSideFile);
  if (!bytes) return undefined;
  const path = shownPath(skillSideFile, options);
  const text = decodeText(requireSize(bytes, path), path);
  const yaml = text.startsWith(byteOrderMark) ? text.slice(1) : text;
  const { data, locate } = parseYamlMap(yaml, { path, subject: path, invalid: "MANIFEST_INVALID" });
  return { path, data, locate };
}

function readFields(fields: Fields): Manifest | undefined {
  const { main, side, report } = fields;
  const name = readName(fields);
  const description = readDescription(fields);
  const version = readVersionField(main, side, report);
  const license = readTextField(fields, "license");
  const compatibility = readCompatibility(fields);
  const allowedTools = readAllowedTools(fields);
  const metadata = readMetadata(fields);
  const authors = readListField(fields, "authors", authorLimits);
  const repository = readRepository(fields);
  const homepage = readHomepage(fields);
  const keywords = readListField(fields, "keywords", wordLimits);
  const categories = readListField(fields, "categories", wordLimits);
  const dependencies = readDependencies(fields);
  const extra = readExtra(fields);
  if (name === undefined || description === undefined) return undefined;
  return {
    kind: "skill",
    name,
    description,
    ...(version !== undefined && { version }),
    ...(license !== undefined && { license }),
    ...(compatibility !== undefined && { compatibility }),
    ...(allowedTools && { allowedTools }),
    authors: authors.length > 0 ? authors : authorOfMetadata(metadata),
    ...(repository !== undefined && { repository }),
    ...(homepage !== undefined && { homepage }),
    keywords,
    categories,
    dependencies,
    ...(metadata && { metadata }),
    extra,
  };
}

function readMetadata(fields: Fields): Record<string, unknown> | undefined {
  const value = fields.main.data["metadata"];
  if (value === undefined || value === null) return undefined;
  if (typeof value === "object" && !Array.isArray(value)) return value as Record<string, unknown>;
  fields.report.breach("FIELD_IGNORED", {
    message: "metadata must be a map.",
    hint: "Write its entries below it, indented.",
    source: fields.main,
    field: ["metadata"],
  });
  return undefined;
}

/** The open format's own example names the author there. */
function authorOfMetadata(metadata: Record<string, unknown> | undefined): string[] {
  const author = metadata?.["author"];
  return typeof author === "string" && author !== "" && countCharacters(author) <= authorLimits.length ? [author] : [];
}

function readExtra({ main, side, report }: Fields): Record<string, unknown> {
  const extra = Object.create(null) as Record<string, unknown>;
  const foreign = (source: ManifestSource, known: ReadonlySet<string>) =>
    Object.entries(source.data).flatMap(([name, value]) =>
      known.has(name) ? [] : [{ source, name, value, meant: findNearField(name, source, known) }],
    );
  const [inMain, inSide] = [foreign(main, mainFields), side === undefined ? [] : foreign(side, sideFields)];
  // A strict reading says of every field of SKILL.md whether somebody reads it.
  const inDoubt = report.profile === "strict" ? [] : inMain.filter(({ meant }) => meant !== undefined);
  for (const { source, name, meant } of [...inDoubt, ...inSide]) {
    report.warn("UNKNOWN_FIELD", {
      message: meant === undefined ? `${name} is not read.` : `${name} is not read; is ${meant} meant?`,
      hint: meant === undefined ? "Check its spelling." : `Write ${meant}.`,
      source,
      field: [name],
    });
  }
  const fields = [...inMain, ...inSide];
  if (fields.length > maxExtraFields) {
    const message = `There are ${fields.length} unknown fields; at most ${maxExtraFields} are kept.`;
    report.error("MANIFEST_INVALID", { message, hint: "Move them into metadata.", source: main });
  }
  for (const { source, name, value } of fields.slice(0, maxExtraFields)) {
    if (Object.hasOwn(extra, name)) continue;
    if (JSON.stringify(value).length <= maxExtraValue) extra[name] = value;
    else {
      const message = `${name} is longer than ${maxExtraValue} characters and is not kept.`;
      report.breach("FIELD_IGNORED", { message, source, field: [name], consumers: [consumers.registry] });
    }
  }
  return extra;
}

function checkLicense(files: PakFiles, manifest: Manifest | undefined, { main }: SkillSources, report: Report): void {
  const hasFile = [...files.keys()].some((name) => /^(?:licen[cs]e|copying)(?:[.-][^/]*)?$/i.test(name));
  if (!manifest || manifest.license !== undefined || hasFile) return;
  report.warn("MISSING_LICENSE", {
    message: "No license is named.",
    hint: "Add license: Apache-2.0 (or yours): without one nobody may use it.",
    source: main,
  });
}

function checkBody({ body, bodyLine }: Frontmatter, source: ManifestSource, report: Report): void {
  const lines = body.trimEnd() === "" ? 0 : body.trimEnd().split("\n").length;
  if (lines === 0) {
    report.warn("EMPTY_BODY", {
      message: "There are no instructions below the front matter.",
      hint: "Write what the agent should do.",
      source,
    });
  } else if (lines > maxBodyLines) {
    report.warn("LONG_BODY", {
      message: `The instructions have ${lines} lines from line ${bodyLine} on; more than ${maxBodyLines} crowd an agent's context.`,
      hint: "Move details into files of their own and refer to them.",
      source,
    });
  }
}
