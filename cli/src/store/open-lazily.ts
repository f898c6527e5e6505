import { join } from "node:path";
import type { Config } from "../config.ts";
import type { HttpDeps } from "../registry-http.ts";
import type { AnswerCache } from "./answers.ts";
import type { Store, StoreOptions } from "./store.ts";

/** The store's folder below the cache's. */
export const storeFolder = (config: Pick<Config, "folders">): string => join(config.folders.cache, "store");

interface StoreParts extends Pick<StoreOptions, "clock" | "note" | "debug"> {
  readonly config: Pick<Config, "folders" | "cache">;
}

/** Loads the store with the first use: most commands have none. */
export function openLazyStore({ config, ...parts }: StoreParts): Store {
  let opened: Promise<Store> | undefined;
  const open = (): Promise<Store> =>
    (opened ??= import("./store.ts").then(({ openStore }) =>
      openStore({ ...parts, folder: storeFolder(config), read: config.cache.read, maxBytes: config.cache.maxBytes }),
    ));
  return {
    find: async (digest, options) => await (await open()).find(digest, options),
    put: async (digest, files) => await (await open()).put(digest, files),
    putArchive: async (digest, archive) => await (await open()).putArchive(digest, archive),
  };
}

/** The kept answers of one registry, loaded with the first use. */
export function answerCacheOf(
  { folders, cache }: Pick<Config, "folders" | "cache">,
  registry: string,
  debug: (text: string) => void,
): NonNullable<HttpDeps["cache"]> {
  let opened: Promise<AnswerCache> | undefined;
  const open = (): Promise<AnswerCache> =>
    (opened ??= import("./answers.ts").then(({ openAnswerCache }) =>
      openAnswerCache({ folder: folders.cache, registry, debug }),
    ));
  return {
    ttl: cache.ttl,
    read: cache.read,
    answers: {
      find: async (url) => await (await open()).find(url),
      put: async (url, answer) => await (await open()).put(url, answer),
      forget: async (url) => await (await open()).forget(url),
      outdate: async (now) => await (await open()).outdate(now),
      isCurrent: async (answer) => await (await open()).isCurrent(answer),
    },
  };
}
