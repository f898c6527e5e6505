import { isAbsolute, relative, resolve, sep } from "node:path";
import {
  type GitSource,
  PaksError,
  type Source,
  type Workspace,
  aliasOf,
  checkPath,
  escapeText,
  formatPakId,
  formatSource,
  isPaksError,
  parsePakName,
  parseSource,
  repositoryIdentity,
  workspaceFileNames,
} from "@paks/schema";
import type { Ranges } from "./resolve.ts";

/** One source that the workspace, or somebody on the command line, asks for. */
export interface Wish {
  /** As `paks.jsonc` holds it. */
  readonly text: string;
  readonly source: Source;
  /** On the command line: the newest that fits is wanted. */
  readonly isNamed: boolean;
  /** Folder chosen with `--as`, now or when it was written down. */
  readonly as?: string | undefined;
  /** False for a folder of this machine that other copies of the project do not have. */
  readonly isSaved: boolean;
}

export type RegistryWish = Wish & { readonly source: Extract<Source, { type: "registry" }> };

export const isRegistryWish = (wish: Wish): wish is RegistryWish => wish.source.type === "registry";

/**
 * Two sources with one identity are the same pak, however much they differ in version. Where a browser's address has its
 * ref and where its folder only the repository says: until it was asked, two of them are two paks.
 */
export function identityOf(source: Source): string {
  if (source.type === "registry") return formatPakId(source);
  if (source.type === "git") return `${repositoryIdentity(source.url)}${folderOf(source)}`;
  return source.type === "npm" ? `npm:${source.package}#path=${source.path ?? ""}` : source.path;
}

const folderOf = ({ tree, path = "" }: GitSource): string => (tree === undefined ? `#path=${path}` : `#tree=${tree}`);

/** `pdf--v2.0.0` and `csv--v1.0.0` are of two paks, whatever else two sources of one repository say. */
export const areOfTwoPaks = (a: string | undefined, b: string | undefined): boolean =>
  a !== undefined && b !== undefined && beforeVersion(a) !== beforeVersion(b);

const beforeVersion = (tag: string): string => tag.replace(/v?\d.*$/, "");

/** Two sources that ask for the same pak: the newer one takes the place of the other. */
export const isSameWish = (a: Source, b: Source): boolean =>
  identityOf(a) === identityOf(b) &&
  !(a.type === "git" && b.type === "git" && a.path === undefined && areOfTwoPaks(a.tag, b.tag));

/** Whether it says which state of the pak it means, and not only which pak; a folder has but one. */
export function namesState(source: Source): boolean {
  if (source.type === "local") return true;
  if (source.type !== "git") return source.selector !== undefined;
  const { tag, branch, commit, ref, tree, version } = source;
  return [tag, branch, commit, ref, tree, version].some((one) => one !== undefined);
}

/** What the pak of a registry is asked for with. */
export const rangesOf = ({ source }: RegistryWish): Ranges => ({ [formatPakId(source)]: source.selector ?? "latest" });

interface Place {
  /** Of the workspace; absolute. */
  readonly root: string;
  readonly cwd: string;
}

/**
 * What somebody typed; a folder is written down relative to the workspace.
 * @throws PaksError INVALID_NAME for a folder that no pak can have
 */
export function nameWish(source: Source, place: Place, as: string | undefined): Wish {
  if (as !== undefined) requireFolderName(as);
  if (source.type !== "local") return { text: formatSource(source), source, isNamed: true, as, isSaved: true };
  const absolute = resolve(place.cwd, source.path);
  const inside = insidePath(absolute, place.root);
  const text = inside === undefined ? absolute : `./${inside}`;
  return { text, source: { type: "local", path: text }, isNamed: true, as, isSaved: inside !== undefined };
}

/** What the lock can hold, and what every system can have. */
function requireFolderName(name: string): void {
  const problem = checkPath(parsePakName(name));
  if (problem === undefined) return;
  throw new PaksError("INVALID_NAME", `No pak can be in a folder "${name}": some systems cannot have it.`, {
    hint: `For example: --as ${name}-skill`,
    details: { name },
  });
}

/** With `/`; `undefined` when it leads out of the workspace. */
export function insidePath(absolute: string, root: string): string | undefined {
  const path = relative(root, absolute).split(sep).join("/");
  return path !== "" && !isAbsolute(path) && checkPath(path) === undefined ? path : undefined;
}

/**
 * The sources of a workspace's file, without the disabled ones.
 * @throws PaksError MANIFEST_INVALID for a folder outside the workspace, and the codes of `parseSource`
 */
export function listWishes(workspace: Workspace, root: string): Wish[] {
  const wishes = listAllWishes(workspace).filter((wish) => !isDisabled(workspace.disabled, wish));
  for (const { text, source } of wishes)
    if (source.type === "local" && insidePath(resolve(root, source.path), root) === undefined)
      throw resolve(root, source.path) === resolve(root) ? projectItself(text) : outside(text);
  return wishes;
}

/** Also the disabled ones, and folders that no install would take: for those who want to be rid of one. */
export const listAllWishes = ({ paks, ...workspace }: Workspace): Wish[] =>
  paks.map((text) => ({
    text,
    source: parseEntry(text),
    as: aliasOf(workspace, text),
    isNamed: false,
    isSaved: true,
  }));

/** The error says where the text stands: the user did not type it now. */
function parseEntry(text: string): Source {
  try {
    return parseSource(text);
  } catch (error) {
    if (!isPaksError(error)) throw error;
    const { code, message, hint, details } = error;
    throw new PaksError(code, `${workspaceFileNames[0]} asks for "${escapeText(text, 80)}": ${message}`, {
      hint,
      details: { ...details, source: text },
      cause: error,
    });
  }
}

const outside = (text: string): PaksError =>
  new PaksError("MANIFEST_INVALID", `The workspace asks for ${text}, which is not inside it.`, {
    hint: "Others who clone the project do not have that folder: install it by hand, or move it into the project.",
    details: { source: text },
  });

const projectItself = (text: string): PaksError =>
  new PaksError("MANIFEST_INVALID", `The workspace asks for ${text}, which is the whole project.`, {
    hint: "Name the pak's own folder, for example ./skills/ours.",
    details: { source: text },
  });

/** What the workspace's list of disabled ones says only of these sources. */
export function listOwnDisabled({ paks, disabled, ...workspace }: Workspace, texts: readonly string[]): string[] {
  const others = paks.filter((one) => !texts.includes(one));
  const isMeant = (one: string, source: string) =>
    isDisabled([one], { text: source, source: parseSource(source), as: aliasOf(workspace, source) });
  return disabled.filter(
    (one) => texts.some((text) => isMeant(one, text)) && !others.some((other) => isMeant(one, other)),
  );
}

export const isDisabled = (
  disabled: readonly string[],
  { text, source, as }: Pick<Wish, "text" | "source" | "as">,
): boolean =>
  disabled.includes(text) ||
  (as !== undefined && disabled.includes(as)) ||
  disabled.includes(identityOf(source)) ||
  (source.type === "git" && disabled.includes(`${source.url}${folderOf(source)}`)) ||
  (source.type === "registry" && disabled.includes(source.name));
