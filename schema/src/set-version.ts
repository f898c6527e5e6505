import { isMap, isScalar } from "yaml";
import type { Node, Pair, Scalar, YAMLMap } from "yaml";
import { PaksError } from "./errors.ts";
import { parseFrontmatter } from "./frontmatter.ts";
import { parseYamlMap } from "./safe-yaml.ts";
import { byteOrderMark, lineAndColumn } from "./text.ts";
import { parseVersion } from "./version.ts";
import { findPair } from "./yaml-tree.ts";

export interface SkillTexts {
  readonly "SKILL.md": string;
  readonly "skill.yaml"?: string | undefined;
}

type FileName = keyof SkillTexts;

export interface VersionEdit {
  readonly path: FileName;
  /** The file's whole new text. */
  readonly text: string;
}

/** The YAML of one file, and where it lies in it. */
interface YamlPart {
  readonly path: FileName;
  readonly text: string;
  readonly yaml: string;
  readonly offset: number;
  /** Line of the file on which the YAML begins. */
  readonly firstLine: number;
  readonly root: YAMLMap | undefined;
  readonly data: Record<string, unknown>;
}

/** Replaces `start` to `end` of the YAML. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Sets the version where it stands; without one, `metadata.version` is added to SKILL.md. No other byte changes:
 * comments, order, quotes, line ends and byte order mark stay.
 * @throws PaksError INVALID_PARAMETER for `version`; the codes of `parseFrontmatter`; MANIFEST_INVALID when both files
 *   have a version, or when it is no text
 */
export function setVersion(files: SkillTexts, version: string): VersionEdit {
  parseVersion(version);
  const main = openPart("SKILL.md", files["SKILL.md"]);
  const side = files["skill.yaml"] === undefined ? undefined : openPart("skill.yaml", files["skill.yaml"]);
  const mainPairs = listVersionPairs(main);
  const sidePairs = side ? listVersionPairs(side) : [];
  if (mainPairs.some(holdsValue) && sidePairs.some(holdsValue)) {
    throw new PaksError("MANIFEST_INVALID", "SKILL.md and skill.yaml both have a version.", {
      hint: "Remove one of the two.",
      details: { path: "skill.yaml" },
    });
  }
  const [part, pairs] = side && sidePairs.some(holdsValue) ? [side, sidePairs] : [main, mainPairs];
  const filled = pairs.filter(holdsValue);
  // An empty `version:` waits for a value; several versions in one file are kept equal.
  const edited = filled.length > 0 ? filled : pairs.slice(0, 1);
  const edits =
    edited.length > 0 ? edited.map((pair) => replaceValue(part, pair, version)) : [addVersion(part, version)];
  return { path: part.path, text: applyEdits(part, edits, version) };
}

function openPart(path: FileName, text: string): YamlPart {
  if (path === "SKILL.md") {
    const { yaml, yamlOffset: offset, root, data } = parseFrontmatter(text, { path });
    return { path, text, yaml, offset, firstLine: 2, root, data };
  }
  const offset = text.startsWith(byteOrderMark) ? 1 : 0;
  const yaml = text.slice(offset);
  const { root, data } = parseYamlMap(yaml, { path, subject: path, invalid: "MANIFEST_INVALID" });
  return { path, text, yaml, offset, firstLine: 1, root, data };
}

type VersionPair = Pair<Scalar, Node | null>;

/** `metadata.version` counts in SKILL.md only. */
function listVersionPairs({ path, root }: YamlPart): VersionPair[] {
  if (!root) return [];
  const metadata = path === "SKILL.md" ? findPair(root, "metadata")?.value : undefined;
  return [isMap(metadata) ? findPair(metadata, "version") : undefined, findPair(root, "version")].filter(
    (pair) => pair !== undefined,
  );
}

const isEmpty = (node: Node | null): boolean => node === null || (isScalar(node) && node.value === null);

const holdsValue = ({ value }: VersionPair): boolean => !isEmpty(value);

function refuse({ path, yaml, firstLine }: YamlPart, node: Node | null, message: string, hint: string): PaksError {
  const place = lineAndColumn(yaml, node?.range?.[0] ?? 0, firstLine);
  return new PaksError("MANIFEST_INVALID", message, { hint, details: { path, ...place } });
}

function replaceValue(part: YamlPart, { key, value }: VersionPair, version: string): Edit {
  if (isEmpty(value)) return fillEmpty(part, { key, value }, `"${version}"`);
  if (!isScalar(value) || !value.range) {
    throw refuse(part, value, "The version is no text.", 'Write it as version: "1.0.0".');
  }
  const [start, end] = value.range;
  const source = part.yaml.slice(start, end);
  switch (value.type) {
    case "QUOTE_DOUBLE":
      return { start, end, text: `"${version}"` };
    case "QUOTE_SINGLE":
      return { start, end, text: `'${version}'` };
    case "BLOCK_FOLDED":
    case "BLOCK_LITERAL":
      return replaceInBlock(part, value, { start, source, version });
    default:
      return { start, end, text: version };
  }
}

/** The header and the line end of a block scalar stay. */
function replaceInBlock(
  part: YamlPart,
  value: Scalar,
  { start, source, version }: { start: number; source: string; version: string },
): Edit {
  const old = String(value.value).trim();
  const at = source.indexOf("\n") + 1 + source.slice(source.indexOf("\n") + 1).indexOf(old);
  if (old === "" || !source.includes(old) || old.includes("\n")) {
    throw refuse(part, value, "The version is not one line.", 'Write it as version: "1.0.0".');
  }
  return { start: start + at, end: start + at + old.length, text: version };
}

/** Puts a value behind a key that has none or an explicit `null`. */
function fillEmpty({ yaml }: YamlPart, { key, value }: { key: Scalar; value: Node | null }, text: string): Edit {
  const isWritten = isScalar(value) && (value.source ?? "") !== "";
  if (isWritten && value.range) return { start: value.range[0], end: value.range[1], text };
  const colon = yaml.indexOf(":", key.range![1]);
  return { start: colon + 1, end: colon + 1, text: ` ${text}` };
}

const lineEnd = ({ yaml, text }: YamlPart): string => (/\r\n/.test(yaml || text) ? "\r\n" : "\n");

function addVersion(part: YamlPart, version: string): Edit {
  const { root, yaml } = part;
  const metadata = root && findPair(root, "metadata");
  if (!metadata) return addMetadata(part, version);
  const { key, value } = metadata;
  if (isMap(value)) return addFirstEntry(part, value, version);
  if (!isEmpty(value)) {
    throw refuse(part, value, "metadata is no map, so no version can be added.", "Write its entries below it.");
  }
  const isWritten = isScalar(value) && (value.source ?? "") !== "";
  if (root.flow || isWritten) return fillEmpty(part, { key, value }, `{version: "${version}"}`);
  const keyLine = yaml.indexOf("\n", key.range![1]);
  const indent = " ".repeat(lineAndColumn(yaml, key.range![0]).column + 1);
  const at = keyLine < 0 ? yaml.length : keyLine + 1;
  return { start: at, end: at, text: `${indent}version: "${version}"${lineEnd(part)}` };
}

/** A block after the last field; inside a map with brackets, an entry before the first one. */
function addMetadata(part: YamlPart, version: string): Edit {
  const { root, yaml } = part;
  const eol = lineEnd(part);
  if (root?.flow) return addToFlowMap(root, { key: "metadata", value: `{version: "${version}"}`, yaml });
  const first = (root?.items as VersionPair[] | undefined)?.[0];
  const indent = " ".repeat(first ? lineAndColumn(yaml, first.key.range![0]).column - 1 : 0);
  const text = `${indent}metadata:${eol}${indent}  version: "${version}"${eol}`;
  return { start: yaml.length, end: yaml.length, text };
}

/** Before the first entry, on a line with the same indentation, so that no comment changes its owner's line. */
function addFirstEntry(part: YamlPart, map: YAMLMap, version: string): Edit {
  const { yaml } = part;
  if (map.flow) return addToFlowMap(map, { key: "version", value: `"${version}"`, yaml });
  const start = (map.items as VersionPair[])[0]!.key.range![0];
  const indent = " ".repeat(lineAndColumn(yaml, start).column - 1);
  return { start, end: start, text: `version: "${version}"${lineEnd(part)}${indent}` };
}

function addToFlowMap(map: YAMLMap, { key, value, yaml }: { key: string; value: string; yaml: string }): Edit {
  const first = (map.items as VersionPair[])[0];
  const start = map.range![0] + 1;
  // One line of JSON stays JSON.
  const name = first?.key.type === "QUOTE_DOUBLE" ? `"${key}"` : key;
  const blank = /\s/.test(yaml[start] ?? "") ? yaml.slice(start).match(/^\s*/)![0] : "";
  const entry = `${name}: ${value}`;
  return { start: start + blank.length, end: start + blank.length, text: first ? `${entry}, ` : entry };
}

/** Edits the file and reads it again: better no version than another field changed. */
function applyEdits(part: YamlPart, edits: readonly Edit[], version: string): string {
  let { yaml } = part;
  for (const { start, end, text } of edits.toSorted((a, b) => b.start - a.start)) {
    yaml = yaml.slice(0, start) + text + yaml.slice(end);
  }
  const text = part.text.slice(0, part.offset) + yaml + part.text.slice(part.offset + part.yaml.length);
  if (isOnlyVersionChanged(part, text, version)) return text;
  const { path } = part;
  throw new PaksError("MANIFEST_INVALID", `The version in ${path} cannot be set without changing something else.`, {
    hint: `Set it to ${version} by hand.`,
    details: { path },
  });
}

function isOnlyVersionChanged(before: YamlPart, text: string, version: string): boolean {
  try {
    const after = openPart(before.path, text);
    const filled = listVersionPairs(after).filter(holdsValue);
    const values = filled.map(({ value }) => (isScalar(value) ? String(value.value).trim() : ""));
    const isSet = values.length > 0 && values.every((value) => value === version);
    return isSet && withoutVersion(after.data) === withoutVersion(before.data);
  } catch (error) {
    if (error instanceof PaksError) return false;
    throw error;
  }
}

/** Everything else, with an empty `metadata` equal to none. */
function withoutVersion(data: Record<string, unknown>): string {
  const metadata = data["metadata"] ?? {};
  const isMetadataMap = typeof metadata === "object" && !Array.isArray(metadata);
  return JSON.stringify([
    Object.entries(data).filter(([key]) => key !== "version" && key !== "metadata"),
    isMetadataMap ? Object.entries(metadata).filter(([key]) => key !== "version") : metadata,
  ]);
}
