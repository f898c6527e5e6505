import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PaksError, isPaksError, parseJson } from "@paks/schema";
import type { Context } from "../context.ts";
import { readOwnFile } from "../install/read-own-file.ts";
import { isInside } from "../install/require-inside.ts";
import { replaceFile } from "../write-file.ts";

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

/** Remembers repositories of this machine that the user named himself. */
export async function rememberTyped(context: State, urls: readonly string[]): Promise<void> {
  const local = urls.filter(isLocal);
  if (local.length === 0) return;
  const before = await readTyped(context);
  const after = [...new Set([...local, ...before])].slice(0, most);
  if (after.length > before.length) await replaceFile(listFile(context), `${JSON.stringify(after)}\n`, 0o600);
}

/**
 * A file of a cloned project may name any repository of this machine and so have its content copied to where it is
 * committed next. Such a one must lie in the project, or have been named by the user before.
 * @throws PaksError PROTOCOL_NOT_ALLOWED
 */
export async function requireTyped(context: State, url: string, root: string): Promise<void> {
  if (!isLocal(url) || (await readTyped(context)).includes(url)) return;
  if (await isInside(fileURLToPath(url), root)) return;
  throw new PaksError(
    "PROTOCOL_NOT_ALLOWED",
    `This project asks for ${url}, a repository of this machine that you never named.`,
    {
      hint: `If you know it: paks install ${url}`,
      details: { repository: url },
    },
  );
}
