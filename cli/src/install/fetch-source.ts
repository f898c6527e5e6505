import { PaksError, type Source, isPaksError, parseSource } from "@paks/schema";
import type { Context } from "../context.ts";
import type { ListedPak } from "./choose-pak.ts";
import type { Fetched } from "./fetched.ts";
import { type SourceOptions, withOptions } from "./source-options.ts";

export type { ListedPak } from "./choose-pak.ts";
export type { SourceOptions } from "./source-options.ts";

type Fetchers<R> = {
  readonly [T in Source["type"]]: (
    source: Extract<Source, { type: T }>,
    context: Context,
    options: SourceOptions,
  ) => Promise<R>;
};

/** Whatever a user typed → verified bytes. Each kind of source loads its own code. */
const fetchers: Fetchers<Fetched> = {
  registry: async (source, context, { from }) => {
    const { fetchRelease } = await import("./fetch-release.ts");
    return await fetchRelease(context, source, { from });
  },
  git: async (source, context) => {
    const { fetchGitSource } = await import("./fetch-git.ts");
    return await fetchGitSource(source, context);
  },
  npm: async (source, context) => {
    const { fetchNpmSource } = await import("./fetch-npm.ts");
    return await fetchNpmSource(source, context);
  },
  local: async (source, context) => {
    const { fetchLocalSource } = await import("./fetch-local.ts");
    return await fetchLocalSource(source.path, context.cwd);
  },
};

/**
 * Exactly one pak.
 * @throws PaksError AMBIGUOUS_MANIFEST with `details.paths` when several could be meant, and whatever the source brings
 */
export async function fetchSource(text: string, context: Context, options: SourceOptions = {}): Promise<Fetched> {
  const source = parseSource(withOptions(text, options));
  const fetcher = fetchers[source.type] as (
    source: Source,
    context: Context,
    options: SourceOptions,
  ) => Promise<Fetched>;
  try {
    return await fetcher(source, context, options);
  } catch (error) {
    throw withSource(error, text);
  }
}

/** Among several sources, which one was not plain. */
export function withSource(error: unknown, text: string): unknown {
  if (!isPaksError(error, "AMBIGUOUS_MANIFEST") || error.details?.["paths"] === undefined) return error;
  const { code, message, hint, details, cause } = error;
  return new PaksError(code, message, { hint, details: { ...details, source: text }, cause });
}

const listers: Fetchers<ListedPak[]> = {
  registry: async (source, context) => {
    const { name, version, manifest } = await fetchSource(
      `${source.account}/${source.name}@${source.selector ?? "latest"}`,
      context,
    );
    return [{ path: "", name, description: manifest.description, version }];
  },
  git: async (source, context) => (await import("./fetch-git.ts")).listGitPaks(source, context),
  npm: async (source, context) => (await import("./fetch-npm.ts")).listNpmPaks(source, context),
  local: async (source, context) => (await import("./fetch-local.ts")).listLocalPaks(source.path, context.cwd),
};

/** Every pak that a source could mean, for `install --list`. */
export async function listSourcePaks(
  text: string,
  context: Context,
  options: SourceOptions = {},
): Promise<ListedPak[]> {
  const source = parseSource(withOptions(text, options));
  const lister = listers[source.type] as (
    source: Source,
    context: Context,
    options: SourceOptions,
  ) => Promise<ListedPak[]>;
  return await lister(source, context, options);
}
