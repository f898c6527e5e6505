import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { gitVersion } from "@paks/git";
import { type ErrorCode, isPaksError, systemErrorCode } from "@paks/schema";
import type { Context } from "./context.ts";
import { version } from "./version.ts";

export interface Diagnosis {
  readonly name: string;
  readonly state: "ok" | "warn" | "fail";
  readonly detail: string;
  /** Of a failure. */
  readonly code?: ErrorCode | undefined;
  readonly hint?: string | undefined;
}

/** Everything that paks needs from this machine and the registry, each with its own verdict. */
export async function diagnose(context: Context): Promise<Diagnosis[]> {
  const checks: readonly (readonly [string, () => Promise<Diagnosis>])[] = [
    ["git", async () => await checkGit(context)],
    ["registry", async () => await checkRegistry(context)],
    ["keychain", async () => await checkKeychain(context)],
    ["login", async () => await checkLogin(context)],
    ...Object.entries(context.config.folders).map(
      ([name, path]) => [`${name} folder`, async () => await checkFolder(`${name} folder`, path)] as const,
    ),
  ];
  const node: Diagnosis = {
    name: "paks",
    state: "ok",
    detail: `${version}, Node ${process.versions.node}, config ${context.config.file ?? "(none)"}`,
  };
  return [node, ...(await Promise.all(checks.map(async ([name, check]) => await failuresOf(name, check))))];
}

async function failuresOf(name: string, check: () => Promise<Diagnosis>): Promise<Diagnosis> {
  try {
    return await check();
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    return { name, state: "fail", detail: error.message, code: error.code, hint: error.hint };
  }
}

async function checkGit({ config }: Context): Promise<Diagnosis> {
  return { name: "git", state: "ok", detail: await gitVersion(config.git.binary) };
}

async function checkRegistry(context: Context): Promise<Diagnosis> {
  const { url, from } = context.config.registry;
  if (context.config.offline) return { name: "registry", state: "warn", detail: `${url} is not asked: offline` };
  const health = await context.registry().health();
  const state = health.status === "ok" ? "ok" : "warn";
  return { name: "registry", state, detail: `${url} (${from}), version ${health.version}, ${health.status}` };
}

async function checkKeychain({ credentials, config }: Context): Promise<Diagnosis> {
  const name = "keychain";
  const { state, description, reason } = await credentials.probe();
  if (state === "ok") return { name, state: "ok", detail: `${description}: written, read and deleted` };
  if (state === "failed")
    return { name, state: "fail", detail: `${description}: ${reason}`, code: "KEYCHAIN_UNAVAILABLE" };
  const detail = `tokens are kept in the encrypted file ${description} (${reason})`;
  // Whoever chose the file needs no warning about it.
  return { name, state: config.keychain === "file" ? "ok" : "warn", detail };
}

async function checkLogin(context: Context): Promise<Diagnosis> {
  const { origin } = new URL(context.config.registry.url);
  const found = await context.credentials.findToken(origin);
  if (found !== undefined) return { name: "login", state: "ok", detail: `a token for ${origin} from ${found.source}` };
  return {
    name: "login",
    state: "warn",
    detail: `no token for ${origin}`,
    hint: "Run `paks login` before publishing.",
  };
}

/** Looks at the nearest folder that exists; nothing is made for the sake of a check. */
async function checkFolder(name: string, path: string): Promise<Diagnosis> {
  try {
    if (!(await stat(path)).isDirectory()) return unusable(name, `${path} is not a folder`);
    await access(path, constants.W_OK);
    return { name, state: "ok", detail: path };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" && dirname(path) !== path) {
      const above = await checkFolder(name, dirname(path));
      return above.state === "ok" ? { ...above, detail: `${path} (made when needed)` } : above;
    }
    if (code === undefined) throw error;
    return unusable(name, `${path} cannot be written (${code})`);
  }
}

const unusable = (name: string, detail: string): Diagnosis => ({
  name,
  state: "fail",
  detail,
  code: "READ_ONLY_TARGET",
  hint: "Check who owns it, or set XDG_CONFIG_HOME, XDG_STATE_HOME or XDG_CACHE_HOME to another place.",
});
