import * as z from "zod/mini";
import { type JsonOutput, field, meanings } from "./field.ts";

/** The part of JSON Schema that ours use. Descriptions are Markdown. */
export interface JsonSchema {
  readonly $schema?: string;
  readonly title?: string;
  readonly description?: string;
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly format?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

/**
 * JSON Schema 2020-12 of what a command prints. Unlike the schema that the tests use it allows fields that it does not
 * know: later versions add some.
 */
export function jsonSchemaOf(title: string, { variants }: JsonOutput): JsonSchema {
  const forms = variants.map(({ when, schema }) => (when === "" ? schema : field(schema, when)));
  const [only, second] = forms;
  const { $schema, ...rest } = z.toJSONSchema(second === undefined ? only! : z.union(forms), {
    target: "draft-2020-12",
    metadata: meanings,
    override: ({ jsonSchema }) => simplify(jsonSchema),
  });
  return { $schema, title, ...rest } as unknown as JsonSchema;
}

function simplify(schema: z.core.JSONSchema.BaseSchema): void {
  const { additionalProperties: more, format } = schema;
  if (more === false || (typeof more === "object" && Object.keys(more).length === 0))
    delete schema.additionalProperties;
  // The name of a format says more than zod's pattern of it.
  if (format !== undefined) delete schema.pattern;
  if (schema.maximum === Number.MAX_SAFE_INTEGER) delete schema.maximum;
  delete schema.propertyNames;
}
