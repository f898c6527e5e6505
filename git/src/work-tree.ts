export { prepareChanges } from "./work-tree-change.ts";
export * from "./work-tree-read.ts";
export * from "./work-tree-remote.ts";
export * from "./work-tree-stash.ts";
export { findGit, type GitProcess, type WorkTree } from "./work-tree-run.ts";
export * from "./work-tree-write.ts";
export { passedVariables } from "./work-tree-environment.ts";
