import { join } from "node:path";
import { describeFiles } from "@paks/schema";
import { readInstalledState } from "./installed-state.ts";
import { withoutLeft } from "./left-by-tools.ts";
import { readFolder } from "./read-folder.ts";
import type { ReadyPak, Work } from "./ready-pak.ts";

/**
 * Puts into the store what is about to be replaced and can be had from nowhere else: of a folder there is only what it
 * holds now. Nothing is kept of what stays, so that installing a folder again costs nothing.
 */
export async function keepReplaced({ place, context }: Work, paks: readonly ReadyPak[]): Promise<void> {
  for (const { pak, fetched } of paks) {
    const { before } = pak;
    if (before?.resolved.type !== "local" || !fetched || fetched.digest === before.digest) continue;
    const { state, record } = await readInstalledState(place.skillsFolder, pak.folder);
    if (state !== "intact" || record.digest !== before.digest) continue;
    const files = withoutLeft(await readFolder(join(place.skillsFolder, pak.folder)), record);
    if (describeFiles(files).digest === before.digest) await context.store.put(before.digest, files);
  }
}
