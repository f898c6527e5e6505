export * from "./properties.ts";
export * from "./reading.ts";
export * from "./skill-folders.ts";
export * from "./skill-md.ts";
