import {
  changelogFileName,
  findReservedLine,
  maxNotesLength,
  PaksError,
  readChangelogSection,
  type ReleaseFile,
} from "@paks/schema";

/**
 * The author's own text in the tag: the message, and below it what the pak's changelog says of this version.
 * `undefined` when there is neither.
 * @throws PaksError INVALID_PARAMETER (the section holds a line that would pass for a trailer), INVALID_ENCODING
 */
export function tagNotes(
  files: readonly ReleaseFile[],
  version: string,
  message: string | undefined,
): string | undefined {
  const section = readChangelogSection(files, version);
  if (section === undefined) return message;
  const reserved = findReservedLine(section);
  if (reserved !== undefined) {
    const line = reserved.trim().slice(0, 60);
    throw new PaksError(
      "INVALID_PARAMETER",
      `What ${changelogFileName} says of ${version} cannot be put into the tag: the line "${line}".`,
      {
        hint: 'Reword or indent behind a "-" what begins with "Paks-" or a signature, commit, and publish again.',
        details: { path: changelogFileName, field: "changelog" },
      },
    );
  }
  const both = [message?.trim() ?? "", section].filter((text) => text !== "").join("\n\n");
  // A message that is nearly as long as a tag may be comes alone: the release keeps the section anyway.
  return both.length > maxNotesLength ? message : both;
}
