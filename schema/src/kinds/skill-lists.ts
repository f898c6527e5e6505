import { PaksError } from "../errors.ts";
import { formatPakId } from "../names.ts";
import { countCharacters } from "../prose.ts";
import { parsePakRef } from "../refs.ts";
import { anyGitPolicy, parseRepositoryUrl } from "../repository-url.ts";
import type { YamlPath } from "../yaml-tree.ts";
import { consumers } from "./consumers.ts";
import type { Dependency } from "./reading.ts";
import type { Remark } from "./report.ts";
import { type Fields, findField, readScalarText } from "./skill-fields.ts";

const maxDependencies = 100;

export interface ListLimits {
  readonly items: number;
  /** Characters of one item. */
  readonly length: number;
}

/** A list of short texts; one text with commas is read as a list. */
export function readListField(fields: Fields, name: string, limits: ListLimits): string[] {
  const found = findField(fields, name);
  if (!found) return [];
  const { source, value } = found;
  const at = { source, field: [name], consumers: [consumers.registry] };
  if (!Array.isArray(value)) {
    const text = readScalarText(found, [name], fields) ?? "";
    if (text !== "") {
      fields.report.breach("FIELD_COERCED", {
        ...at,
        message: `${name} must be a list.`,
        hint: `Write ${name}: [one, two].`,
      });
    }
    return cut(unique(text.split(",").map((item) => item.trim())), { fields, name, limits, at });
  }
  const texts = value.map((item, index) => readScalarText({ source, value: item }, [name, index], fields) ?? "");
  return cut(unique(texts), { fields, name, limits, at });
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)].filter((text) => text !== "");

interface Cut {
  readonly fields: Fields;
  readonly name: string;
  readonly limits: ListLimits;
  readonly at: Omit<Remark, "message">;
}

function cut(texts: string[], { fields, name, limits, at }: Cut): string[] {
  const kept = texts.filter((text) => countCharacters(text) <= limits.length).slice(0, limits.items);
  if (kept.length < texts.length) {
    fields.report.breach("FIELD_CUT", {
      ...at,
      message: `${name} may have ${limits.items} entries of at most ${limits.length} characters; ${texts.length - kept.length} are left out.`,
      hint: "Keep the few words that people search for.",
    });
  }
  return kept;
}

/** A web address without credentials. */
export const readHomepage = (fields: Fields): string | undefined =>
  readAddress(fields, "homepage", { accepts: isWebAddress, example: "https://example.com/pdf" });

/** What the author says; where a release really comes from is what the registry saw. */
export const readRepository = (fields: Fields): string | undefined =>
  readAddress(fields, "repository", { accepts: isRepositoryAddress, example: "https://github.com/acme/skills" });

interface AddressRule {
  readonly accepts: (text: string) => boolean;
  readonly example: string;
}

function readAddress(fields: Fields, name: string, { accepts, example }: AddressRule): string | undefined {
  const found = findField(fields, name);
  const text = found && readScalarText(found, [name], fields);
  if (!found || !text || accepts(text)) return text || undefined;
  fields.report.breach("FIELD_IGNORED", {
    // The value is not repeated: it may hold a password.
    message: `${name} is not a usable address.`,
    hint: `Write the full address, for example ${example}.`,
    source: found.source,
    field: [name],
    consumers: [consumers.registry],
  });
  return undefined;
}

function isWebAddress(text: string): boolean {
  if (text.length > 2048 || !URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}

function isRepositoryAddress(text: string): boolean {
  try {
    parseRepositoryUrl(text, anyGitPolicy);
    return true;
  } catch (error) {
    if (error instanceof PaksError) return false;
    throw error;
  }
}

/** `acme/pdf: ^1.2` in a map, `acme/pdf@^1.2` in a list, or `{name: acme/pdf, version: ^1.2}` in a list. */
export function readDependencies(fields: Fields): Dependency[] {
  const found = findField(fields, "dependencies");
  if (!found) return [];
  const entries = listEntries(found.value);
  const report = (message: string, ...path: YamlPath) =>
    fields.report.breach("FIELD_IGNORED", {
      message,
      hint: "Write one line for each below dependencies:, such as `acme/pdf: ^1.2`, best in a skill.yaml beside SKILL.md.",
      source: found.source,
      field: ["dependencies", ...path],
      consumers: [consumers.registry],
    });
  if (entries === undefined) report("dependencies must be a list.");
  if (entries && entries.length > maxDependencies) report(`There are more than ${maxDependencies} dependencies.`);
  const dependencies = new Map<string, Dependency>();
  for (const { key, entry } of entries?.slice(0, maxDependencies) ?? []) {
    const dependency = parseDependency(entry);
    if (typeof dependency === "string") report(dependency, key);
    else if (dependencies.has(formatPakId(dependency))) report(`${formatPakId(dependency)} is named twice.`, key);
    else dependencies.set(formatPakId(dependency), dependency);
  }
  return [...dependencies.values()];
}

function listEntries(value: unknown): { key: string | number; entry: unknown }[] | undefined {
  if (Array.isArray(value)) return value.map((entry: unknown, key) => ({ key, entry }));
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).map(([name, version]) => ({ key: name, entry: { name, version: version as unknown } }));
}

/** The dependency, or what is wrong with it. */
function parseDependency(entry: unknown): Dependency | string {
  const text = dependencyText(entry);
  if (text === undefined) return "A dependency is neither account/name@range nor {name, version}.";
  try {
    const { account, name, selector } = parsePakRef(text);
    return { account, name, range: selector ?? "*" };
  } catch (error) {
    if (!(error instanceof PaksError)) throw error;
    return `A dependency cannot be read: ${error.message}`;
  }
}

function dependencyText(entry: unknown): string | undefined {
  if (typeof entry === "string") return entry.trim();
  if (typeof entry !== "object" || entry === null || Array.isArray(entry)) return undefined;
  const { name, version, git, path } = entry as Record<string, unknown>;
  if (typeof name !== "string" || git !== undefined || path !== undefined) return undefined;
  if (version === undefined || version === null || version === "*") return name;
  return typeof version === "string" || typeof version === "number" ? `${name}@${version}` : undefined;
}
