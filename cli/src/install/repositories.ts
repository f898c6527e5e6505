import { type GitOrigin, type GitSource, PaksError, isPaksError } from "@paks/schema";
import type { SharedReader } from "./shared-reader.ts";

/**
 * The git repositories of strangers that one command reads: each is listed once, and each state of it fetched once, for
 * all paks of it. Their scratch folders are gone when it is closed.
 */
export interface Repositories {
  /**
   * The reader of this key, made when it is asked for the first time. A failure is not kept.
   * @param make is given what ends all reading
   */
  open(key: string, make: (signal: AbortSignal) => Promise<SharedReader>): Promise<SharedReader>;
  /**
   * Says what will be read, so that who reads first asks for the files of all of them. Reads nothing, and allows nothing:
   * what is wanted is judged when it is.
   */
  expect(sources: readonly GitSource[]): void;
  /** What is expected of a repository. */
  expectedOf(url: string): readonly GitSource[];
  /** Ends what is still being read, and removes the scratch folders. Never fails: what is left the next command removes. */
  close(): Promise<void>;
}

interface Opening {
  readonly signal: AbortSignal;
  readonly debug: (text: string) => void;
}

export function openRepositories({ signal, debug }: Opening): Repositories {
  const readers = new Map<string, Promise<SharedReader>>();
  const expected = new Map<string, GitSource[]>();
  const ending = new AbortController();
  const stop = (): void => ending.abort(signal.reason);
  const begin = (): void => {
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  };
  return {
    open: async (key, make) => {
      if (readers.size === 0) begin();
      const reader = readers.get(key) ?? make(ending.signal);
      readers.set(key, reader);
      try {
        return await reader;
      } catch (error) {
        readers.delete(key);
        throw error;
      }
    },
    expect: (sources) => {
      for (const source of sources) expected.set(source.url, [...(expected.get(source.url) ?? []), source]);
    },
    expectedOf: (url) => expected.get(url) ?? [],
    close: async () => {
      if (readers.size === 0) return;
      signal.removeEventListener("abort", stop);
      ending.abort(new PaksError("CANCELLED", "Stopped."));
      for (const reader of await Promise.allSettled(readers.values())) {
        if (reader.status === "rejected") continue;
        try {
          await reader.value.close();
        } catch (error) {
          debug(`git: a scratch folder is left: ${isPaksError(error) ? error.message : String(error)}`);
        }
      }
    },
  };
}

/** Where a lock has a pak from git, as a source. */
export const sourceOfOrigin = ({ repository: url, path, tag, commit }: GitOrigin): GitSource => ({
  type: "git",
  url,
  path,
  ...(tag === undefined ? { commit } : { tag }),
});
