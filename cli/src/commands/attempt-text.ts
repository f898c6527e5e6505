import type { AttemptDto } from "@paks/schema";

/** Where in the repository something is wrong: `file:line:column`. */
export function placeOfDetails({ details }: Pick<AttemptDto, "details">): string | undefined {
  const { path, line, column } = details ?? {};
  if (typeof path !== "string" || path === "") return undefined;
  return [path, line, column].filter((part) => typeof part === "string" || typeof part === "number").join(":");
}
