import { isScalar } from "yaml";
import type { Scalar } from "yaml";
import { PaksError } from "./errors.ts";
import { quotePlainValues } from "./frontmatter-repair.ts";
import { type Frontmatter, parseFrontmatter } from "./frontmatter.ts";
import { coerceVersion } from "./kinds/skill-version.ts";
import { isPakName, nearestName } from "./names.ts";
import { parseYamlMap } from "./safe-yaml.ts";
import { type SkillTexts, setVersion } from "./set-version.ts";
import { byteOrderMark } from "./text.ts";
import { isVersion } from "./version.ts";
import { findNode, findPair, type YamlPath } from "./yaml-tree.ts";

export interface ManifestFix {
  readonly path: keyof SkillTexts;
  readonly kind: "byte-order-mark" | "line-ends" | "fence" | "quotes" | "name" | "version";
  /** For people: what was done. */
  readonly message: string;
}

export interface FixedManifest {
  readonly texts: SkillTexts;
  /** In the order in which they were made. */
  readonly fixes: readonly ManifestFix[];
  /** True when no version stands anywhere and `options.version` was not given. */
  readonly lacksVersion: boolean;
}

export interface FixOptions {
  /** Last folder name of the pak; absent when it is a repository's root, whose folder is called as each clone likes. */
  readonly directory?: string | undefined;
  /** Written when none stands anywhere. */
  readonly version?: string | undefined;
}

interface Draft {
  main: string;
  side: string | undefined;
  readonly fixes: ManifestFix[];
}

/**
 * Mends what a program can mend without guessing at the author's meaning: byte order mark, CRLF, blanks after a fence,
 * missing quotes, a name that is not the folder's, a version that is missing or has no three numbers. Every other byte
 * stays. Front matter that cannot be read even leniently keeps its fields as they are.
 * @throws PaksError MANIFEST_INVALID when a fix would change another field
 */
export function fixManifest(texts: SkillTexts, options: FixOptions = {}): FixedManifest {
  const draft: Draft = { main: texts["SKILL.md"], side: texts["skill.yaml"], fixes: [] };
  fixBytes(draft);
  if (!isReadable(draft)) return { texts: textsOf(draft), fixes: draft.fixes, lacksVersion: false };
  const before = fieldsOf(draft);
  fixFences(draft);
  fixQuotes(draft);
  fixVersions(draft);
  fixScalars(draft);
  fixName(draft, options.directory);
  const lacksVersion = fixMissingVersion(draft, options.version);
  if (fieldsOf(draft) !== before) {
    throw new PaksError("MANIFEST_INVALID", "SKILL.md cannot be fixed without changing something else.", {
      hint: "Mend it by hand; paks validate --strict says what.",
      details: { path: "SKILL.md" },
    });
  }
  return { texts: textsOf(draft), fixes: draft.fixes, lacksVersion };
}

const textsOf = ({ main, side }: Draft): SkillTexts => ({
  "SKILL.md": main,
  ...(side === undefined ? {} : { "skill.yaml": side }),
});

const read = (text: string): Frontmatter => parseFrontmatter(text, { path: "SKILL.md", lenient: true });
const readSide = (text: string) => parseYamlMap(text, { path: "skill.yaml", invalid: "MANIFEST_INVALID" });

function isReadable({ main, side }: Draft): boolean {
  try {
    read(main);
    if (side !== undefined) readSide(side);
    return true;
  } catch (error) {
    if (error instanceof PaksError) return false;
    throw error;
  }
}

/** What no fix may change: all fields but name and version, a number being equal to its own text. */
function fieldsOf({ main, side }: Draft): string {
  const { data, locate, body } = read(main);
  const fields = Object.entries(data).map(([key, value]) => {
    if (key === "name" || key === "version") return [];
    if (key === "metadata" && typeof value === "object" && value !== null && !Array.isArray(value)) {
      const others = Object.entries(value).filter(([name]) => name !== "version");
      return others.length === 0 ? [] : [key, others];
    }
    return [key, locate([key])?.source ?? value];
  });
  const others = side === undefined ? [] : Object.entries(readSide(side).data).filter(([key]) => key !== "version");
  return JSON.stringify([fields.filter((field) => field.length > 0), others, body]);
}

function fixBytes(draft: Draft): void {
  draft.main = cleanBytes("SKILL.md", draft.main, draft.fixes);
  if (draft.side !== undefined) draft.side = cleanBytes("skill.yaml", draft.side, draft.fixes);
}

function cleanBytes(path: keyof SkillTexts, given: string, fixes: ManifestFix[]): string {
  let text = given;
  if (text.startsWith(byteOrderMark)) {
    text = text.slice(1);
    fixes.push({ path, kind: "byte-order-mark", message: "removed the byte order mark" });
  }
  // With several carriage returns, as after a conversion that was made twice, one of them would stay for the next fix.
  const ends = text.match(/\r+\n/g)?.length ?? 0;
  if (ends === 0) return text;
  fixes.push({ path, kind: "line-ends", message: `${ends} line ${ends === 1 ? "end" : "ends"} from CRLF to LF` });
  return text.replaceAll(/\r+\n/g, "\n");
}

function fixFences(draft: Draft): void {
  const { yaml, yamlOffset } = read(draft.main);
  const end = yamlOffset + yaml.length;
  const opening = draft.main.slice(0, yamlOffset).replace(/[ \t]+(?=\n$)/, "");
  const closing = draft.main.slice(end).replace(/^---[ \t]+(?=\n|$)/, "---");
  const text = opening + yaml + closing;
  if (text === draft.main) return;
  draft.main = text;
  draft.fixes.push({ path: "SKILL.md", kind: "fence", message: "removed blanks after ---" });
}

/** Values that YAML cannot read without quotes. */
function fixQuotes(draft: Draft): void {
  const { retriedQuoted, yaml, yamlOffset } = read(draft.main);
  if (!retriedQuoted) return;
  draft.main = replaceAt(draft.main, {
    start: yamlOffset,
    end: yamlOffset + yaml.length,
    text: quotePlainValues(yaml),
  });
  draft.fixes.push({ path: "SKILL.md", kind: "quotes", message: "put quotes round values that YAML cannot read bare" });
}

const textFields: readonly YamlPath[] = [["description"], ["license"], ["compatibility"], ["version"]];
const versionFields: readonly YamlPath[] = [["metadata", "version"], ["version"]];

/** Values that YAML reads as a number or as true or false, where text is meant. */
function fixScalars(draft: Draft): void {
  for (const path of [["name"], ...textFields, ["metadata", "version"]]) {
    const { root, yamlOffset } = read(draft.main);
    const node = root && findNode(root, path);
    if (!isScalar(node) || !node.range || !["number", "boolean"].includes(typeof node.value)) continue;
    const [start, end] = node.range;
    const text = `"${draft.main.slice(yamlOffset + start, yamlOffset + end)}"`;
    draft.main = replaceAt(draft.main, { start: yamlOffset + start, end: yamlOffset + end, text });
    draft.fixes.push({ path: "SKILL.md", kind: "quotes", message: `${path.join(".")} in quotes: ${text}` });
  }
}

/** `1.0` and `v1.2.3` become semver. */
function fixVersions(draft: Draft): void {
  const written = listVersions(draft);
  const versions = new Set(written.map((text) => (isVersion(text) ? text : coerceVersion(text))));
  const [version] = versions;
  if (versions.size !== 1 || version === undefined || written.every((text) => text === version)) return;
  edit(draft, version, `version ${written.find((text) => text !== version)} → ${version}`);
}

/** What stands where a version may stand, as written. */
function listVersions({ main, side }: Draft): string[] {
  const { root } = read(main);
  const nodes = versionFields.map((path) => root && findNode(root, path));
  const other = side === undefined ? undefined : readSide(side).root;
  return [...nodes, other && findNode(other, ["version"])].flatMap((node) =>
    isScalar(node) && node.value !== null && node.value !== "" ? [writtenText(node)] : [],
  );
}

const writtenText = ({ value, source }: Scalar): string =>
  (typeof value === "string" ? value : (source ?? String(value))).trim();

function fixMissingVersion(draft: Draft, version: string | undefined): boolean {
  if (hasVersion(draft)) return false;
  if (version === undefined) return true;
  edit(draft, version, `added metadata.version ${version}`);
  return false;
}

/** Of whatever type: what is there and is no version is the author's to mend. */
function hasVersion({ main, side }: Draft): boolean {
  const { root } = read(main);
  const other = side === undefined ? undefined : readSide(side).root;
  const nodes = [...versionFields.map((path) => root && findNode(root, path)), other && findNode(other, ["version"])];
  return nodes.some((node) => node !== undefined && !(isScalar(node) && (node.value === null || node.value === "")));
}

function edit(draft: Draft, version: string, message: string): void {
  const { path, text } = setVersion(textsOf(draft), version);
  if (path === "SKILL.md") draft.main = text;
  else draft.side = text;
  draft.fixes.push({ path, kind: "version", message });
}

function fixName(draft: Draft, directory: string | undefined): void {
  const { root, yamlOffset, data } = read(draft.main);
  const pair = root && findPair(root, "name");
  const old = isScalar(pair?.value) ? writtenText(pair.value) : "";
  const name = wantedName(old, directory);
  if (name === undefined || data["name"] === name) return;
  const bare = /^[a-z]/.test(name) && !["null", "true", "false"].includes(name) ? name : `"${name}"`;
  if (pair === undefined) {
    // A map in brackets has no line of its own to add.
    if (root?.flow) return;
    const indent = /^[ ]*/.exec(read(draft.main).yaml)![0];
    draft.main = replaceAt(draft.main, { start: yamlOffset, end: yamlOffset, text: `${indent}name: ${bare}\n` });
  } else {
    const { value } = pair;
    if (!isScalar(value) || !value.range || value.value === null || value.type?.startsWith("BLOCK")) return;
    const [start, end] = value.range;
    const quoted = { QUOTE_DOUBLE: `"${name}"`, QUOTE_SINGLE: `'${name}'` }[String(value.type)] ?? bare;
    draft.main = replaceAt(draft.main, { start: yamlOffset + start, end: yamlOffset + end, text: quoted });
  }
  const message = old === "" ? `added name ${name}` : `name ${old} → ${name}, as the folder is called`;
  draft.fixes.push({ path: "SKILL.md", kind: "name", message: directory === name ? message : `name ${old} → ${name}` });
}

/** The folder's name; where that cannot be a name, a name that is no good is still made one. */
function wantedName(old: string, directory: string | undefined): string | undefined {
  if (directory !== undefined && isPakName(directory)) return directory;
  if (isPakName(old) || /[/\\]/.test(old)) return undefined;
  return nearestName("pak", old === "" ? (directory ?? "") : old);
}

const replaceAt = (whole: string, { start, end, text }: { start: number; end: number; text: string }): string =>
  whole.slice(0, start) + text + whole.slice(end);
