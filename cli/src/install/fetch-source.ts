import { join } from "node:path";
import { type Source, parseSource } from "@paks/schema";
import type { Context } from "../context.ts";
import type { Fetched } from "./fetched.ts";

/** Whatever a user typed → verified bytes. Each kind of source loads its own code. */
const fetchers: {
  [T in Source["type"]]: (source: Extract<Source, { type: T }>, context: Context) => Promise<Fetched>;
} = {
  registry: async (source, context) => {
    const { fetchRelease } = await import("./fetch-release.ts");
    return fetchRelease(context.registry(), source);
  },
  git: async (source, context) => {
    const { fetchGitSource } = await import("./fetch-git.ts");
    const { policy, binary } = context.config.git;
    const scratchRoot = join(context.config.folders.cache, "git");
    return fetchGitSource(source, { policy, binary, scratchRoot, signal: context.signal });
  },
  local: async (source, context) => {
    const { fetchLocalSource } = await import("./fetch-local.ts");
    return fetchLocalSource(source.path, context.cwd);
  },
};

export function fetchSource(text: string, context: Context): Promise<Fetched> {
  const source = parseSource(text);
  const fetcher = fetchers[source.type] as (source: Source, context: Context) => Promise<Fetched>;
  return fetcher(source, context);
}
