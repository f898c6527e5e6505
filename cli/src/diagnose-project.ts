import { isPaksError, lockFileName, workspaceFileNames } from "@paks/schema";
import type { Context } from "./context.ts";
import type { Diagnosis } from "./diagnose.ts";
import { seeDoctor } from "./registry-http.ts";
import type { OpenWorkspace } from "./workspace/open-workspace.ts";
import { type UsedRegistry, findUsedRegistry } from "./workspace/with-registry-wish.ts";

/** The files of the project that the command runs in, and whether they fit each other. */
export async function checkProject(context: Context): Promise<Diagnosis> {
  const name = "project";
  const [{ findWorkspace }, { listDisagreements, requireWishes }] = await Promise.all([
    import("./workspace/open-workspace.ts"),
    import("./workspace/check-lock.ts"),
  ]);
  const warnings: string[] = [];
  const opened = await findWorkspace({ ...context, warn: (text) => void warnings.push(text) });
  requireWishes(opened);
  const { root, workspace, workspaceFile, lockFile, lock } = opened;
  if (workspaceFile === undefined)
    return {
      name,
      state: "ok",
      detail: `no ${workspaceFileNames[0]} in ${root}`,
      ...(await checkLeftovers(context, opened)),
    };
  if (warnings.length > 0)
    return {
      name,
      state: "warn",
      detail: warnings.join(" "),
      hint: "Correct the keys, or leave them to whom they are.",
    };
  const hint = `Run \`paks install\` and commit ${lockFileName}.`;
  if (lockFile === undefined && workspace.paks.length > 0)
    return { name, state: "warn", detail: `${workspaceFileNames[0]} in ${root} has no ${lockFileName} yet`, hint };
  const problems = listDisagreements(workspace, lock, root);
  if (problems.length > 0) return { name, state: "warn", detail: problems.slice(0, 5).join("; "), hint };
  const left = await checkLeftovers(context, opened);
  if (left !== undefined) return { name, ...left };
  return { name, state: "ok", detail: `${Object.keys(lock.paks).length} locked paks in ${root}` };
}

/** What a colleague removed, or the branch that git has changed to has not. */
async function checkLeftovers(
  context: Context,
  { root, lock, lockFile }: OpenWorkspace,
): Promise<Pick<Diagnosis, "state" | "detail" | "hint"> | undefined> {
  const [{ listLeftovers, namedBy }, { findSkillsFolder }] = await Promise.all([
    import("./install/leftovers.ts"),
    import("./install/scope.ts"),
  ]);
  const { skillsFolder } = findSkillsFolder(context, { global: false, dir: undefined, root });
  const left = (await listLeftovers(skillsFolder, namedBy(lock))).map(({ folder }) => folder);
  if (left.length === 0) return undefined;
  return {
    state: "warn",
    detail: `installed in ${root}, and ${lockFileName} no longer names it: ${left.slice(0, 5).join(", ")}`,
    hint:
      lockFile === undefined
        ? `Run \`paks remove ${left.join(" ")}\`.`
        : "Have it taken away: `paks ci`, or `paks install`.",
  };
}

type Check = readonly [name: string, check: () => Promise<Diagnosis>];

/**
 * Where names are looked up here, and where `publish` and `login` go when a project names another one: nothing of the
 * project fails for want of that.
 */
export async function listRegistryChecks(context: Context): Promise<Check[]> {
  const own = context.config.registry;
  const used = await findUsedRegistry(context);
  const checks: Check[] = [["registry", async () => await checkHealth(context, "registry", used)]];
  if (used.url !== own.url) checks.push(["own registry", async () => await checkOwn(context, own)]);
  return checks;
}

async function checkOwn(context: Context, own: UsedRegistry): Promise<Diagnosis> {
  const found = await checkHealth(context, "own registry", own);
  return found.state === "fail" ? { ...found, state: "warn", code: undefined } : found;
}

async function checkHealth(context: Context, name: string, { url, from }: UsedRegistry): Promise<Diagnosis> {
  const by = words[from];
  if (context.config.offline)
    return {
      name,
      state: "warn",
      detail: `${url} (${by}) is not asked: offline`,
      hint: "Without --offline it is asked.",
    };
  try {
    const health = await context.registryAt(url).health();
    const state = health.status === "ok" ? "ok" : "warn";
    const detail = `${url} (${by}), version ${health.version}, ${health.status}`;
    return { name, state, detail, ...(state === "ok" ? {} : { hint: "Who runs it can say more." }) };
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    const { code, message, hint } = error;
    return {
      name,
      state: "fail",
      detail: `${message} It is named by ${by}.`,
      code,
      hint: hint?.replace(seeDoctor, ""),
    };
  }
}

const words: Readonly<Record<UsedRegistry["from"], string>> = {
  flag: "--registry",
  environment: "PAKS_REGISTRY",
  project: workspaceFileNames[0],
  config: "your configuration",
  default: "paks itself",
};
