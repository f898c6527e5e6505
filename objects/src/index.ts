export { openDirectoryObjects } from "./directory-objects.ts";
export type { Objects } from "./objects.ts";
