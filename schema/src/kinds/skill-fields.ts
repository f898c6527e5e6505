import { formatCodePoint } from "../characters.ts";
import { isPakName, nearestName, parsePakName } from "../names.ts";
import { PaksError } from "../errors.ts";
import { countCharacters, findUnsafeInProse } from "../prose.ts";
import type { YamlPath } from "../yaml-tree.ts";
import { consumers, specReaders } from "./consumers.ts";
import type { ManifestSource, Report } from "./report.ts";

/** Characters. */
const maxDescription = 1024;
/** Beyond this a text is not a description any more, whatever the profile. */
const maxKeptDescription = 4096;
const minUsefulDescription = 20;
const maxCompatibility = 500;

/** What the readers of single fields share. */
export interface Fields {
  readonly main: ManifestSource;
  /** `skill.yaml`, when there is one. */
  readonly side: ManifestSource | undefined;
  readonly report: Report;
  readonly directory: string | undefined;
}

export interface Found {
  readonly source: ManifestSource;
  readonly value: unknown;
}

/** A field of SKILL.md, else of skill.yaml. Empty is absent. */
export function findField({ main, side, report }: Fields, name: string): Found | undefined {
  const found = [main, side].flatMap((source) => {
    const value = source?.data[name];
    return source && value !== undefined && value !== null ? [{ source, value }] : [];
  });
  const [first, second] = found;
  if (first && second && JSON.stringify(first.value) !== JSON.stringify(second.value)) {
    report.breach("FIELD_CONFLICT", {
      message: `${name} in ${second.source.path} differs from the one in ${first.source.path}, which counts.`,
      hint: "Keep it in one place.",
      source: second.source,
      field: [name],
      consumers: [consumers.registry],
    });
  }
  return first;
}

/** The text of one value, or `undefined` after a finding. A number or boolean gives its text as written. */
export function readScalarText(
  { source, value }: Found,
  field: YamlPath,
  { report }: Pick<Fields, "report">,
): string | undefined {
  const name = field.join(".");
  const at = { source, field };
  if (typeof value === "string") {
    const unsafe = findUnsafeInProse(value);
    if (!unsafe) return value.trim();
    report.error("INVALID_CHARACTERS", {
      ...at,
      message: `${name} holds ${formatCodePoint(unsafe.codePoint)}, which a reader cannot see.`,
      hint: "Remove it; typing the text again helps when it was pasted.",
      consumers: [consumers.registry],
    });
    return undefined;
  }
  if (typeof value === "number" || typeof value === "boolean") {
    const text = source.locate(field)?.source ?? String(value);
    report.breach("UNQUOTED_VALUE", {
      ...at,
      message: `${name} is not in quotes, so YAML reads ${text} as a ${typeof value}.`,
      hint: `Quote it: "${text}".`,
    });
    return text;
  }
  report.breach("FIELD_IGNORED", { ...at, message: `${name} must be text.`, hint: "Write one value in quotes." });
  return undefined;
}

export function readTextField(fields: Fields, name: string): string | undefined {
  const found = findField(fields, name);
  if (!found) return undefined;
  return readScalarText(found, [name], fields) || undefined;
}

export function readName(fields: Fields): string | undefined {
  const { main, report, directory } = fields;
  const value = main.data["name"];
  const at = { source: main, field: ["name"] };
  if (value === undefined || value === "" || typeof value === "object") return nameFromDirectory(fields);
  const text = readScalarText({ source: main, value }, ["name"], fields);
  if (text === undefined) return undefined;
  const name = isPakName(text) ? text : repairName(text, fields);
  if (name === undefined) return undefined;
  if (directory !== undefined && directory !== name) {
    report.breach("NAME_DIRECTORY_MISMATCH", {
      ...at,
      message: `The name is ${name} but the folder is called ${directory}.`,
      hint: "Rename one of them: the format wants both equal.",
      consumers: [consumers.specification, consumers.reference, consumers.copilot],
    });
  }
  return name;
}

function nameFromDirectory({ main, report, directory }: Fields): string | undefined {
  const name = directory === undefined ? undefined : nearestName("pak", directory);
  const remark = { message: "name is missing.", hint: "Add name: my-skill.", source: main, field: ["name"] };
  if (name === undefined || report.profile === "strict") {
    const refusing = [...specReaders, consumers.copilot, consumers.registry];
    report.error("MANIFEST_INVALID", { ...remark, consumers: refusing });
    return undefined;
  }
  report.warn("NAME_FROM_DIRECTORY", { ...remark, message: `name is missing; the folder's name ${name} is used.` });
  return name;
}

/** `PDF Tools` can only be meant as `pdf-tools`; a name with a slash is not guessed at. */
function repairName(text: string, { main, report }: Fields): string | undefined {
  const name = /[/\\]/.test(text) ? undefined : nearestName("pak", text);
  const remark = { source: main, field: ["name"], consumers: [...specReaders, consumers.registry] };
  if (report.profile === "lenient" && name !== undefined) {
    const message = `The name ${JSON.stringify(text)} is read as ${name}.`;
    report.warn("NAME_NORMALIZED", { ...remark, message, hint: `Write name: ${name}.` });
    return name;
  }
  try {
    return parsePakName(text);
  } catch (error) {
    if (!(error instanceof PaksError)) throw error;
    report.error(error.code, { ...remark, message: error.message, hint: error.hint });
    return undefined;
  }
}

export function readDescription(fields: Fields): string | undefined {
  const { main, report } = fields;
  const at = { source: main, field: ["description"] };
  const value = main.data["description"];
  if (value === undefined || value === null || value === "") {
    const hint = "Say what the skill does and when to use it: agents choose by this text.";
    report.error("MANIFEST_INVALID", { ...at, message: "description is missing.", hint });
    return undefined;
  }
  if (typeof value === "object") {
    report.error("MANIFEST_INVALID", { ...at, message: "description must be text.", hint: "Put it in quotes." });
    return undefined;
  }
  const text = readScalarText({ source: main, value }, ["description"], fields);
  if (text === undefined) return undefined;
  checkDescriptionLength(text, fields);
  return text;
}

function checkDescriptionLength(text: string, { main, report }: Fields): void {
  const at = { source: main, field: ["description"] };
  const length = countCharacters(text);
  const message = `description has ${length} characters; at most ${maxDescription} are allowed.`;
  const hint = "Move details into the body.";
  if (length > maxKeptDescription) {
    report.error("MANIFEST_INVALID", { ...at, message, hint });
  } else if (length > maxDescription) {
    report.breach("LONG_DESCRIPTION", { ...at, message, hint, consumers: [...specReaders] });
  } else if (length < minUsefulDescription) {
    report.warn("SHORT_DESCRIPTION", {
      ...at,
      message: `description has only ${length} characters.`,
      hint: "Say what the skill does and when to use it: agents choose by this text.",
    });
  }
}

export function readCompatibility(fields: Fields): string | undefined {
  const text = readTextField({ ...fields, side: undefined }, "compatibility");
  if (text !== undefined && countCharacters(text) > maxCompatibility) {
    fields.report.breach("LONG_COMPATIBILITY", {
      message: `compatibility has more than ${maxCompatibility} characters.`,
      hint: "Move details into the body.",
      source: fields.main,
      field: ["compatibility"],
      consumers: [consumers.specification, consumers.reference],
    });
  }
  return text;
}

/** Blanks and commas separate tools, except inside parentheses: `Bash(git add:*, git commit:*) Read`. */
export function readAllowedTools(fields: Fields): string[] | undefined {
  const value = fields.main.data["allowed-tools"];
  if (value === undefined || value === null) return undefined;
  const found = { source: fields.main, value };
  if (!Array.isArray(value)) return splitTools(readScalarText(found, ["allowed-tools"], fields) ?? "");
  return value.flatMap((item: unknown, index) => {
    const text = readScalarText({ source: fields.main, value: item }, ["allowed-tools", index], fields);
    return text ? [text] : [];
  });
}

/** `Read, Bash(git:*)` → its tools; blanks and commas inside parentheses belong to one. */
export function splitTools(text: string): string[] {
  const tools: string[] = [];
  let depth = 0;
  let tool = "";
  for (const character of text) {
    if (depth === 0 && /[\s,]/.test(character)) {
      if (tool !== "") tools.push(tool);
      tool = "";
      continue;
    }
    if (character === "(") depth += 1;
    if (character === ")" && depth > 0) depth -= 1;
    tool += character;
  }
  return tool === "" ? tools : [...tools, tool];
}
