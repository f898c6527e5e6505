import { access, constants, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { runGit } from "@paks/git";
import { isPaksError, systemErrorCode } from "@paks/schema";
import { detectTargets, findTarget, listTargets } from "@paks/targets";
import { placeHere } from "./agent-facts.ts";
import { findUnknownKey } from "./config-keys.ts";
import type { Context } from "./context.ts";
import type { Diagnosis } from "./diagnose.ts";
import { findSkillsFolder } from "./install/scope.ts";
import { findProxy } from "./network/proxy.ts";
import { isStandalone } from "./start/is-standalone.ts";
import { findRoot } from "./workspace/open-workspace.ts";
import { listValues, readConfigTable } from "./read-config-table.ts";

/** The oldest that paks is built for. */
const oldestNode = [20, 19] as const;

/** What runs this program. The standalone executable brings its runtime along, so there is none that could be too old. */
export const checkRuntime = (standalone: boolean = isStandalone): Diagnosis =>
  standalone
    ? { name: "program", state: "ok", detail: `standalone, Bun ${process.versions["bun"]}, ${process.execPath}` }
    : checkNode();

export function checkNode(running: string = process.versions.node): Diagnosis {
  const [major = 0, minor = 0] = running.split(".").map(Number);
  const [wantedMajor, wantedMinor] = oldestNode;
  const old = major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
  if (!old) return { name: "node", state: "ok", detail: `${running}, ${process.execPath}` };
  return {
    name: "node",
    state: "fail",
    detail: `${running} is older than ${oldestNode.join(".")}`,
    code: "USAGE",
    hint: "Install the present LTS version of Node.js.",
  };
}

/** Keys that an older paks, a newer one or a slip of the finger left; and tokens in plain text. */
export async function checkConfigFile({ config, platform }: Context): Promise<Diagnosis> {
  const name = "config file";
  const { file, brokenFile } = config;
  if (brokenFile) {
    const { code, message, hint } = brokenFile;
    return { name, state: "fail", detail: `${message} Nothing of ${file} was used for these checks.`, code, hint };
  }
  if (file === undefined) return { name, state: "ok", detail: `none; it would be in ${config.folders.config}` };
  const table = await readConfigTable(file);
  const secret = listValues(table).find(([, value]) => value === "(hidden)");
  if (secret !== undefined)
    return {
      name,
      state: "warn",
      detail: `${file} holds ${secret[0]} in plain text`,
      hint: "Run `paks login`, which keeps tokens in the keychain, and delete the line.",
    };
  const unknown = config.defaultAgents.find((id) => findTarget(id, listTargets(config.agents)) === undefined);
  if (unknown !== undefined)
    return {
      name,
      state: "fail",
      detail: `${file}: there is no agent "${unknown}"`,
      code: "INVALID_PARAMETER",
      hint: "Run `paks agent default --clear`, or name one of `paks agent list --all`.",
    };
  const slip = findUnknownKey(listValues(table).map(([key]) => key));
  if (slip !== undefined)
    return {
      name,
      state: "warn",
      detail: `${file} sets ${slip.key}, which paks does not know`,
      hint: slip.guess === undefined ? "See `paks config list --all`." : `Did you mean ${slip.guess}?`,
    };
  if (platform !== "win32" && ((await stat(file)).mode & 0o022) !== 0)
    return { name, state: "warn", detail: `others may write to ${file}`, hint: `Run chmod go-w "${file}".` };
  return { name, state: "ok", detail: file };
}

/** `publish` runs the user's own hooks, as every commit and push does; what `install` fetches never runs any. */
export async function checkHooks({ config, cwd, home }: Context): Promise<Diagnosis> {
  const name = "git hooks";
  const env = { HOME: home, LC_ALL: "C" };
  const inherit = ["XDG_CONFIG_HOME", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "APPDATA", "USERPROFILE"];
  const options = {
    env,
    machine: config.environment,
    inherit,
    cwd,
    stdoutBytes: 4096,
    milliseconds: 10_000,
    git: config.git.binary,
  };
  const run = await unlessMissing(runGit(["rev-parse", "--path-format=absolute", "--git-path", "hooks"], options));
  if (run === undefined) return { name, state: "ok", detail: "not looked at without git" };
  if (run.exitCode !== 0) return { name, state: "ok", detail: "not in a repository" };
  const folder = run.stdout.toString("utf8").trim();
  const hooks = await listHooks(folder);
  if (hooks.length === 0) return { name, state: "ok", detail: "none" };
  return { name, state: "ok", detail: `publish runs ${hooks.join(", ")} of ${folder}` };
}

/** That there is no git is another row's to say. */
export async function unlessMissing<T>(run: Promise<T>): Promise<T | undefined> {
  try {
    return await run;
  } catch (error) {
    if (isPaksError(error, "GIT_MISSING")) return undefined;
    throw error;
  }
}

const publishHooks = [
  "pre-commit",
  "prepare-commit-msg",
  "commit-msg",
  "post-commit",
  "reference-transaction",
  "pre-push",
];

async function listHooks(folder: string): Promise<string[]> {
  try {
    const names = await readdir(folder);
    const found = publishHooks.filter((name) => names.includes(name));
    const runs = await Promise.all(found.map((name) => mayRun(join(folder, name))));
    return found.filter((_name, index) => runs[index]);
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}

async function mayRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return false;
  }
}

/** What stands between this machine and the registry. */
export async function checkProxy({ config }: Context): Promise<Diagnosis> {
  const name = "proxy";
  const { network, registry } = config;
  const { findTrustProblem, readTrust } = await import("./network/trust.ts");
  // A file that cannot be read fails here as with each request.
  if (network.caFile !== undefined) await readTrust(network);
  const proxy = findProxy(new URL(registry.url), network);
  const certificates = network.caFile === undefined ? "" : `, certificates of ${network.caFile}`;
  const why = network.proxy === undefined ? "none" : `not used for ${registry.url}`;
  const detail = `${proxy === undefined ? why : `${proxy.protocol}//${proxy.host}`}${certificates}`;
  const problem = await findTrustProblem(network);
  if (problem === undefined) return { name, state: "ok", detail };
  return { name, state: "warn", detail: `${detail}; ${problem}`, hint: "Correct NODE_EXTRA_CA_CERTS, or unset it." };
}

export async function checkAgents(context: Context): Promise<Diagnosis> {
  const name = "agents";
  const targets = listTargets(context.config.agents);
  const found = (await detectTargets(await placeHere(context), targets)).map(({ id }) => id);
  const { defaultAgents } = context.config;
  const remembered = defaultAgents.length === 0 ? "" : `; install uses ${defaultAgents.join(", ")}`;
  if (found.length > 0) return { name, state: "ok", detail: `${found.join(", ")}${remembered}` };
  return {
    name,
    state: defaultAgents.length === 0 ? "warn" : "ok",
    detail: `none found among the ${targets.length} that paks knows${remembered}`,
    hint: "Name one with --agent, remember it with `paks agent default`, or add your own with `paks agent add`.",
  };
}

/** The folders that `install` writes to. */
export const listSkillsFolders = async (context: Context): Promise<(readonly [name: string, path: string])[]> => [
  [
    "project skills",
    findSkillsFolder(context, { global: false, dir: undefined, root: await findRoot(context) }).skillsFolder,
  ],
  ["global skills", findSkillsFolder(context, { global: true, dir: undefined }).skillsFolder],
];

export async function checkStore({ config }: Context): Promise<Diagnosis> {
  const name = "store";
  const [{ storeFolder }, { listEntries }] = await Promise.all([
    import("./store/open-lazily.ts"),
    import("./store/sweep.ts"),
  ]);
  const folder = storeFolder(config);
  const entries = await listEntries(folder);
  const megabytes = entries.reduce((sum, { bytes }) => sum + bytes, 0) / 1e6;
  const most = Math.round(config.cache.maxBytes / 1e6);
  const detail = `${entries.length} releases, ${megabytes.toFixed(1)} of ${most} MB, in ${folder}`;
  return { name, state: "ok", detail };
}
