import { byteOrderMark, lineAndColumn } from "../text.ts";
import type { Frontmatter } from "../frontmatter.ts";
import { nearest } from "../nearest.ts";
import { findFlowCollection } from "../yaml-tree.ts";
import { consumers } from "./consumers.ts";
import type { Manifest } from "./reading.ts";
import type { ManifestSource, Report } from "./report.ts";

const { specification, reference, upload } = consumers;

/** The fields of the open format. */
export const specFields: ReadonlySet<string> = new Set([
  "name",
  "description",
  "license",
  "compatibility",
  "metadata",
  "allowed-tools",
]);

/** Ours. In `skill.yaml` they disturb nobody. */
export const ownFields: ReadonlySet<string> = new Set([
  "version",
  "authors",
  "repository",
  "homepage",
  "keywords",
  "categories",
  "dependencies",
]);

/** Fields that single tools read, as of their documentation in November 2026. */
const toolFields: Readonly<Record<string, readonly string[]>> = {
  when_to_use: ["Claude Code"],
  "disallowed-tools": ["Claude Code"],
  model: ["Claude Code"],
  effort: ["Claude Code"],
  arguments: ["Claude Code"],
  agent: ["Claude Code"],
  background: ["Claude Code"],
  hooks: ["Claude Code"],
  shell: ["Claude Code"],
  context: ["Claude Code", "GitHub Copilot"],
  "argument-hint": ["Claude Code", "GitHub Copilot"],
  "user-invocable": ["Claude Code", "Cursor", "GitHub Copilot"],
  "disable-model-invocation": ["Claude Code", "Cursor"],
  paths: ["Claude Code", "Cursor"],
  targets: ["rulesync"],
  triggers: ["Devin"],
  permissions: ["Devin"],
  priority: ["Qwen Code"],
  modeSlugs: ["Roo Code"],
};

/** In `skill.yaml`. */
export const sideFields: ReadonlySet<string> = new Set([...ownFields, "license"]);
/** In `SKILL.md`. */
export const mainFields: ReadonlySet<string> = new Set([...specFields, ...ownFields]);

/**
 * The field that one which nobody reads is nearly, where that is not there. Any other may be another program's.
 * @param known those of this file
 */
export function findNearField(name: string, { data }: ManifestSource, known: ReadonlySet<string>): string | undefined {
  if (known.has(name) || Object.hasOwn(toolFields, name)) return undefined;
  const meant = nearest(name, [...known], 2);
  return meant === undefined || Object.hasOwn(data, meant) ? undefined : meant;
}

export interface SkillText {
  readonly source: ManifestSource;
  readonly text: string;
  readonly frontmatter: Frontmatter;
  readonly manifest: Manifest | undefined;
}

/** What is fine here and elsewhere, but refused by somebody: warnings that name them. */
export function checkConsumers(skill: SkillText, report: Report): void {
  checkBytes(skill, report);
  checkYamlStyle(skill, report);
  checkFieldNames(skill, report);
  checkFieldTypes(skill, report);
  checkVendorRules(skill, report);
}

function checkBytes({ source, text }: SkillText, report: Report): void {
  if (text.startsWith(byteOrderMark)) {
    report.warn("BYTE_ORDER_MARK", {
      message: "The file begins with a byte order mark.",
      hint: "Save it as UTF-8 without one.",
      source,
      consumers: [reference, upload],
    });
  }
  if (text.includes("\r\n")) {
    report.warn("CRLF", {
      message: "Lines end with CRLF.",
      hint: "Save the file with LF line ends.",
      source,
      consumers: [upload],
    });
  }
  if (/^\uFEFF?---[ \t]/.test(text)) {
    report.warn("FENCE_BLANKS", {
      message: "Blanks follow the opening `---`.",
      hint: "Remove them.",
      source,
      consumers: [upload],
    });
  }
}

function checkYamlStyle({ source, frontmatter }: SkillText, report: Report): void {
  const { yaml, root } = frontmatter;
  const hyphens = yaml.indexOf("---");
  if (hyphens >= 0) {
    const { line } = lineAndColumn(yaml, hyphens, 2);
    report.warn("HYPHENS_IN_FRONT_MATTER", {
      message: `Line ${line} holds \`---\`, where a plain splitter ends the front matter.`,
      hint: "Use fewer hyphens.",
      source,
      consumers: [reference],
    });
  }
  const flow = findFlowCollection(root);
  if (flow) {
    report.warn("FLOW_STYLE", {
      message: `${flow.join(".")} is written with brackets.`,
      hint: "Write one entry per line.",
      source,
      field: flow,
      consumers: [reference],
    });
  }
}

function checkFieldNames({ source }: SkillText, report: Report): void {
  for (const name of Object.keys(source.data)) {
    if (specFields.has(name)) continue;
    const readers = Object.hasOwn(toolFields, name) ? toolFields[name]! : [];
    const meant = findNearField(name, source, mainFields);
    report.warn("UNKNOWN_FIELD", {
      message: `${name} is no field of the open format${readers.length > 0 ? `; ${readers.join(" and ")} ${readers.length > 1 ? "read" : "reads"} it` : ""}.`,
      hint: meant === undefined ? fieldHint(name, readers) : `Did you mean ${meant}?`,
      source,
      field: [name],
      consumers: [reference, upload],
    });
  }
}

function fieldHint(name: string, readers: readonly string[]): string | undefined {
  if (name === "version") return "Move it to metadata.version or into skill.yaml.";
  if (ownFields.has(name)) return "Move it into a skill.yaml beside SKILL.md.";
  return readers.length > 0 ? undefined : "Move it into metadata, or check its spelling.";
}

function checkFieldTypes({ source }: SkillText, report: Report): void {
  const metadata = source.data["metadata"];
  const nested = Object.entries(typeof metadata === "object" && metadata !== null ? metadata : {}).find(
    ([, value]) => typeof value !== "string",
  );
  if (nested && !Array.isArray(metadata)) {
    report.warn("METADATA_NOT_TEXT", {
      message: `metadata.${nested[0]} is not text.`,
      hint: "The open format maps text to text; most tools read any values.",
      source,
      field: ["metadata", nested[0]],
      consumers: [specification],
    });
  }
  if (Array.isArray(source.data["allowed-tools"])) {
    report.warn("TOOLS_AS_LIST", {
      message: "allowed-tools is a list.",
      hint: "The open format has one text with blanks between the tools.",
      source,
      field: ["allowed-tools"],
      consumers: [specification],
    });
  }
}

function checkVendorRules({ source, manifest }: SkillText, report: Report): void {
  if (!manifest) return;
  const word = /anthropic|claude/.exec(manifest.name)?.[0];
  if (word !== undefined) {
    report.warn("VENDOR_WORD_IN_NAME", {
      message: `The name holds the word ${word}.`,
      hint: "Choose a name without it.",
      source,
      field: ["name"],
      consumers: [upload],
    });
  }
  if (/[<>]/.test(manifest.description)) {
    report.warn("ANGLE_BRACKETS", {
      message: "description holds `<` or `>`.",
      hint: "Write it without angle brackets.",
      source,
      field: ["description"],
      consumers: [upload],
    });
  }
}
