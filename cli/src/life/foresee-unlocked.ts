import {
  type PaksError,
  type RegistryOrigin,
  emptyLock,
  emptyWorkspace,
  formatPakId,
  isPaksError,
  parseSource,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { openFetchers, openRegistries } from "../install/install-plan.ts";
import { listNeighbours } from "../install/list-neighbours.ts";
import type { HeldBack } from "../workspace/held-back.ts";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";
import { planInstall } from "../workspace/plan-install.ts";
import { nameWish } from "../workspace/wish.ts";
import type { ListRow } from "./list-paks.ts";
import { groupByPak, wantedOf } from "./update-unlocked.ts";

/** A pak of a registry that no lock knows, and the newest stable version of it. */
export interface NewerRelease {
  readonly row: ListRow;
  readonly origin: RegistryOrigin;
  readonly latest: string;
}

/** What the next `update` makes of one. */
export interface ForeseenRelease {
  readonly taken: string;
  readonly held: HeldBack | undefined;
}

/**
 * What `update` would take of these, by what else is installed there; only metadata is asked for. Those of a project
 * are each updated by name, all others together.
 */
export async function foreseeUnlocked(
  context: Context,
  releases: readonly NewerRelease[],
  opened: OpenWorkspace | undefined,
): Promise<ReadonlyMap<ListRow, ForeseenRelease>> {
  const foreseen = new Map<ListRow, ForeseenRelease>();
  const places = new Map(releases.map(({ row }) => [row.place.skillsFolder, row.place]));
  for (const { skillsFolder, locked } of places.values()) {
    const here = releases.filter(({ row }) => row.place.skillsFolder === skillsFolder);
    const groups = locked ? here.map((one) => [one]) : groupByPak(here);
    const plan = await openPlanning(context, skillsFolder, locked ? opened : undefined);
    for (const group of groups) for (const [row, one] of await foreseeGroup(group, plan)) foreseen.set(row, one);
  }
  return foreseen;
}

type Plan = (group: readonly NewerRelease[]) => ReturnType<typeof planInstall>;

async function openPlanning(context: Context, skillsFolder: string, project: OpenWorkspace | undefined): Promise<Plan> {
  const opened = project ?? { root: context.cwd, workspace: emptyWorkspace, lock: emptyLock };
  const { root, workspace } = opened;
  const registryFor = openRegistries(context, workspace.registry);
  const fetchers = openFetchers(context, { root, registryFor, registryWish: workspace.registry, from: undefined });
  const neighbours = await listNeighbours(skillsFolder, opened.lock);
  return async (group) => {
    const named = group.map(({ row, origin, latest }) => {
      const { text, as } = wantedOf(row, { state: "newer", text: formatPakId(origin), version: latest });
      return nameWish(parseSource(text), { root, cwd: context.cwd }, as);
    });
    const request = { named, save: false, upgrade: true, isUpdate: true };
    return await planInstall(registryFor, opened, { request, fetchers, neighbours });
  };
}

/** Where not all of them go together `update` goes on one by one. */
async function foreseeGroup(
  group: readonly NewerRelease[],
  plan: Plan,
): Promise<readonly (readonly [ListRow, ForeseenRelease])[]> {
  try {
    const { versions, heldBack } = await plan(group);
    return group.map(({ row, origin }) => {
      const id = formatPakId(origin);
      return [row, { taken: versions.get(id)!, held: heldBack.find(({ pak }) => pak === id) }];
    });
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    if (group.length === 1) return [[group[0]!.row, refusedBy(error, group[0]!)]];
  }
  const alone: (readonly [ListRow, ForeseenRelease])[] = [];
  for (const one of group) alone.push(...(await foreseeGroup([one], plan)));
  return alone;
}

function refusedBy({ message, details }: PaksError, { origin, latest }: NewerRelease): ForeseenRelease {
  const paths: unknown = details?.["paths"];
  const by = Array.isArray(paths) ? paths.map(String) : [];
  const reason = `it could not be worked out: ${message}`;
  const taken = origin.version;
  return { taken, held: { pak: formatPakId(origin), version: latest, taken, by, reason } };
}
