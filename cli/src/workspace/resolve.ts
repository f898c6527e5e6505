import { PaksError, compareVersions, isPrerelease, isVersion, selectVersion, versionKey } from "@paks/schema";

/** `account/name` → range, exact version or channel. */
export type Ranges = Readonly<Record<string, string>>;

/** What is known of the paks that may be chosen. */
export interface Universe {
  /** Empty: there is no such pak. */
  listVersions(id: string): Promise<readonly { readonly version: string; readonly yanked: boolean }[]>;
  listDependencies(id: string, version: string): Promise<Ranges>;
  /** The version that a registry gives to whoever asks with this range alone. */
  findNewest?(id: string, range: string): Promise<string | undefined>;
  /** What is taken where nothing that can be had will do: what is here already, and nobody gives out any more. */
  findLast?(id: string): Promise<string | undefined>;
}

/** Something that asks for paks and is not chosen itself: the workspace, or a pak of git, npm or a folder. */
export interface Root {
  /** Stands at the beginning of a path; absent: the workspace, which goes without saying. */
  readonly label?: string;
  readonly requires: Ranges;
}

export interface Resolving {
  readonly roots: readonly Root[];
  /** Versions that stay when they fit, e.g. those of the lock. */
  readonly preferred: ReadonlyMap<string, string>;
  readonly universe: Universe;
}

export interface Resolved {
  readonly version: string;
  readonly dependencies: Ranges;
}

const mostSteps = 20_000;
const mostPaks = 1000;

/**
 * One version for each pak that anything asks for, the highest that fit, preferred ones first. Finds a solution when
 * there is one: a choice that does not work out is taken back, the latest that had a part in the failure first.
 * @throws PaksError DEPENDENCY_CONFLICT with the paths that led there, PAK_NOT_FOUND
 */
export async function resolvePaks(resolving: Resolving): Promise<ReadonlyMap<string, Resolved>> {
  const { chosen, conflict } = await searchPaks(resolving);
  if (conflict === undefined) return chosen;
  throw explainConflict(conflict);
}

export interface Searched {
  readonly chosen: ReadonlyMap<string, Resolved>;
  /** Of each pak the version that would have been chosen first, where it did not work out. */
  readonly passed: ReadonlyMap<string, string>;
  /** Absent: everything is chosen. */
  readonly conflict: Conflict | undefined;
}

/** The same for whoever wants to know what was not taken, or puts the conflict in other words. */
export async function searchPaks(resolving: Resolving): Promise<Searched> {
  const search: Search = { ...resolving, chosen: new Map(), passed: new Map(), steps: 0, conflict: undefined };
  const failed = await chooseNext(search);
  return { chosen: search.chosen, passed: search.passed, conflict: failed && search.conflict };
}

interface Chosen extends Resolved {
  /** Who asked for it first; `undefined`: a root. */
  readonly path: readonly string[];
}

interface Search extends Resolving {
  /** In the order of the choices. */
  readonly chosen: Map<string, Chosen>;
  readonly passed: Map<string, string>;
  steps: number;
  /** The first one met: it is about the newest versions, which is what people expect to get. */
  conflict: Conflict | undefined;
}

export interface Requirement {
  /** `undefined`: a root, which cannot be chosen otherwise. */
  readonly by: string | undefined;
  readonly range: string;
  /** What led there, without the pak itself. */
  readonly path: readonly string[];
}

/** What cannot be had together. */
export interface Conflict {
  readonly id: string;
  readonly isKnown: boolean;
  readonly requirements: readonly Requirement[];
}

/** Paks of which another version may help; `undefined` when everything is chosen. */
type Blame = ReadonlySet<string | undefined> | undefined;

async function chooseNext(search: Search): Promise<Blame> {
  const id = findOpen(search);
  if (id === undefined) return undefined;
  const asked = listRequirements(search, id);
  const blame = new Set(asked.map(({ by }) => by));
  let any = false;
  let first: string | undefined;
  for await (const version of listCandidates(search, id, asked)) {
    if (version !== search.preferred.get(id)) first ??= version;
    any = true;
    requireStep(search);
    const failed = await tryVersion(search, { id, version, path: [...asked[0]!.path, `${id}@${version}`] });
    if (failed === undefined && first !== undefined && first !== version) search.passed.set(id, first);
    if (failed === undefined || !failed.has(id)) return failed;
    for (const one of failed) if (one !== id) blame.add(one);
  }
  if (!any)
    search.conflict ??= { id, requirements: asked, isKnown: (await search.universe.listVersions(id)).length > 0 };
  return blame;
}

interface Choice {
  readonly id: string;
  readonly version: string;
  readonly path: readonly string[];
}

/** What is to blame when this version does not work out; always with the pak itself when another version may. */
async function tryVersion(search: Search, { id, version, path }: Choice): Promise<Blame> {
  const dependencies = await search.universe.listDependencies(id, version);
  for (const [other, range] of Object.entries(dependencies)) {
    const found = other === id ? version : search.chosen.get(other)?.version;
    if (found === undefined || fits(found, range)) continue;
    const requirements = [...listRequirements(search, other), { by: id, range, path }];
    search.conflict ??= { id: other, isKnown: true, requirements };
    return new Set([id, other]);
  }
  search.chosen.set(id, { version, dependencies, path });
  const failed = await chooseNext(search);
  if (failed !== undefined) search.chosen.delete(id);
  return failed;
}

/** The first pak that is asked for and not chosen yet. */
function findOpen({ roots, chosen }: Search): string | undefined {
  for (const { requires } of roots) for (const id of Object.keys(requires)) if (!chosen.has(id)) return id;
  for (const { dependencies } of chosen.values())
    for (const id of Object.keys(dependencies)) if (!chosen.has(id)) return id;
  return undefined;
}

function listRequirements({ roots, chosen }: Search, id: string): Requirement[] {
  const found: Requirement[] = [];
  for (const { label, requires } of roots)
    if (Object.hasOwn(requires, id))
      found.push({ by: undefined, range: requires[id]!, path: label === undefined ? [] : [label] });
  for (const [by, { dependencies, path }] of chosen)
    if (Object.hasOwn(dependencies, id)) found.push({ by, range: dependencies[id]!, path });
  return found;
}

/** Asked for only when it is needed: a lock that still fits needs no registry. */
async function* listCandidates(search: Search, id: string, asked: readonly Requirement[]): AsyncGenerator<string> {
  const fitsAll = (version: string) => asked.every(({ range }) => fits(version, range));
  const preferred = search.preferred.get(id);
  if (preferred !== undefined && fitsAll(preferred)) yield preferred;
  // One question instead of two where nobody else has another say.
  const [{ range }] = asked as [Requirement];
  const isOne = asked.every((one) => one.range === range);
  const newest = isOne ? await search.universe.findNewest?.(id, range) : undefined;
  if (newest !== undefined && newest !== preferred && fitsAll(newest)) yield newest;
  const exact = new Set(asked.filter(({ range }) => isVersion(range)).map(({ range }) => versionKey(range)));
  const offered = (await search.universe.listVersions(id))
    .filter(
      ({ version, yanked }) =>
        version !== preferred && version !== newest && (!yanked || exact.has(versionKey(version))),
    )
    .map(({ version }) => version)
    .filter(fitsAll)
    .sort((a, b) => Number(isPrerelease(a)) - Number(isPrerelease(b)) || compareVersions(b, a));
  yield* offered;
  const last = await search.universe.findLast?.(id);
  if (last !== undefined && last !== preferred && fitsAll(last)) yield last;
}

/** `latest` says which is wanted, not which would do. */
export const fits = (version: string, range: string): boolean =>
  selectVersion([{ version, yanked: false }], range) !== undefined;

function requireStep(search: Search): void {
  search.steps += 1;
  if (search.steps <= mostSteps && search.chosen.size < mostPaks) return;
  throw new PaksError("DEPENDENCY_CONFLICT", "What these paks depend on is too tangled to be worked out.", {
    hint: "Name exact versions of some of them.",
    details: { steps: search.steps, paks: search.chosen.size },
  });
}

const arrow = " → ";

/** Every `account/name@version` on the paths of a conflict that was explained. */
export function listSteps({ details }: PaksError): string[] {
  const paths: unknown = details?.["paths"];
  return Array.isArray(paths) ? paths.flatMap((path) => String(path).split(arrow)) : [];
}

export function explainConflict({ id, isKnown, requirements }: Conflict): PaksError {
  const paths = requirements.map(({ path, range }) => [...path, `${id}@${range}`].join(arrow));
  const details = { pak: id, paths };
  const [only, second] = requirements;
  if (!isKnown)
    return new PaksError("PAK_NOT_FOUND", `The registry does not know ${id}${askedBy(paths, only)}.`, {
      hint:
        only && only.path.length > 0
          ? missingDependency(id, only.path.at(-1)!)
          : `Search with "paks search ${id.slice(id.indexOf("/") + 1)}", or install from git: paks install github:${id}`,
      details,
    });
  if (!second)
    return new PaksError(
      "VERSION_NOT_FOUND",
      `${id} has no release that fits "${only!.range}"${askedBy(paths, only)}.`,
      {
        hint: `"paks info ${id} --versions" shows those there are.`,
        details,
      },
    );
  return new PaksError("DEPENDENCY_CONFLICT", `No version of ${id} fits all that ask for it: ${paths.join("; ")}.`, {
    hint: "One of them has to ask for another range, or has to be another version itself.",
    details,
  });
}

/** What a pak depends on is a name of the registry: it cannot come from git instead. */
const missingDependency = (id: string, by: string): string =>
  `A dependency is a name of the registry. Ask the author of ${by}, take another version of it, or name the registry that has ${id}: paks registry add <name> <url> --account ${id.slice(0, id.indexOf("/"))}`;

const askedBy = (paths: readonly string[], first: Requirement | undefined): string =>
  first === undefined || first.path.length === 0 ? "" : `, which ${paths[0]} asks for`;
