import {
  PaksError,
  type Source,
  formatSource,
  parseBranchName,
  parseCommit,
  parseFolder,
  parseSource,
  requireOnePlace,
} from "@paks/schema";
import { parseSelector, parseTagName } from "@paks/schema";

/** Flags that say more about a source than its text does. */
export interface SourceOptions {
  readonly version?: string | undefined;
  readonly tag?: string | undefined;
  readonly branch?: string | undefined;
  readonly commit?: string | undefined;
  /** Folder of the pak. */
  readonly path?: string | undefined;
  /** For releases of a registry: its archive, or the git repository that it names. */
  readonly from?: "archive" | "git" | undefined;
}

/**
 * A source's text with everything in it that the flags say, so that it can be written down as it was meant. Without flags
 * it stays as it was typed.
 * @throws PaksError USAGE for a flag that this kind of source does not have or says already, and those of `parseSource`
 */
export function withOptions(text: string, options: SourceOptions): string {
  const { version, tag, branch, commit, path, from } = options;
  const source = parseSource(text);
  if (from !== undefined && source.type !== "registry") throw onlyOneWay(text, from);
  if ([version, tag, branch, commit, path].every((one) => one === undefined)) return text;
  return formatSource(adders[source.type](source as never, options));
}

const adders: { readonly [T in Source["type"]]: (source: Extract<Source, { type: T }>, o: SourceOptions) => Source } = {
  registry: (source, o) => {
    requireNone(o, ["tag", "branch", "commit", "path"], "A pak of the registry");
    if (o.version === undefined) return source;
    if (source.selector !== undefined) throw saidTwice("version");
    return { ...source, selector: parseSelector(o.version) };
  },
  git: (source, o) => {
    if (o.path !== undefined && source.path !== undefined) throw saidTwice("path");
    const added = {
      ...source,
      ...(o.version === undefined ? {} : { version: parseSelector(o.version) }),
      ...(o.tag === undefined ? {} : { tag: parseTagName(o.tag) }),
      ...(o.branch === undefined ? {} : { branch: parseBranchName(o.branch) }),
      ...(o.commit === undefined ? {} : { commit: parseCommit(o.commit) }),
      ...(o.path === undefined ? {} : { path: parseFolder(o.path) }),
    };
    for (const key of ["version", "tag", "branch", "commit"] as const)
      if (o[key] !== undefined && source[key] !== undefined) throw saidTwice(key);
    requireOnePlace(added);
    return added;
  },
  npm: (source, o) => {
    requireNone(o, ["tag", "branch", "commit"], "An npm package");
    if (o.version !== undefined && source.selector !== undefined) throw saidTwice("version");
    if (o.path !== undefined && source.path !== undefined) throw saidTwice("path");
    return {
      ...source,
      ...(o.version === undefined ? {} : { selector: parseSelector(o.version) }),
      ...(o.path === undefined ? {} : { path: parseFolder(o.path) }),
    };
  },
  local: (source, o) => {
    requireNone(o, ["version", "tag", "branch", "commit"], "A folder");
    if (o.path === undefined) return source;
    const folder = parseFolder(o.path);
    const root = source.path.replace(/[\\/]$/, "");
    return { type: "local", path: folder === "" ? source.path : `${root}/${folder}` };
  },
};

function requireNone(options: SourceOptions, names: readonly (keyof SourceOptions)[], what: string): void {
  const given = names.find((name) => options[name] !== undefined);
  if (given === undefined) return;
  throw new PaksError("USAGE", `${what} has no ${given}.`, {
    hint: given === "path" ? undefined : "Name the git repository, for example github:acme/skills.",
  });
}

const onlyOneWay = (text: string, from: string): PaksError =>
  new PaksError("USAGE", `--from ${from} is for releases of a registry, and ${text} is none.`, {
    hint: "Leave out --from: there is only one place where its files can come from.",
  });

const saidTwice = (name: string): PaksError =>
  new PaksError("USAGE", `The source names a ${name} already.`, {
    hint: `Leave out --${name}, or name it there only.`,
  });
