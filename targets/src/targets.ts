import { isAbsolute, join } from "node:path";
import { type Target, targetTable } from "./table.ts";

/** What the paths of the table are relative to. */
export interface TargetPlace {
  /** Absolute. */
  readonly home: string;
  /** The project, absolute. */
  readonly cwd: string;
  /** An environment variable by name; without it, no variable is set. */
  readonly env?: ((name: string) => string | undefined) | undefined;
}

export interface DetectOptions extends TargetPlace {
  readonly exists: (path: string) => Promise<boolean>;
}

export const listTargets = (): readonly Target[] => targetTable;

/** By id or alias; upper and lower case do not matter. */
export function findTarget(idOrAlias: string): Target | undefined {
  const wanted = idOrAlias.toLowerCase();
  return targetTable.find(({ id, aliases }) => id === wanted || aliases.includes(wanted));
}

/** The tools that have left a trace on this machine or in this project, in the table's order. */
export async function detectTargets({ exists, ...place }: DetectOptions): Promise<Target[]> {
  const found = await Promise.all(
    targetTable.map(async (target) => {
      const traces = await Promise.all(target.detect.map((path) => exists(resolvePath(target, path, place))));
      return traces.includes(true) ? [target] : [];
    }),
  );
  return found.flat();
}

/**
 * Absolute path of the folder in which the tool looks for skills. A tool that reads no folder of a project has only
 * the global one.
 */
export function targetFolder(target: Target, { global, ...place }: TargetPlace & { readonly global: boolean }): string {
  if (!global && target.projectDir !== undefined) return join(place.cwd, target.projectDir);
  return resolvePath(target, target.globalDir, place);
}

function resolvePath({ env }: Target, path: string, place: TargetPlace): string {
  const moved = env && place.env?.(env.variable);
  // A relative value would lead somewhere else from every folder; the XDG rules say to ignore it.
  if (moved && isAbsolute(moved) && isBelow(path, env.replaces)) return join(moved, path.slice(env.replaces.length));
  if (path.startsWith("~/")) return join(place.home, path.slice(2));
  return isAbsolute(path) ? path : join(place.cwd, path);
}

const isBelow = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
