import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { PaksError, type Source, anyGitPolicy, isPaksError, parseJson, parseRepositoryUrl } from "@paks/schema";
import type { Context } from "../context.ts";
import { readOwnFile } from "../install/read-own-file.ts";
import { isInside } from "../install/require-inside.ts";
import { replaceFile } from "../write-file.ts";
import { isRepositoryInside } from "./own-repository.ts";

type State = Pick<Context, "config">;

const listFile = ({ config }: State): string => join(config.folders.state, "typed-repositories.json");
const most = 1000;
const isLocal = (url: string): boolean => url.startsWith("file:");

async function readTyped(context: State): Promise<string[]> {
  try {
    const value = parseJson((await readOwnFile(listFile(context))) ?? "[]");
    return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
  } catch (error) {
    if (isPaksError(error, "INTEGRITY_MISMATCH")) return [];
    throw error;
  }
}

/** Remembers repositories of this machine that the user named himself; where nothing can be written, he is told. */
export async function rememberTyped(context: Pick<Context, "config" | "warn">, urls: readonly string[]): Promise<void> {
  const failed = await remember(context, urls);
  if (failed === undefined) return;
  context.warn(
    `That you named ${urls.filter(isLocal).join(", ")} is not kept, so a lock that names it is not believed: ${failed.message}`,
  );
}

/** Answers why it cannot be kept. */
async function remember(context: State, urls: readonly string[]): Promise<PaksError | undefined> {
  const local = urls.filter(isLocal);
  if (local.length === 0) return undefined;
  try {
    const before = await readTyped(context);
    const after = [...new Set([...local, ...before])].slice(0, most);
    if (after.length > before.length) await replaceFile(listFile(context), `${JSON.stringify(after)}\n`, 0o600);
    return undefined;
  } catch (error) {
    if (isPaksError(error, "READ_ONLY_TARGET") || isPaksError(error, "DISK_FULL")) return error;
    throw error;
  }
}

/**
 * A file of a cloned project may name any repository of this machine and so have its content copied to where it is
 * committed next. Such a one must lie in the project, or have been named by the user before.
 * @throws PaksError PROTOCOL_NOT_ALLOWED, INVALID_REPOSITORY_URL
 */
export async function requireTyped(context: State, text: string, root: string): Promise<void> {
  // What is judged is the address that git will be given: a record may also write `FILE:`, or what cannot be decoded.
  const { url, protocol } = parseRepositoryUrl(text, anyGitPolicy);
  if (protocol !== "file" || (await readTyped(context)).includes(url)) return;
  if (await isRepositoryInside(fileURLToPath(url), root)) return;
  throw new PaksError(
    "PROTOCOL_NOT_ALLOWED",
    `This project asks for ${url}, a repository of this machine that you never named.`,
    {
      hint: `If you know it: paks install ${url}`,
      details: { repository: url },
    },
  );
}

/**
 * Remembers folders that the user himself installed from; where nothing can be written, the next command asks again.
 * @param paths absolute
 */
export async function rememberFolders(context: State, paths: readonly string[]): Promise<void> {
  await remember(
    context,
    paths.map((path) => pathToFileURL(path).href),
  );
}

/**
 * The same for a source that only the record of an install names: it may have come with a clone as well.
 * @param inside what lies in this folder is the place's own; absolute
 * @throws PaksError PROTOCOL_NOT_ALLOWED
 */
export async function requireTypedSource(context: State, source: Source, inside: string): Promise<void> {
  if (source.type === "git") return await requireTyped(context, source.url, inside);
  if (source.type !== "local") return;
  const { path } = source;
  if ((await readTyped(context)).includes(pathToFileURL(path).href) || (await isInside(path, inside))) return;
  throw new PaksError(
    "PROTOCOL_NOT_ALLOWED",
    `It is recorded as installed from ${path}, a folder of this machine that you never named.`,
    {
      hint: `If you know it, install it from there once: paks install ${path}. If this machine has no such folder, there is nothing newer: leave the pak as it is, or "paks remove" it.`,
      details: { path },
    },
  );
}
