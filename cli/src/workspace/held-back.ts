import { compareVersions, isPaksError, isPrerelease, isVersion } from "@paks/schema";
import {
  type Conflict,
  type Ranges,
  type Requirement,
  type Resolved,
  type Resolving,
  explainConflict,
  searchPaks,
} from "./resolve.ts";

/** A newer version than the one that is taken, which nothing but the other paks keeps away. */
export interface HeldBack {
  /** `account/name`. */
  readonly pak: string;
  readonly version: string;
  /** What is taken instead. */
  readonly taken: string | null;
  /** Each path that leads to what stands in the way: "acme/report@1.0.0 → acme/text@^0.1". */
  readonly by: readonly string[];
  /** For people, to be put behind the version and a colon. */
  readonly reason: string;
}

export interface Asked {
  readonly chosen: ReadonlyMap<string, Resolved>;
  readonly heldBack: readonly HeldBack[];
}

/**
 * Like `resolvePaks`, and says what was passed over.
 * @param strict paks of which somebody asked for the newest by name: an older one is no answer to that
 * @throws PaksError the codes of `resolvePaks`, for what keeps the newest of those away
 */
export async function resolveAsked(resolving: Resolving, strict: ReadonlySet<string>): Promise<Asked> {
  const found = await resolveHeld(resolving);
  const refused = found.heldBack.filter(({ pak }) => strict.has(pak));
  if (refused.length === 0) return found;
  const roots = refused.reduce(fixRoots, resolving.roots);
  return await resolveHeld({ ...resolving, roots });
}

async function resolveHeld(resolving: Resolving): Promise<Asked> {
  const { chosen, passed, conflict } = await searchPaks(resolving);
  if (conflict !== undefined) throw explainConflict(conflict);
  const heldBack: HeldBack[] = [];
  for (const [id, { version: taken }] of chosen) {
    if (resolving.preferred.get(id) === taken) continue;
    const version = (await findNewestAsked(resolving, id)) ?? passed.get(id);
    if (version === undefined || !isNewer(version, taken)) continue;
    heldBack.push(await explainHeld(resolving, chosen, { id, version, taken }));
  }
  return { chosen, heldBack };
}

/** The newest that the workspace asks for; nothing is asked for it, because the plan wanted to know the same. */
async function findNewestAsked({ roots, universe }: Resolving, id: string): Promise<string | undefined> {
  const own = roots.find(({ label, requires }) => label === undefined && Object.hasOwn(requires, id));
  return own && (await universe.findNewest?.(id, own.requires[id]!));
}

/** A prerelease is taken where nothing else fits: it is not what anybody waits for. */
const isNewer = (version: string, taken: string): boolean =>
  isVersion(version) && !(isPrerelease(version) && !isPrerelease(taken)) && compareVersions(version, taken) > 0;

interface Wanted {
  readonly id: string;
  readonly version: string;
  readonly taken: string | null;
}

async function explainHeld(resolving: Resolving, chosen: Asked["chosen"], wanted: Wanted): Promise<HeldBack> {
  const held = await findHolder(resolving, wanted);
  if (held !== undefined) return held;
  // It would do alone: something else that is asked for was given its newest first.
  const others: Ranges = Object.fromEntries(
    [...chosen].flatMap(([id, { version }]) => (id !== wanted.id && isAsked(resolving, id) ? [[id, version]] : [])),
  );
  const fixed = { ...resolving, roots: [...resolving.roots, { requires: others }] };
  return (await findHolder(fixed, wanted)) ?? heldFor(wanted, [], "it does not go together with the others");
}

const isAsked = ({ roots }: Resolving, id: string): boolean =>
  roots.some(({ label, requires }) => label === undefined && Object.hasOwn(requires, id));

/** What keeps this version of a pak away; `undefined` when it can be had by asking for it. */
export async function findHolder(resolving: Resolving, wanted: Wanted): Promise<HeldBack | undefined> {
  try {
    const { conflict } = await searchPaks({
      ...resolving,
      roots: fixRoots(resolving.roots, { ...wanted, pak: wanted.id }),
    });
    return conflict && heldFor(wanted, pathsOf(conflict, wanted), reasonOf(conflict, wanted));
  } catch (error) {
    // Whatever was planned can be done all the same.
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    return heldFor(wanted, [], `it could not be worked out: ${error.message}`);
  }
}

const heldFor = ({ id, version, taken }: Wanted, by: readonly string[], reason: string): HeldBack => ({
  pak: id,
  version,
  taken,
  by,
  reason,
});

/** Exactly this version in place of what the workspace says of the pak; first, so that the others have to go with it. */
function fixRoots(roots: Resolving["roots"], { pak, version }: Pick<HeldBack, "pak" | "version">): Resolving["roots"] {
  const others = roots.map((root) => {
    const { [pak]: own, ...requires } = root.requires;
    return own === undefined || root.label !== undefined ? root : { requires };
  });
  return [{ requires: { [pak]: version } }, ...others];
}

/** Without the wish itself. */
const pathsOf = (conflict: Conflict, wanted: Wanted): string[] =>
  conflict.requirements
    .filter((one) => !isWish(conflict, one, wanted))
    .map(({ path, range }) => [...path, `${conflict.id}@${range}`].join(" → "));

const isWish = (conflict: Conflict, { path, range }: Requirement, { id, version }: Wanted): boolean =>
  conflict.id === id && path.length === 0 && range === version;

function reasonOf(conflict: Conflict, wanted: Wanted): string {
  const { id, isKnown, requirements } = conflict;
  const [first, second] = requirements;
  const itself = `${wanted.id}@${wanted.version}`;
  const asker = first?.path.at(-1);
  const needs = (asker ?? "paks.jsonc") === itself ? "it needs" : `${first?.path.join(" → ") || "paks.jsonc"} needs`;
  if (!isKnown) return `${needs} ${id}, which the registry does not know`;
  if (id === wanted.id) {
    const others = requirements.filter((one) => !isWish(conflict, one, wanted));
    const asking = others.map(({ path, range }) => `${path.join(" → ") || "paks.jsonc"} asks for ${id}@${range}`);
    return asking.join("; ") || "the registry does not give it out";
  }
  if (second === undefined) return `${needs} ${id}@${first!.range}, and no release fits that`;
  return `no version of ${id} fits all that ask for it then: ${pathsOf(conflict, wanted).join("; ")}`;
}
