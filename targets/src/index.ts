export * from "./table.ts";
export * from "./targets.ts";
