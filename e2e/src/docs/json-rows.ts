import type { JsonSchema } from "@paks/cli/json-output";

/** One field of a table, as it is shown. */
export interface Row {
  readonly field: string;
  readonly type: string;
  readonly meaning: string;
}

export interface Table {
  /** How another table names it. */
  readonly title: string;
  readonly rows: readonly Row[];
}

/** Every field of an object, those of nested ones with their path: `paks[].name`. */
export const rowsOf = (schema: JsonSchema, inside = ""): Row[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${inside}${name}`;
    const optional = schema.required?.includes(name) === true ? "" : ", optional";
    const row = { field: `\`${path}\``, type: `${typeOf(field)}${optional}`, meaning: field.description ?? "" };
    const { object, brackets } = unwrap(field);
    return [row, ...(object ? rowsOf(object, `${path}${brackets}.`) : [])];
  });

/** The object that is listed below a field. Named ones have a place of their own. */
function unwrap(schema: JsonSchema): { readonly object: JsonSchema | undefined; readonly brackets: string } {
  if (schema.items) {
    const inner = unwrap(schema.items);
    return { ...inner, brackets: `[]${inner.brackets}` };
  }
  return { object: schema.properties ? schema : undefined, brackets: "" };
}

/** More words than these are a list of their own, to which the meaning leads. */
const mostWords = 12;

function typeOf(schema: JsonSchema): string {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace("#/$defs/", "");
    return `[${name}](#${name.toLowerCase()})`;
  }
  if (schema.anyOf) return schema.anyOf.map(typeOf).join(" or ");
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum && schema.enum.length <= mostWords)
    return schema.enum.map((word) => `\`${JSON.stringify(word)}\``).join(", ");
  if (schema.items) return `list of ${typeOf(schema.items)}`;
  if (schema.additionalProperties) return `object of ${typeOf(schema.additionalProperties)}`;
  if (schema.format === "date-time") return "time";
  return schema.type === undefined ? "anything" : [schema.type].flat().join(" or ").replace("null", "`null`");
}

/** A table; where another one says most of it, only what is different. */
export function renderRows(rows: readonly Row[], earlier: readonly Table[]): string[] {
  const known = earlier
    .filter((table) => isBase(table, rows))
    .toSorted((a, b) => countSame(b, rows) - countSame(a, rows))[0];
  const fresh = known === undefined ? rows : rows.filter((row) => !known.rows.some((one) => isSame(one, row)));
  if (known !== undefined && fresh.length === 0) return [`As ${known.title}.`];
  return [
    ...(known === undefined ? [] : [`As ${known.title}, ${changes(known, fresh) ? "but" : "and"}:`, ""]),
    "| field | type | |",
    "|---|---|---|",
    ...fresh.map(({ field, type, meaning }) => `| ${field} | ${type} | ${meaning} |`),
  ];
}

const changes = ({ rows }: Table, fresh: readonly Row[]): boolean =>
  fresh.some(({ field }) => rows.some((row) => row.field === field));

const isSame = (a: Row, b: Row): boolean => a.field === b.field && a.type === b.type && a.meaning === b.meaning;

/** Every field of it is there, and most mean the same. */
function isBase(table: Table, rows: readonly Row[]): boolean {
  const base = table.rows;
  const shared = base.filter((one) => rows.some((row) => row.field === one.field));
  return base.length > 0 && shared.length === base.length && countSame(table, rows) * 2 > rows.length;
}

const countSame = ({ rows: base }: Table, rows: readonly Row[]): number =>
  base.filter((one) => rows.some((row) => isSame(one, row))).length;
