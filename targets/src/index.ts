export * from "./table.ts";
export { type EnvOverride, type Target, sharedFolder } from "./target.ts";
export * from "./targets.ts";
export * from "./user-targets.ts";
