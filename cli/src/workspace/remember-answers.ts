import {
  type PakDto,
  type PakId,
  type PakRef,
  type ReleaseDto,
  formatPakId,
  formatPakRef,
  isPaksError,
} from "@paks/schema";
import type { Context } from "../context.ts";
import type { MadeChoice } from "../registry-choice.ts";
import type { Registry } from "../registry.ts";
import type { Told } from "../registry-many.ts";

/** What a registry says of a pak as a whole, wherever it says it. */
export type PakFacts = Pick<PakDto, "repository"> & Partial<PakId> & Readonly<Record<string, unknown>>;

/** A registry that is asked each thing once: the plan and the fetch want to know the same. */
export interface RememberingRegistry extends Registry {
  /** Why this one, for whoever finds that it should be another. */
  readonly chosen?: MadeChoice | undefined;
  /**
   * Asks at once for what will be asked one by one. Whatever goes wrong is thrown by whoever asks for that pak.
   * @returns the releases that the selectors chose, as far as they are known now
   */
  prepare(refs: readonly PakRef[], options?: { readonly evenKept: boolean }): Promise<readonly ReleaseDto[]>;
  findFacts(id: PakId): Promise<PakFacts | undefined>;
}

export function rememberAnswers(registry: Registry, chosen?: MadeChoice): RememberingRegistry {
  const versions: Memory["versions"] = new Map();
  const releases: Memory["releases"] = new Map();
  const facts: Memory["facts"] = new Map();
  const many = new Map<string, Told>();
  const isNew = (ref: PakRef): boolean =>
    ref.selector === undefined ? !versions.has(formatPakId(ref)) : !releases.has(formatPakRef(ref));
  const remembering: RememberingRegistry = {
    ...registry,
    chosen,
    listVersions: (id) => remember(versions, formatPakId(id), () => registry.listVersions(id)),
    findRelease: (id, selector) =>
      remember(releases, `${formatPakId(id)}@${selector}`, async () => {
        const release = await registry.findRelease(id, selector);
        const isAsked = release?.account === id.account && release.name === id.name;
        if (isAsked) releases.set(`${formatPakId(id)}@${release.version}`, Promise.resolve(release));
        return release;
      }),
    // Whoever plans an install remembers for himself, and asks whoever looked for newer versions before.
    lookUp: async (refs, options) => {
      const open = refs.filter((ref) => !many.has(formatPakRef(ref)));
      const told = open.length === 0 ? [] : await registry.lookUp(open, options);
      for (const one of told) many.set(formatPakRef(one.ref), one);
      return refs.flatMap((ref) => many.get(formatPakRef(ref)) ?? []);
    },
    findFacts: (id) => remember(facts, formatPakId(id), async () => await registry.findPak(id)),
    prepare: async (refs, options) => {
      const open = [...new Map(refs.filter(isNew).map((ref) => [formatPakRef(ref), ref])).values()];
      if (open.length === 1) return await askAlone(remembering, open[0]!);
      const told = await remembering.lookUp(open, options);
      for (const one of told) takeOver({ versions, releases, facts }, one);
      return told.flatMap((one) => one.told?.release ?? []);
    },
  };
  return remembering;
}

/** One is asked for at its own address, where an unchanged answer costs no bytes. */
async function askAlone(registry: Registry, ref: PakRef): Promise<readonly ReleaseDto[]> {
  try {
    const { selector } = ref;
    const found = selector === undefined ? await registry.listVersions(ref) : await registry.findRelease(ref, selector);
    const isAsked = found !== undefined && !Array.isArray(found) && formatPakId(found) === formatPakId(ref);
    return isAsked ? [found] : [];
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    return [];
  }
}

interface Memory {
  readonly versions: Map<string, ReturnType<Registry["listVersions"]>>;
  readonly releases: Map<string, ReturnType<Registry["findRelease"]>>;
  readonly facts: Map<string, Promise<PakFacts | undefined>>;
}

function takeOver(memory: Memory, { ref, told, failure }: Told): void {
  const id = formatPakId(ref);
  if (failure !== undefined) {
    for (const answers of [memory.versions, memory.facts]) answers.set(id, failed(failure));
    if (ref.selector !== undefined) memory.releases.set(formatPakRef(ref), failed(failure));
    return;
  }
  const { versions, release, repository = null, deprecated, moved_to } = told;
  memory.versions.set(id, Promise.resolve(versions ?? []));
  memory.facts.set(id, Promise.resolve(versions && { repository, deprecated, moved_to }));
  if (ref.selector === undefined || (release === undefined && versions !== undefined)) return;
  memory.releases.set(formatPakRef(ref), Promise.resolve(release ?? undefined));
  if (release) memory.releases.set(`${id}@${release.version}`, Promise.resolve(release));
}

/** Thrown to whoever asks, and to nobody when nobody does. */
function failed(failure: Error): Promise<never> {
  const answer = Promise.reject(failure);
  answer.catch(() => undefined);
  return answer;
}

function remember<T>(answers: Map<string, Promise<T>>, key: string, ask: () => Promise<T>): Promise<T> {
  const answer = answers.get(key) ?? ask();
  answers.set(key, answer);
  return answer;
}

export interface RememberingRegistries {
  registryFor(account: string, wish?: string): RememberingRegistry;
  registryAt(url: string): RememberingRegistry;
}

/** All registries of a command, each of which is asked each thing once. */
export function rememberRegistries(context: Pick<Context, "registryFor" | "registryAt">): RememberingRegistries {
  const clients = new Map<Registry, RememberingRegistry>();
  const remembered = (registry: Registry): RememberingRegistry => {
    const client = clients.get(registry) ?? rememberAnswers(registry);
    clients.set(registry, client);
    return client;
  };
  return {
    registryFor: (account, wish) => remembered(context.registryFor(account, wish)),
    registryAt: (url) => remembered(context.registryAt(url)),
  };
}

/** @param refs of any accounts; each registry hears only of its own */
export async function prepareAll(
  registryOf: (ref: PakRef) => RememberingRegistry | undefined,
  refs: readonly PakRef[],
  options?: { readonly evenKept: boolean },
): Promise<readonly ReleaseDto[]> {
  const groups = new Map<RememberingRegistry, PakRef[]>();
  for (const ref of refs) {
    const registry = registryOf(ref);
    if (registry === undefined) continue;
    const group = groups.get(registry);
    if (group) group.push(ref);
    else groups.set(registry, [ref]);
  }
  const found = await Promise.all([...groups].map(async ([registry, group]) => await registry.prepare(group, options)));
  return found.flat();
}
