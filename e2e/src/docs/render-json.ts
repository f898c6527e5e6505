import {
  type JsonExit,
  type JsonOutput,
  type JsonSchema,
  errorOutput,
  helpOutput,
  jsonOutputs,
  jsonSchemaOf,
  versionOutput,
} from "@paks/cli/json-output";
import { type Table, renderRows, rowsOf } from "./json-rows.ts";

const others: readonly (readonly [name: string, title: string, output: JsonOutput])[] = [
  ["error", "paks: a command that failed", errorOutput],
  ["help", "paks --help --json", helpOutput],
  ["version", "paks --version --json", versionOutput],
];

const fileOf = (name: string): string => `json/${name.replaceAll(" ", "-")}.schema.json`;

/** The files below docs/json: a JSON Schema for each command, and those of what every command may print. */
export function renderJsonSchemas(): Record<string, string> {
  const commands = Object.entries(jsonOutputs).map(([name, output]) => [name, `paks ${name} --json`, output] as const);
  return Object.fromEntries(
    [...commands, ...others].map(([name, title, output]) => {
      const schema = jsonSchemaOf(title, output);
      return [`docs/${fileOf(name)}`, `${JSON.stringify(schema, withoutLinks, 2)}\n`];
    }),
  );
}

const withoutLinks = (key: string, value: unknown): unknown =>
  key === "description" && typeof value === "string" ? value.replaceAll(/\[([^\]]+)\]\([^)]+\)/g, "$1") : value;

const code = (exit: JsonExit[0]): string => (exit === "code" ? "another" : `\`${exit}\``);

const renderExits = ({ exits }: JsonOutput): string =>
  `Exit code: ${exits.map(([exit, when]) => `${code(exit)}: ${when}`).join("; ")}.`;

/** What several commands print, each with a place of its own, by name. */
const parts: ReadonlyMap<string, JsonSchema> = new Map(
  [...Object.values(jsonOutputs), errorOutput]
    .flatMap((output) => Object.entries(jsonSchemaOf("", output).$defs ?? {}))
    .toSorted(([a], [b]) => (a < b ? -1 : 1)),
);

const linkTo = (name: string): string => `[${name}](#${name.toLowerCase()})`;

const partTables: readonly Table[] = [...parts].flatMap(([name, schema]) =>
  schema.anyOf === undefined ? [{ title: linkTo(name), rows: rowsOf(schema) }] : [],
);

/** The forms of a value; of a later one only what an earlier one does not say. */
function renderForms(schema: JsonSchema): string[] {
  const forms = schema.anyOf ?? [schema];
  const tables = [...partTables];
  return forms.flatMap((form) => {
    const title = forms.length > 1 ? (form.description ?? "") : "";
    const head = title === "" ? [] : [`**${title.charAt(0).toUpperCase()}${title.slice(1)}**`, ""];
    if (form.$ref !== undefined) return [...head, `One ${linkTo(form.$ref.replace("#/$defs/", ""))}.`, ""];
    const rows = rowsOf(form);
    const lines = [...head, ...renderRows(rows, tables), ""];
    tables.push({ title: `“${title}”`, rows });
    return lines;
  });
}

function renderCommand(name: string, output: JsonOutput): string {
  const links = `[Schema](${fileOf(name)}), [flags](cli.md#paks-${name.replaceAll(" ", "-")}).`;
  return [`### paks ${name}`, "", ...renderForms(jsonSchemaOf(name, output)), renderExits(output), links].join("\n");
}

function renderPart(name: string, schema: JsonSchema): string {
  const before = partTables.slice(
    0,
    Math.max(
      0,
      partTables.findIndex(({ title }) => title === linkTo(name)),
    ),
  );
  const forms = (schema.anyOf ?? [schema]).flatMap((form) => [...renderRows(rowsOf(form), before), ""]);
  return [`### ${name}`, "", schema.description ?? "", "", ...forms].join("\n").trimEnd();
}

/** docs/json-output.md, from the schemas that every test's run with `--json` is held against. */
export function renderJson(): string {
  const commands = Object.entries(jsonOutputs).map(([name, output]) => renderCommand(name, output));
  return `# What \`--json\` prints

With \`--json\` a command prints one JSON value on stdout and nothing else. Progress, notes, warnings and questions go to
stderr. A command that failed prints [an error](#when-a-command-fails) instead: the only value with \`error\` at its top.

**What stays.** Within a major version fields are only added: none goes, changes its name or gets another type. The words of
a field with fixed ones, and the codes of errors and findings, may become more. So ignore what you do not know.

- Field names are snake_case, as in the [HTTP API](api.md). Times are ISO 8601 in UTC. Paths are absolute unless it says otherwise.
- A field marked *optional* may be missing; one that may be \`null\` is always there.
- The schemas beside this page are JSON Schema 2020-12, one file per command, each complete in itself:
  \`docs/json/<command>.schema.json\`. They allow fields that they do not name.
- paks' own tests hold every value that they see against these schemas, and there an unknown field is a failure.

## When a command fails

${renderForms(jsonSchemaOf("", errorOutput)).join("\n")}
Exit code: [that of the code](errors.md#codes). [Schema](${fileOf("error")}).

## Help and version

\`paks --help --json\`, of paks, a group or a command:

${renderForms(jsonSchemaOf("", helpOutput)).join("\n")}
\`paks --version --json\`:

${renderForms(jsonSchemaOf("", versionOutput)).join("\n")}
[Schema of the help](${fileOf("help")}), [of the version](${fileOf("version")}).

## Commands

${commands.join("\n\n")}

## Parts

${[...parts].map(([name, schema]) => renderPart(name, schema)).join("\n\n")}

Generated by \`npm run docs\`.
`;
}
