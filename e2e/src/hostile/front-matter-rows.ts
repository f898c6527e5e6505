import { Buffer } from "node:buffer";
import type { ErrorCode } from "@paks/schema";
import type { Bytes, Files } from "./files.ts";

type Code = ErrorCode | "ok";

export interface FrontMatterRow {
  readonly name: string;
  readonly files: (name: string) => Files;
  /** What each of them says. Publishing is stricter than reading. */
  readonly validate: Code;
  readonly publish: Code;
  readonly install: Code;
  readonly index: Code;
}

type Codes = Partial<Pick<FrontMatterRow, "validate" | "publish" | "install" | "index">>;

/** One code for all, or one for those that read and others where they differ. */
function spread(code: Code, others: Codes = {}): Pick<FrontMatterRow, "validate" | "publish" | "install" | "index"> {
  return { validate: code, publish: code, install: code, index: code, ...others };
}

const row = (name: string, make: (name: string) => Bytes, code: Code, others?: Codes): FrontMatterRow => ({
  name,
  files: (pak) => ({ "SKILL.md": make(pak) }),
  ...spread(code, others),
});

const head = (name: string) => `name: ${name}\ndescription: Reads what it is given, and says when. Use for tests.\n`;
const skill = (name: string, more = "") => `---\n${head(name)}${more}---\n# Body\n`;
/** More lines behind name and description. */
const more = (name: string, lines: string, code: Code, others?: Codes): FrontMatterRow =>
  row(name, (pak) => skill(pak, lines), code, others);
/** A description, as it stands in YAML. */
const described = (name: string, yaml: string, code: Code): FrontMatterRow =>
  row(name, (pak) => `---\nname: ${pak}\ndescription: ${yaml}\n---\n# Body\n`, code);
/** The whole text between the fences. */
const block = (name: string, yaml: string, code: Code): FrontMatterRow =>
  row(name, () => `---\n${yaml}\n---\n# Body\n`, code);

const latin1 = (text: string) => Buffer.from(text, "latin1");

const fences = [
  row("bom-crlf", (pak) => `\uFEFF${skill(pak).replaceAll("\n", "\r\n")}`, "ok"),
  row("cr-only", (pak) => skill(pak).replaceAll("\n", "\r"), "FRONTMATTER_INVALID"),
  row("no-end", (pak) => `---\n${head(pak)}# Body\n`, "FRONTMATTER_INVALID"),
  row("end-with-text", (pak) => skill(pak).replace(/---\n# Body/, "--- x\n# Body"), "FRONTMATTER_INVALID"),
  row("end-with-dots", (pak) => skill(pak).replace(/---\n# Body/, "...\n# Body"), "FRONTMATTER_INVALID"),
  row("end-with-blanks", (pak) => skill(pak).replace(/---\n# Body/, "--- \n# Body"), "ok", {
    publish: "FRONTMATTER_INVALID",
  }),
  row("empty-file", () => "", "FRONTMATTER_MISSING"),
];

const encodings = [
  row("latin-1", (pak) => latin1(skill(pak, "license: \xe9\n")), "INVALID_ENCODING"),
  row("utf-16", (pak) => Buffer.from(`\uFEFF${skill(pak)}`, "utf16le"), "INVALID_ENCODING"),
  row("overlong", (pak) => Buffer.concat([Buffer.from(skill(pak)), Buffer.of(0xc0, 0xaf)]), "INVALID_ENCODING"),
];

const bomb = (levels: number) =>
  Array.from({ length: levels }, (_, level) =>
    level === 0
      ? "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"
      : `  a${level}: &a${level} [${Array.from({ length: 10 }, () => `*a${level - 1}`).join(", ")}]`,
  ).join("\n");

const features = [
  more("alias-bomb", `metadata:\n${bomb(10)}\n`, "FRONTMATTER_INVALID"),
  more("self-reference", "metadata: &m\n  a: *m\n", "FRONTMATTER_INVALID"),
  more("merge", "metadata:\n  <<: { a: 1 }\n", "FRONTMATTER_INVALID"),
  more("tag-function", "metadata:\n  a: !!js/function 'function () {}'\n", "FRONTMATTER_INVALID"),
  more("tag-binary", "metadata:\n  a: !!binary aGk=\n", "FRONTMATTER_INVALID"),
  block("directive", "%YAML 1.1\nname: a", "FRONTMATTER_INVALID"),
  block("second-document", "name: a\n...\nname: b", "FRONTMATTER_INVALID"),
];

const nestedMap = (levels: number) => Array.from({ length: levels }, (_, level) => `${" ".repeat(level)}a:`).join("\n");

const sizes = [
  block("brackets", `name: ${"[".repeat(10_000)}`, "FRONTMATTER_TOO_COMPLEX"),
  block("lists", "- ".repeat(8000), "FRONTMATTER_TOO_COMPLEX"),
  block("keys", "? ".repeat(8000), "FRONTMATTER_TOO_COMPLEX"),
  // One blank more on each line: 16 KiB are full long before 3,000 levels.
  block("deep-map", nestedMap(170), "FRONTMATTER_TOO_COMPLEX"),
  more("flow-depth", `metadata: ${"{a: ".repeat(9)}1${"}".repeat(9)}\n`, "FRONTMATTER_TOO_COMPLEX"),
  more(
    "many-keys",
    `metadata:\n${Array.from({ length: 1100 }, (_, i) => `  k${i}: 1\n`).join("")}`,
    "FRONTMATTER_TOO_COMPLEX",
  ),
  more("sixty-thousand-keys", Array.from({ length: 60_000 }, (_, i) => `k${i}: 1\n`).join(""), "TOO_LARGE"),
  more("ten-thousand-keys", Array.from({ length: 10_000 }, (_, i) => `k${i}: 1\n`).join(""), "FRONTMATTER_TOO_COMPLEX"),
  described("long-description", "a".repeat(5000), "MANIFEST_INVALID"),
  row("long-manifest", (pak) => skill(pak) + "a".repeat(256 * 1024), "TOO_LARGE"),
];

/** A folder has a name that can be taken instead; the root of a repository has none. */
const fromFolder: Codes = { validate: "ok" };
/** Read leniently, `--force` is the name `force`: not the one that the tag releases. */
const forced: Codes = { publish: "INVALID_NAME", index: "TRAILER_MISMATCH" };
/** Read as the text that stands there, which is no version. */
const loose: Codes = { publish: "MANIFEST_INVALID", index: "VERSION_TAG_MISMATCH" };

const types = [
  block("list", "- name: a\n- description: b", "FRONTMATTER_INVALID"),
  block("scalar", "just some text", "FRONTMATTER_INVALID"),
  block("nothing", "# nothing", "MANIFEST_INVALID"),
  row(
    "name-null",
    () => "---\nname: null\ndescription: Reads what it is given.\n---\n",
    "MANIFEST_INVALID",
    fromFolder,
  ),
  row("name-path", () => "---\nname: ../../canary\ndescription: Reads what it is given.\n---\n", "INVALID_NAME"),
  row("name-option", () => "---\nname: --force\ndescription: Reads what it is given.\n---\n", "ok", forced),
  described("description-list", "[a, b]", "MANIFEST_INVALID"),
  more("version-number", "version: 1.10\n", "ok", loose),
  more("version-date", "version: 2024-01-01\n", "ok", loose),
  more("version-blanks", 'version: " 1.0.0 "\n', "ok"),
  more("version-two", 'version: "1.0.0"\nmetadata:\n  version: "2.0.0"\n', "MANIFEST_INVALID"),
  more("license-list", "license: [a]\n", "ok", { publish: "MANIFEST_INVALID" }),
  more("big-number", "metadata:\n  a: 1e999\n  b: 12345678901234567890\n", "ok"),
];

const keys = [
  more("proto", "__proto__:\n  polluted: true\n", "FRONTMATTER_INVALID"),
  more("constructor", "constructor: { prototype: { polluted: true } }\n", "FRONTMATTER_INVALID"),
  more("prototype", "metadata:\n  prototype: 1\n", "FRONTMATTER_INVALID"),
  more("twice", "license: MIT\nlicense: ISC\n", "FRONTMATTER_INVALID"),
  more("complex-key", "? [a, b]\n: c\n", "FRONTMATTER_INVALID"),
];

const characters = [
  described("nul", '"a\\0b"', "INVALID_CHARACTERS"),
  described("surrogate", '"a\\ud800b"', "INVALID_CHARACTERS"),
  described("escape", '"a\\e[31mred"', "INVALID_CHARACTERS"),
  described("c1", '"a\\x9b31m"', "INVALID_CHARACTERS"),
  described("bidi", "Reads \u202Edesrever\u202C what it is given.", "INVALID_CHARACTERS"),
  described("zero-width", "Reads what\u200B it is given.", "INVALID_CHARACTERS"),
  described("tag-characters", "Reads what it is given.\u{E0049}\u{E0067}", "INVALID_CHARACTERS"),
  row("name-zero-width", (pak) => skill(`${pak}\u200B`), "INVALID_CHARACTERS"),
  row(
    "name-escape",
    (pak) => `---\nname: "${pak}\\e[2J"\ndescription: Reads what it is given.\n---\n`,
    "INVALID_CHARACTERS",
  ),
  more("keyword-bidi", 'keywords: ["a\\u202eb"]\n', "INVALID_CHARACTERS"),
];

const side = (name: string, yaml: Bytes, code: Code): FrontMatterRow => ({
  name,
  files: (pak) => ({ "SKILL.md": skill(pak), "skill.yaml": yaml }),
  ...spread(code),
});

const sideFiles = [
  side("side-twice", "license: MIT\nlicense: ISC\n", "MANIFEST_INVALID"),
  side("side-alias", "keywords: &k [a]\ncategories: *k\n", "MANIFEST_INVALID"),
  side("side-latin-1", latin1("license: \xe9\n"), "INVALID_ENCODING"),
];

export const frontMatterRows: readonly FrontMatterRow[] = [
  ...fences,
  ...encodings,
  ...features,
  ...sizes,
  ...types,
  ...keys,
  ...characters,
  ...sideFiles,
];
