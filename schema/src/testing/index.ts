export * from "./properties.ts";
