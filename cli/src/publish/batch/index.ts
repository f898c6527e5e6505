export { publishBatch } from "./publish-batch.ts";
export { resultOf } from "./result-batch.ts";
