import { dirname, isAbsolute, join } from "node:path";
import { targetTable } from "./table.ts";
import { type Target, sharedFolder } from "./target.ts";

/** What the paths of the table are relative to. */
export interface TargetPlace {
  /** Absolute. */
  readonly home: string;
  /** The project, absolute. */
  readonly cwd: string;
  /** An environment variable by name; without it, no variable is set. */
  readonly env?: ((name: string) => string | undefined) | undefined;
}

/** The disk as far as finding tools goes. */
export interface TargetDisk {
  readonly exists: (path: string) => Promise<boolean>;
  /** Names of the packages that the project's package.json depends on. */
  readonly dependencies?: () => Promise<readonly string[]>;
}

export interface DetectOptions extends TargetPlace, TargetDisk {
  /** For all projects: what lies in this one says nothing then. */
  readonly global?: boolean | undefined;
}

/** By id or alias; upper and lower case do not matter. */
export function findTarget(idOrAlias: string, targets: readonly Target[] = targetTable): Target | undefined {
  const wanted = idOrAlias.toLowerCase();
  return targets.find(({ id }) => id === wanted) ?? targets.find(({ aliases }) => aliases.includes(wanted));
}

/** The tools that have left a trace on this machine or, unless it is for all projects, in this one; in the table's order. */
export async function detectTargets(
  options: DetectOptions,
  targets: readonly Target[] = targetTable,
): Promise<Target[]> {
  const found = await Promise.all(
    targets.map(async (target) => ((await isThere(target, options)) ? [await settleTarget(target, options)] : [])),
  );
  return found.flat();
}

async function isThere(target: Target, options: DetectOptions): Promise<boolean> {
  const { exists, dependencies, global, ...place } = options;
  const traces = target.detect.filter((path) => global !== true || !path.startsWith("./"));
  const paths = traces.flatMap((path) => resolvePath(target, path, place) ?? []);
  if (!(await Promise.all(paths.map(exists))).includes(true)) return false;
  return target.dependency === undefined || ((await dependencies?.()) ?? []).includes(target.dependency);
}

/** The target with its home where it is on this machine: an older one while the present one does not exist. */
export async function settleTarget(target: Target, { exists, ...place }: DetectOptions): Promise<Target> {
  const { globalDir } = target;
  if (globalDir === undefined || target.olderHomes.length === 0) return target;
  const present = dirname(globalDir);
  for (const home of [present, ...target.olderHomes]) {
    if (await exists(resolvePath(target, home, place)!))
      return { ...target, globalDir: globalDir.replace(present, () => home) };
  }
  return target;
}

/**
 * Absolute path of the folder in which the tool looks for the skills of a project, or of all projects; `undefined`
 * when it has none.
 */
export function targetFolder(
  target: Target,
  { global, ...place }: TargetPlace & { readonly global: boolean },
): string | undefined {
  if (!global) return target.projectDir && join(place.cwd, target.projectDir);
  if (target.globalDir === undefined) return undefined;
  return target.readsSharedHome ? join(place.home, sharedFolder) : resolvePath(target, target.globalDir, place);
}

/**
 * Every folder for all projects that the tool has, or had at some time: its own besides the shared one, with the
 * environment and without it, and in its older homes. Absolute.
 */
export function listGlobalFolders(target: Target, place: TargetPlace): string[] {
  const { globalDir, olderHomes } = target;
  if (globalDir === undefined) return [];
  const paths = [globalDir, ...olderHomes.map((home) => globalDir.replace(dirname(globalDir), () => home))];
  const places = [place, { ...place, env: undefined }];
  return [...new Set(paths.flatMap((path) => places.flatMap((one) => resolvePath(target, path, one) ?? [])))];
}

/** `undefined` for a path below a variable that is not set. */
function resolvePath({ env }: Target, path: string, place: TargetPlace): string | undefined {
  const variable = /^\$(\w+)\//.exec(path);
  if (variable) {
    const value = place.env?.(variable[1]!);
    return value && isAbsolute(value) ? join(value, path.slice(variable[0].length)) : undefined;
  }
  for (const { variable, replaces } of env) {
    const moved = place.env?.(variable);
    // A relative value would lead somewhere else from every folder; the XDG rules say to ignore it.
    if (moved && isAbsolute(moved) && isBelow(path, replaces)) return join(moved, path.slice(replaces.length));
  }
  if (path.startsWith("~/")) return join(place.home, path.slice(2));
  return isAbsolute(path) ? path : join(place.cwd, path);
}

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
