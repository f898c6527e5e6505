export * from "./paks-command.ts";
export * from "./parse-yaml.ts";
export * from "./run-paks.ts";
export * from "./run-process.ts";
export * from "./serve-npm.ts";
export * from "./serve-registry.ts";
export * from "./serve-stub.ts";
export * from "./temp-folder.ts";
