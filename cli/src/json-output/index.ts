export { type CheckedJson, type JsonRun, checkJsonOutput } from "./check.ts";
export { type JsonExit, type JsonOutput, type JsonVariant, meanings } from "./field.ts";
export { errorOutput, helpOutput, jsonOutputs, versionOutput } from "./outputs.ts";
export { type JsonSchema, jsonSchemaOf } from "./json-schema.ts";
