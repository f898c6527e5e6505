import {
  type Lock,
  type PakDto,
  compareVersions,
  emptyLock,
  formatPakId,
  isPaksError,
  isVersion,
  parsePakId,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { openRegistries } from "../install/install-plan.ts";
import { listNeighbours } from "../install/list-neighbours.ts";
import { findSkillsFolder } from "../install/scope.ts";
import { askInWaves } from "../workspace/ask-in-waves.ts";
import { findLocked, findLockedId } from "../workspace/entry.ts";
import { type HeldBack, findHolder, resolveAsked } from "../workspace/held-back.ts";
import { type OpenWorkspace, findWorkspace } from "../workspace/open-workspace.ts";
import type { Root } from "../workspace/resolve.ts";
import { type Neighbour, resolveAmong } from "../workspace/resolve-among.ts";
import { openUniverse } from "../workspace/universe.ts";
import { isRegistryWish, listWishes, rangesOf } from "../workspace/wish.ts";
import { type NewerRelease, foreseeUnlocked } from "./foresee-unlocked.ts";
import type { ListRow } from "./list-paks.ts";
import type { OutdatedRow } from "./outdated-paks.ts";

/** What the next `update` would choose, as far as that can be said without fetching anything. */
export interface Foreseen {
  /** `undefined`: it cannot be said, or the pak goes. */
  takenOf(id: string): string | undefined;
  /** What keeps a version away that is newer than the taken one; `undefined` when asking for it brings it. */
  findHeld(id: string, latest: string): Promise<HeldBack | undefined>;
}

/** Of a project; paks of git, npm and folders count as they are locked. */
export async function foreseeUpdate(context: Context, { workspace, root, lock }: OpenWorkspace): Promise<Foreseen> {
  const wishes = listWishes(workspace, root);
  const others = wishes.filter((wish) => !isRegistryWish(wish));
  const roots: Root[] = [
    ...wishes.filter(isRegistryWish).map((wish) => ({ requires: rangesOf(wish) })),
    ...others.map((wish) => ({ label: wish.text, requires: findLocked(lock.paks, wish)?.entry.dependencies ?? {} })),
  ];
  return await foresee(context, { roots, lock, wish: workspace.registry });
}

/** Of a pak that no lock knows: it follows the newest that goes together with what is installed beside it. */
async function foreseeAlone(context: Context, id: string, root: string | undefined): Promise<Foreseen> {
  const place = findSkillsFolder(context, { global: root === undefined, dir: undefined, root });
  const neighbours = await listNeighbours(place.skillsFolder, emptyLock);
  const roots = [{ requires: { [id]: "latest" } }];
  return await foresee(context, { roots, lock: emptyLock, wish: undefined, neighbours });
}

interface Asking {
  readonly roots: readonly Root[];
  readonly lock: Pick<Lock, "paks">;
  /** Registry that the project asks for. */
  readonly wish: string | undefined;
  /** What no lock knows. */
  readonly neighbours?: readonly Neighbour[];
}

async function foresee(context: Context, { roots, lock: { paks }, wish, neighbours = [] }: Asking): Promise<Foreseen> {
  const registryFor = openRegistries(context, wish);
  const locked = listVersions(paks, () => true);
  const resolving = {
    roots,
    preferred: listVersions(paks, ({ pinned }) => pinned === true),
    universe: openUniverse(registryFor, paks),
  };
  const asked = await orNothing(async () => {
    await askInWaves({ roots, preferred: resolving.preferred, registryFor, paks });
    const resolve = (more: readonly Root[]) => resolveAsked({ ...resolving, roots: [...roots, ...more] }, new Set());
    return await resolveAmong(neighbours, resolve, (chosen) =>
      [...chosen.keys()].map((id) => ({ identity: id, folder: parsePakId(id).name })),
    );
  });
  const takenOf = (id: string) => asked?.chosen.get(id)?.version;
  return {
    takenOf,
    findHeld: async (id, latest) => {
      const taken = takenOf(id) ?? null;
      const held = asked?.heldBack.find(({ pak }) => pak === id);
      if (held !== undefined || (taken !== null && compareVersions(latest, taken) <= 0)) return held;
      // As `install` would: what is locked stays where it can.
      return await findHolder({ ...resolving, preferred: locked }, { id, version: latest, taken });
    },
  };
}

const listVersions = (paks: Lock["paks"], isMeant: (entry: Lock["paks"][string]) => boolean): Map<string, string> =>
  new Map(
    Object.values(paks).flatMap((entry) =>
      entry.resolved.type === "registry" && isMeant(entry)
        ? [[formatPakId(entry.resolved), entry.resolved.version] as const]
        : [],
    ),
  );

/** What `update` itself would fail with it tells itself. */
async function orNothing<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (isPaksError(error) && error.code !== "CANCELLED") return undefined;
    throw error;
  }
}

/** A pak of a list, and what was found out about it. */
export interface FoundRow {
  readonly row: ListRow;
  readonly found: OutdatedRow;
}

/** With what `update` would really take, and what keeps the newest away. Asks nothing where nothing is newer. */
export async function nameHolders(
  context: Context,
  rows: readonly FoundRow[],
  opened: OpenWorkspace | undefined,
): Promise<OutdatedRow[]> {
  const concerned = new Map(rows.flatMap((one) => listConcerned(one).map((release) => [one.row, release] as const)));
  const unlocked = await foreseeUnlocked(
    context,
    [...concerned.values()].filter(({ row }) => row.locked === undefined),
    opened,
  );
  let project: Promise<Foreseen> | undefined;
  const named: OutdatedRow[] = [];
  for (const { row, found } of rows) {
    const release = concerned.get(row);
    const alone = unlocked.get(row);
    if (alone !== undefined) named.push(withForeseen(found, alone));
    else if (release === undefined || opened === undefined) named.push(found);
    else {
      const id = formatPakId(release.origin);
      const foreseen = await (project ??= foreseeUpdate(context, opened));
      const held = await foreseen.findHeld(id, release.latest);
      named.push(withForeseen(found, { taken: foreseen.takenOf(id) ?? found.wanted, held }));
    }
  }
  return named;
}

function listConcerned({ row, found: { state, latest } }: FoundRow): NewerRelease[] {
  const origin = row.locked?.resolved ?? row.pak?.record.origin;
  const isConcerned = state === "outdated" && origin?.type === "registry" && latest !== null && isVersion(latest);
  return isConcerned ? [{ row, origin, latest }] : [];
}

const withForeseen = (
  found: OutdatedRow,
  { taken, held }: { readonly taken: string | null; readonly held: HeldBack | undefined },
): OutdatedRow => ({
  ...found,
  wanted: taken,
  updatable: taken !== null && taken !== found.current,
  held_back: held ?? null,
});

/** What the next `update` makes of one pak; nothing is said where the project's files cannot be read. */
export async function foreseeOne(
  context: Context,
  { latest: { version }, ...pak }: PakDto,
  isInProject: boolean,
): Promise<{ readonly taken?: string | undefined; readonly held?: HeldBack | undefined }> {
  const id = formatPakId(pak);
  const found = await orNothing(async () => {
    const opened = isInProject ? await findWorkspace(context) : undefined;
    const isLocked = opened !== undefined && findLockedId(opened.lock.paks, id) !== undefined;
    const foreseen = await (isLocked ? foreseeUpdate(context, opened) : foreseeAlone(context, id, opened?.root));
    return { taken: foreseen.takenOf(id), held: isVersion(version) ? await foreseen.findHeld(id, version) : undefined };
  });
  return found ?? {};
}
