export type { GitCage } from "./cage.ts";
export { fetchTag, type TagSnapshot } from "./fetch-tag.ts";
export { type ListedTag, listTags } from "./list-tags.ts";
export { readPakFiles } from "./read-pak-files.ts";
export type { TagAnnotation } from "./read-tag.ts";
export type { ListedTree } from "./read-tree.ts";
export { redactGitText } from "./redact.ts";
export { type GitRun, gitVersion, type ProcessLimits, runGit, type RunGitOptions } from "./run-git.ts";
export { sweepScratch } from "./scratch.ts";
