export { type CheckedJson, type JsonRun, checkJsonOutput } from "./check.ts";
export { type JsonExit, type JsonOutput, type JsonVariant, meanings } from "./field.ts";
export { errorOutput, helpOutput, jsonOutputs, versionOutput } from "./outputs.ts";
