import { parsePakId, type PakId } from "@paks/schema";
import { basename } from "node:path";
import type { Registry } from "../../registry.ts";
import { readAllTrailers } from "../account.ts";
import type { PublishOptions } from "../options.ts";
import type { Outside } from "../outside.ts";
import { settle } from "../problems.ts";
import type { WholeRepository } from "../repository-facts.ts";
import { inParallel } from "./in-parallel.ts";
import type { Sides } from "../which-registry.ts";
import { findLastRelease, type LastRelease, type TagIndex } from "./tag-index.ts";

/** A pak's last release, by a tag of ours that the remote has, of which the registry was never told. */
export interface Untold {
  readonly path: string;
  readonly version: string;
  readonly tag: string;
}

interface From {
  readonly sides: Sides;
  readonly whole: WholeRepository;
  readonly outside: Outside;
  readonly options: PublishOptions;
  /** Folders of all paks. */
  readonly folders: readonly string[];
}

interface Candidate {
  readonly path: string;
  readonly last: LastRelease;
}

/**
 * What an earlier run pushed while the registry was away. Nothing has changed since, so nothing else would ever lead
 * there. Many paks are asked about by the list of the account's, a hundred in a request; the rest one by one, eight at
 * a time. A registry that does not answer makes no list: it is told that elsewhere.
 */
export async function findUntold(from: From, tags: TagIndex): Promise<readonly Untold[]> {
  const { whole, outside, options, folders } = from;
  if (!options.push || options.skipRegistry) return [];
  const there = new Map((outside.refs.value ?? []).map((ref) => [ref.name, ref.object]));
  const pushed = folders.flatMap((path): Candidate[] => {
    const last = findLastRelease(tags, { name: basename(path), path, prefix: options.tagPrefix });
    return last && there.get(last.ref.name) === last.ref.object ? [{ path, last }] : [];
  });
  const untold: Untold[] = [];
  for (const group of await groupByRegistry(from, pushed)) untold.push(...(await findUntoldOf(whole, group)));
  return untold;
}

/** Paks of one account, and the registry that its names are in. */
interface Group {
  readonly registry: Registry;
  readonly account: string;
  readonly pushed: readonly Candidate[];
}

/** Where accounts are mapped, no registry is asked about a pak before its tag has said whose it is. */
async function groupByRegistry(
  { sides, whole, outside, options }: From,
  pushed: readonly Candidate[],
): Promise<readonly Group[]> {
  if (!outside.isRegistryOpen) {
    const account = options.account ?? outside.me.value?.account;
    return account ? [{ registry: outside.registry, account, pushed }] : [];
  }
  const refs = pushed.map(({ last }) => last.ref);
  const read = await readAllTrailers(whole.tree, refs);
  const byAccount = new Map<string, Candidate[]>();
  for (const candidate of pushed) {
    const asserted = read.get(candidate.last.ref.object);
    const account = asserted && parsePakId(asserted.package).account;
    if (account === undefined || (options.account ?? account) !== account) continue;
    byAccount.set(account, [...(byAccount.get(account) ?? []), candidate]);
  }
  const groups: Group[] = [];
  for (const [account, own] of byAccount) {
    const { registry, me } = await sides.of(account);
    if (me.value && (options.account ?? me.value.account) === account) groups.push({ registry, account, pushed: own });
  }
  return groups;
}

async function findUntoldOf(whole: WholeRepository, { registry, account, pushed }: Group): Promise<readonly Untold[]> {
  const asked = await settle(leaveOutListed(registry, account, pushed));
  const unsure = asked.value ?? [];
  // The folder is called as the pak is, except at the top: there the tag has to say it.
  const isKnown = async ({ path, last }: Candidate): Promise<boolean> =>
    path !== "" && (await isRecorded(registry, { account, name: basename(path) }, last.version));
  const missing = await settle(listMissing(unsure, isKnown));
  return await keepOurs({ whole, registry, account }, missing.value ?? []);
}

const fewEnoughToAskEach = 8;
const perPage = 100;

/** Without those whose newest release is the account's newest of that name. */
async function leaveOutListed(
  registry: Registry,
  account: string,
  paks: readonly Candidate[],
): Promise<readonly Candidate[]> {
  if (paks.length <= fewEnoughToAskEach) return paks;
  const listed = new Set<string>();
  for (let page = 1, total = 1; (page - 1) * perPage < total; page += 1) {
    const { items, meta } = await registry.search({ account, limit: perPage, page });
    for (const { name, version } of items) listed.add(`${name}@${version}`);
    total = items.length === 0 ? 0 : meta.total;
  }
  return paks.filter(({ path, last }) => !listed.has(`${basename(path)}@${last.version}`));
}

async function listMissing<T>(items: readonly T[], isKnown: (item: T) => Promise<boolean>): Promise<readonly T[]> {
  const known = await inParallel(
    items.map((item) => async () => await isKnown(item)),
    8,
  );
  return items.filter((_item, at) => known[at] === false);
}

const isRecorded = async (registry: Registry, id: PakId, version: string): Promise<boolean> =>
  (await registry.findRelease(id, version)) !== undefined;

/** Those whose tag says that `paks publish` made it for this account, in this folder. */
async function keepOurs(
  {
    whole,
    registry,
    account,
  }: { readonly whole: WholeRepository; readonly registry: Registry; readonly account: string },
  paks: readonly Candidate[],
): Promise<readonly Untold[]> {
  if (paks.length === 0) return [];
  const read = await readAllTrailers(
    whole.tree,
    paks.map(({ last }) => last.ref),
  );
  const ours = paks.flatMap(({ path, last }) => {
    const asserted = read.get(last.ref.object);
    if (!asserted || asserted.version !== last.version || asserted.path !== path) return [];
    const id = parsePakId(asserted.package);
    return id.account === account ? [{ path, id, ...last }] : [];
  });
  const missing = await settle(
    listMissing(ours, async ({ path, id, version }) => path === "" && (await isRecorded(registry, id, version))),
  );
  return (missing.value ?? []).map(({ path, version, ref }) => ({
    path,
    version,
    tag: ref.name.slice("refs/tags/".length),
  }));
}
