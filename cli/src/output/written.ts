import { join } from "node:path";
import type { InstallResult } from "../install/install.ts";
import { safe } from "./safe-text.ts";
import { shortPath } from "./short-path.ts";

type Wrote = Pick<InstallResult, "root" | "written">;

/** What was written into the files of the project, for programs. */
export const writtenData = ({ root, written }: Wrote) => ({
  new_files: root === undefined ? [] : (written?.newFiles ?? []).map((name) => join(root, name)),
  replaced_sources: written?.replaced ?? [],
});

/** The same for people. Without it, whoever is in the wrong folder has a second project there and does not know it. */
export function formatWritten({ root, written }: Wrote, around: Parameters<typeof shortPath>[1]): string[] {
  if (root === undefined || written === undefined) return [];
  const { newFiles, replaced } = written;
  // A dot would say nothing of which folder it is.
  const short = shortPath(root, around);
  const [are, them] = newFiles.length === 1 ? ["is", "it"] : ["are", "them"];
  return [
    ...replaced.map(({ source, before }) => {
      return `paks.jsonc asks for ${safe(source)} now (before: ${safe(before.join(", "))})`;
    }),
    ...(newFiles.length === 0
      ? []
      : [`${newFiles.join(" and ")} ${are} new in ${safe(short === "." ? root : short)}: commit ${them}`]),
  ];
}
