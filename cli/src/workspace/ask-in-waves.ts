import {
  type LockedPak,
  type PakRef,
  type ReleaseDto,
  isTaken,
  isVersion,
  parsePakId,
  parseSelector,
  selectVersion,
} from "@paks/schema";
import { eachAtOnce } from "../install/each-at-once.ts";
import { findLockedId } from "./entry.ts";
import { type RememberingRegistry, prepareAll } from "./remember-answers.ts";
import type { Ranges, Resolving } from "./resolve.ts";
import { readDependencies } from "./universe.ts";

interface Asking extends Pick<Resolving, "roots" | "preferred"> {
  readonly registryFor: (account: string) => RememberingRegistry;
  readonly paks: Readonly<Record<string, LockedPak>>;
}

/** Paks that are asked for before anything is chosen; a tangle of more gets no faster by guessing. */
const mostPaks = 1000;
const asksAtOnce = 8;

/**
 * Asks for all that the roots need, then for all that those need, and so on, each time with one request: the search goes
 * from pak to pak and would ask for one after the other. What it is told here is a guess at what it will want to know
 * (the newest that fits who asks first), so nothing fails here.
 */
export async function askInWaves({ roots, preferred, registryFor, paks }: Asking): Promise<void> {
  const seen = new Set<string>();
  let wave = roots.flatMap(({ requires }) => Object.entries(requires));
  while (wave.length > 0 && seen.size < mostPaks) {
    const fresh = takeUnseen(wave, seen);
    const locked = fresh.map(([id, range]) => findStaying(paks, preferred, { id, range }));
    const open = fresh.filter((_, index) => locked[index] === undefined).flatMap(([id, range]) => refOf(id, range));
    const found = await askWave(registryFor, open);
    wave = [...locked.map((entry) => entry?.dependencies ?? {}), ...found.map(readDependencies)].flatMap(
      (one: Ranges) => Object.entries(one),
    );
  }
}

/** Exact versions each at their own address: no limit counts those, and together they would be counted. */
async function askWave(registryFor: Asking["registryFor"], refs: readonly PakRef[]): Promise<readonly ReleaseDto[]> {
  const isExact = ({ selector }: PakRef): boolean => selector !== undefined && isVersion(selector);
  const ranges = refs.filter((ref) => !isExact(ref));
  const [together, alone] = await Promise.all([
    prepareAll(({ account }) => registryFor(account), ranges),
    eachAtOnce(refs.filter(isExact), asksAtOnce, async (ref) => await registryFor(ref.account).prepare([ref])),
  ]);
  return [...together, ...alone.flat()];
}

/** With the range of who asks first. */
function takeUnseen(wave: readonly (readonly [id: string, range: string])[], seen: Set<string>) {
  const fresh: (readonly [id: string, range: string])[] = [];
  for (const one of wave) {
    if (seen.has(one[0])) continue;
    seen.add(one[0]);
    fresh.push(one);
  }
  return fresh;
}

/** What the lock knows and keeps needs nobody to be asked. */
function findStaying(
  paks: Asking["paks"],
  preferred: Asking["preferred"],
  { id, range }: { readonly id: string; readonly range: string },
): LockedPak | undefined {
  const version = preferred.get(id);
  const entry = findLockedId(paks, id)?.entry;
  if (version === undefined || entry?.version !== version || !isTaken(parseSelector, range)) return undefined;
  return selectVersion([{ version, yanked: false }], range) && entry;
}

const refOf = (id: string, range: string): PakRef[] =>
  isTaken(parsePakId, id) && isTaken(parseSelector, range) ? [{ ...parsePakId(id), selector: range }] : [];
