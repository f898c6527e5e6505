import { resolve } from "node:path";
import {
  type Origin,
  PaksError,
  type Source,
  describeFiles,
  formatPakId,
  formatSource,
  isTaken,
  parseSelector,
  parseSource,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { fetchSource } from "../install/fetch-source.ts";
import { readFolder } from "../install/read-folder.ts";
import { type DiffSide, type InstalledRelease, findInstalledRelease } from "./installed-sides.ts";
import type { PlaceArgs } from "./places.ts";

/**
 * Two sources; the first may be the name of an installed pak, with a version of it or without, and the second a version of
 * the first.
 * @throws PaksError USAGE for a version of a folder, and the codes of the sources
 */
export async function readComparedSides(
  context: Context,
  [a, b]: readonly [string, string],
  where: PlaceArgs,
): Promise<[DiffSide, DiffSide]> {
  const first = await findFirst(context, a, where);
  if (!isVersionOfFirst(b)) return await Promise.all([first.read(), fetchSide(context, b)]);
  if (first.source !== undefined && first.source.type !== "git") {
    const second = versionOf(first.source, b);
    return await Promise.all([first.read(), fetchSide(context, second)]);
  }
  // Only the files say in which folder of its repository a pak is.
  const before = await first.read();
  return [before, await fetchSide(context, versionOf(before.origin, b))];
}

type Side = DiffSide & { readonly origin: Origin };

interface First {
  /** Absent: something that is installed. */
  readonly source?: Source;
  readonly read: () => Promise<Side>;
}

const isVersionOfFirst = (text: string): boolean => !/[/\\:]/.test(text) && isTaken(parseSelector, text);

/** `pdf` and `pdf@1.0.0` of an installed pak: its release, or another one. */
async function findFirst(context: Context, text: string, where: PlaceArgs): Promise<First> {
  const at = text.indexOf("@");
  const name = at < 0 ? text : text.slice(0, at);
  const installed = /^[a-z0-9-]+$/.test(name) ? await findInstalledRelease(context, name, where) : undefined;
  if (installed === undefined) return { source: parseSource(text), read: () => fetchSide(context, text) };
  if (at < 0) return { read: () => readInstalled(installed) };
  const named = versionOf(installed.origin, parseSelector(text.slice(at + 1)));
  const read = async () => {
    await installed.requireNamed();
    return await fetchSide(context, named);
  };
  return { source: parseSource(named), read };
}

const readInstalled = async ({ origin, read }: InstalledRelease): Promise<Side> => ({ ...(await read()), origin });

/** A folder may be half done; what comes from elsewhere is a pak. */
async function fetchSide(context: Context, text: string): Promise<Side> {
  const source = parseSource(text);
  if (source.type === "local") {
    const path = resolve(context.cwd, source.path);
    const files = await readFolder(path);
    return { label: text, version: null, digest: describeFiles(files).digest, files, origin: { type: "local", path } };
  }
  const { version, digest, files, origin } = await fetchSource(text, context);
  return { label: text, version, digest, files, origin };
}

/** Another version of the same pak; @throws PaksError USAGE where there are none */
function versionOf(of: Origin | Exclude<Source, { type: "git" }>, selector: string): string {
  if (of.type === "registry") return `${formatPakId(of)}@${selector}`;
  if (of.type === "local")
    throw new PaksError("USAGE", `A folder has no version "${selector}".`, {
      hint: "Name a second source, for example ./other.",
    });
  const path = of.path === undefined || of.path === "" ? {} : { path: of.path };
  if (of.type === "npm") return formatSource({ type: "npm", package: of.package, selector, ...path });
  return formatSource({ type: "git", url: of.repository, version: selector, ...path });
}
