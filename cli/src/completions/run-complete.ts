import { isPaksError } from "@paks/schema";
import { type Environment, readConfig, readEnvironment } from "../config.ts";
import type { Fetch } from "../network/fetch.ts";
import { safe } from "../output/safe-text.ts";
import { complete } from "./complete.ts";

export interface CompletePlace {
  /** Absolute. */
  readonly cwd: string;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** Absent: that of the process. */
  readonly environment?: Environment;
  readonly fetch?: Fetch | undefined;
  readonly clock?: () => Date;
}

/** One suggestion a line, its description behind a tabulator; `:files` where names of files may stand too. */
export async function runComplete(words: readonly string[], place: CompletePlace): Promise<string> {
  const { suggestions, files } = await complete(words, {
    cwd: place.cwd,
    home: place.home,
    clock: place.clock ?? (() => new Date()),
    config: async () => await findConfig(place),
    fetch: place.fetch,
  });
  const lines = suggestions.map(({ value, describe }) => `${safe(value)}\t${safe(describe)}`);
  return [...lines, ...(files ? [":files"] : [])].map((line) => `${line}\n`).join("");
}

/** A broken configuration is told by every command; here it would only be in the way. */
async function findConfig({ home, platform, environment = readEnvironment() }: CompletePlace) {
  try {
    return await readConfig({ environment, platform, home });
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}
