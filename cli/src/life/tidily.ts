import type { Context } from "../context.ts";
import { removeEmptyFolders, removeFolders } from "../install/made-folders.ts";
import { linkPlacesOf } from "../install/own-links.ts";
import { inSkillsFolder } from "../install/skills-folder.ts";
import { type Place, folderOptions } from "./places.ts";

/**
 * `inSkillsFolder` that leaves no empty folder of ours behind, whatever became of the work: taking the lock makes the
 * folders that it lies in.
 */
export async function inFolderTidily<T>(context: Context, place: Place, work: () => Promise<T>): Promise<T> {
  let empty: readonly string[] = [];
  try {
    return await inSkillsFolder(place.skillsFolder, folderOptions(place, context), async () => {
      try {
        return await work();
      } finally {
        empty = await removeEmptyFolders({ ...place, cwd: context.cwd, places: linkPlacesOf(context) });
      }
    });
  } finally {
    await removeFolders(empty);
  }
}
