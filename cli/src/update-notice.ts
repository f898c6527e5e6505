import { lstat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemErrorCode } from "@paks/schema";
import type { Context } from "./context.ts";
import { makeOwnFolder } from "./start/make-folder-plainly.ts";
import { version } from "./version.ts";

const day = 86_400_000;
const release = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/;

/** Whether a registry's version is a release that is newer than this program. Anything else is not believed. */
export function isNewerRelease(text: string, own = version): boolean {
  const [there, here] = [release.exec(text), release.exec(own.replace(/[-+].*$/, ""))];
  if (there === null || here === null) return false;
  for (const part of [1, 2, 3]) {
    const difference = Number(there[part]) - Number(here[part]);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/**
 * One line at a command's end when the registry said by the way that it is newer than this program: registry and
 * program are released together. Nobody is asked for it and nothing waits for it. At most once a day, only for a person
 * at a terminal.
 */
export async function noteUpdate(
  { config, io, clock, note, debug }: Pick<Context, "config" | "io" | "clock" | "note" | "debug">,
  registryVersion: string,
): Promise<void> {
  if (!config.updateNotice || config.ci || config.agent !== undefined || !io.stderrIsTty) return;
  if (!isNewerRelease(registryVersion)) return;
  try {
    const stamp = join(config.folders.state, "update-notice");
    if (await isFresh(stamp, clock())) return;
    makeOwnFolder(config.folders.state);
    await writeFile(stamp, `${registryVersion}\n`);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    debug(`The update notice is left out: ${(error as Error).message}`);
    return;
  }
  note(
    `paks ${registryVersion} is out; this is ${version}. Silence this with update_notice = false in the configuration.`,
  );
}

async function isFresh(path: string, now: Date): Promise<boolean> {
  try {
    return Math.abs(now.getTime() - (await lstat(path)).mtimeMs) < day;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw error;
  }
}
