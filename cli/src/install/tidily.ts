import type { Context } from "../context.ts";
import { removeEmptyFolders, removeFolders } from "./made-folders.ts";
import { linkPlacesOf } from "./own-links.ts";
import type { SkillsFolder } from "./scope.ts";
import { type Looked, inSkillsFolder } from "./skills-folder.ts";

/**
 * `inSkillsFolder` that leaves no empty folder of ours behind, whatever became of the work: taking the lock makes the
 * folders that it lies in.
 */
export const inFolderTidily = <T>(
  context: Context,
  place: SkillsFolder,
  work: (() => Promise<T>) | ChangeOrLook<T>,
): Promise<T> => {
  const { change, look } = typeof work === "function" ? { change: work, look: undefined } : work;
  return inFolder(context, place, {
    ...(look && { look }),
    change: async (tidy) => {
      try {
        return await change();
      } finally {
        await tidy();
      }
    },
  });
};

interface ChangeOrLook<T> {
  readonly change: () => Promise<T>;
  /** Instead, where nothing can be written. */
  readonly look: () => Promise<Looked<T>>;
}

/** The same for work that fills the folder: there is something to tidy up only when it fails. */
export const inFolderOrTidy = <T>(
  context: Context,
  place: SkillsFolder,
  { change, look }: ChangeOrLook<T>,
): Promise<T> =>
  inFolder(context, place, {
    look,
    change: async (tidy) => {
      try {
        return await change();
      } catch (error) {
        // What went wrong first is what the user is told.
        await tidy().catch(() => {});
        throw error;
      }
    },
  });

interface FolderWork<T> {
  readonly change: (tidy: () => Promise<void>) => Promise<T>;
  readonly look?: () => Promise<Looked<T>>;
}

async function inFolder<T>(
  context: Context,
  { skillsFolder, boundary, root }: SkillsFolder,
  { change, look }: FolderWork<T>,
): Promise<T> {
  const places = linkPlacesOf(context);
  let empty: readonly string[] = [];
  const tidy = async (): Promise<void> => {
    empty = await removeEmptyFolders({ skillsFolder, root, cwd: context.cwd, places });
  };
  try {
    return await inSkillsFolder(
      skillsFolder,
      { boundary, note: context.note, places, signal: context.signal, look },
      () => change(tidy),
    );
  } finally {
    await removeFolders(empty);
  }
}
