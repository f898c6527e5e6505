import type { Context } from "../context.ts";
import { removeEmptyFolders, removeFolders } from "./made-folders.ts";
import { linkPlacesOf } from "./own-links.ts";
import type { SkillsFolder } from "./scope.ts";
import { inSkillsFolder } from "./skills-folder.ts";

/**
 * `inSkillsFolder` that leaves no empty folder of ours behind, whatever became of the work: taking the lock makes the
 * folders that it lies in.
 */
export const inFolderTidily = <T>(context: Context, place: SkillsFolder, work: () => Promise<T>): Promise<T> =>
  inFolder(context, place, async (tidy) => {
    try {
      return await work();
    } finally {
      await tidy();
    }
  });

/** The same for work that fills the folder: there is something to tidy up only when it fails. */
export const inFolderOrTidy = <T>(context: Context, place: SkillsFolder, work: () => Promise<T>): Promise<T> =>
  inFolder(context, place, async (tidy) => {
    try {
      return await work();
    } catch (error) {
      // What went wrong first is what the user is told.
      await tidy().catch(() => {});
      throw error;
    }
  });

async function inFolder<T>(
  context: Context,
  { skillsFolder, boundary, root }: SkillsFolder,
  work: (tidy: () => Promise<void>) => Promise<T>,
): Promise<T> {
  const places = linkPlacesOf(context);
  let empty: readonly string[] = [];
  const tidy = async (): Promise<void> => {
    empty = await removeEmptyFolders({ skillsFolder, root, cwd: context.cwd, places });
  };
  try {
    return await inSkillsFolder(skillsFolder, { boundary, note: context.note, places }, () => work(tidy));
  } finally {
    await removeFolders(empty);
  }
}
