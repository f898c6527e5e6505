import { type DetectOptions, type Target, settleTarget, targetFolder } from "@paks/targets";
import type { Context } from "./context.ts";
import { placeOf } from "./install/scope.ts";
import { findRoot } from "./workspace/open-workspace.ts";

/** What `--json` says of an agent. */
export interface AgentFacts {
  readonly id: string;
  readonly name: string;
  readonly aliases: readonly string[];
  /** Relative to a project; null when it reads none. */
  readonly project_dir: string | null;
  /** Absolute, with what the environment changes; null when it reads only projects. */
  readonly global_dir: string | null;
  /** Its own folder, where `global_dir` is the one that many tools share. */
  readonly own_global_dir: string | null;
  readonly layout: Target["layout"];
  readonly copy_only: boolean;
  /** What shows that it is here. */
  readonly detected_by: readonly string[];
  /** What package.json has to depend on as well; null for most. */
  readonly dependency: string | null;
  /** Variables that move its folders. */
  readonly environment: readonly string[];
  readonly detected: boolean;
  /** `install` uses it when no `--agent` is given. */
  readonly default: boolean;
  /** The configuration says something about it. */
  readonly configured: boolean;
  readonly note: string | null;
}

/** What the table's paths mean in the project of the folder that a command runs in. */
export const placeHere = async (context: Context): Promise<DetectOptions> => placeOf(context, await findRoot(context));

export async function factsOf(context: Context, row: Target, detected: boolean): Promise<AgentFacts> {
  const place = await placeHere(context);
  const target = await settleTarget(row, place);
  const folder = (target: Target) => targetFolder(target, { ...place, global: true }) ?? null;
  const { id, aliases } = target;
  return {
    id,
    name: target.name,
    aliases,
    project_dir: target.projectDir ?? null,
    global_dir: folder(target),
    own_global_dir: folder({ ...target, readsSharedHome: false }),
    layout: target.layout,
    copy_only: target.copyOnly,
    detected_by: target.detect,
    dependency: target.dependency ?? null,
    environment: target.env.map(({ variable }) => variable),
    detected,
    default: context.config.defaultAgents.some(
      (one) => one.toLowerCase() === id || aliases.includes(one.toLowerCase()),
    ),
    configured: Object.hasOwn(context.config.agents, id),
    note: target.note ?? null,
  };
}
