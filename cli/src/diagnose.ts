import { access, constants, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { gitVersion } from "@paks/git";
import { type ErrorCode, isPaksError, systemErrorCode } from "@paks/schema";
import type { Context } from "./context.ts";
import {
  checkAgents,
  checkConfigFile,
  checkHooks,
  checkProxy,
  checkRuntime,
  checkStore,
  listSkillsFolders,
  unlessMissing,
} from "./diagnose-here.ts";
import { describeSystemError } from "./system-errors.ts";
import { checkProject, listRegistryChecks } from "./diagnose-project.ts";
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
  const checks: readonly (readonly [string, () => Diagnosis | Promise<Diagnosis>])[] = [
    ["program", () => checkRuntime()],
    ["config file", async () => await checkConfigFile(context)],
    ["git", async () => await checkGit(context)],
    ["git hooks", async () => await checkHooks(context)],
    ["proxy", () => checkProxy(context)],
    ["project", async () => await checkProject(context)],
    ...(await listRegistryChecks(context)),
    ["keychain", async () => await checkKeychain(context)],
    ["login", async () => await checkLogin(context)],
    ["agents", async () => await checkAgents(context)],
    ["store", async () => await checkStore(context)],
    ...[
      ...(await listSkillsFolders(context)),
      ...Object.entries(context.config.folders).map(([name, path]) => [`${name} folder`, path] as const),
    ].map(([name, path]) => [name, async () => await checkFolder(context, name, path)] as const),
  ];
  const paks: Diagnosis = { name: "paks", state: "ok", detail: version };
  return [paks, ...(await Promise.all(checks.map(async ([name, check]) => await failuresOf(name, check))))];
}

async function failuresOf(name: string, check: () => Diagnosis | Promise<Diagnosis>): Promise<Diagnosis> {
  try {
    return await check();
  } catch (error) {
    const failure = isPaksError(error) ? error : describeSystemError(error);
    if (failure === undefined || failure.code === "CANCELLED") throw error;
    return { name, state: "fail", detail: failure.message, code: failure.code, hint: failure.hint };
  }
}

/** Older ones lack what the cage around fetching needs. */
const oldestGit = [2, 37] as const;

async function checkGit({ config }: Context): Promise<Diagnosis> {
  const detail = await unlessMissing(gitVersion(config.environment, config.git.binary));
  if (detail === undefined) return noGit(config.git.binary);
  const [major = 0, minor = 0] = detail.split(".").map(Number);
  const old = major < oldestGit[0] || (major === oldestGit[0] && minor < oldestGit[1]);
  if (!old) return { name: "git", state: "ok", detail };
  return { name: "git", state: "warn", detail, hint: `Install git ${oldestGit.join(".")} or newer.` };
}

/** What the user named himself has to be there; else only publishing needs one. */
function noGit(binary: string): Diagnosis {
  if (binary !== "git")
    return {
      name: "git",
      state: "fail",
      detail: `PAKS_GIT is ${binary}, where there is no git`,
      code: "GIT_MISSING",
      hint: "Unset PAKS_GIT, or let it name the git binary.",
    };
  return {
    name: "git",
    state: "warn",
    detail: "not found; paks reads public repositories over HTTPS without it",
    hint: `Install git ${oldestGit.join(".")} or newer to publish, and to install over SSH.`,
  };
}

async function checkKeychain({ credentials, config }: Context): Promise<Diagnosis> {
  const name = "keychain";
  const { state, description, reason, hint } = await credentials.probe();
  if (state === "ok") return { name, state: "ok", detail: `${description}: written, read and deleted` };
  if (state === "failed")
    return { name, state: "fail", detail: `${description}: ${reason}`, code: "KEYCHAIN_UNAVAILABLE", hint };
  const detail = `tokens are kept in the encrypted file ${description} (${reason})`;
  // Whoever chose the file needs no warning about it.
  if (config.keychain === "file") return { name, state: "ok", detail };
  return { name, state: "warn", detail, hint: hint ?? contentHint };
}

const contentHint = "Set PAKS_KEYCHAIN=file when the file is what you want.";

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
async function checkFolder(context: Context, name: string, path: string): Promise<Diagnosis> {
  try {
    const facts = await stat(path);
    if (!facts.isDirectory()) return unusable(name, `${path} is not a folder`);
    await access(path, constants.W_OK);
    // The sticky bit of `/tmp` keeps others from renaming what is ours.
    const open = context.platform !== "win32" && (facts.mode & 0o1002) === 0o002;
    if (!open) return { name, state: "ok", detail: path };
    return { name, state: "warn", detail: `everybody may write to ${path}`, hint: `Run chmod o-w "${path}".` };
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT" && dirname(path) !== path) {
      const above = await checkFolder(context, name, dirname(path));
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
  hint: "Check who owns it. The places of paks itself can be moved with XDG_CONFIG_HOME, XDG_STATE_HOME and XDG_CACHE_HOME.",
});
