import { type LockedPak, PaksError, formatLock, originIdentity, parsePakId, type Lock } from "@paks/schema";
import type { Context } from "../context.ts";
import { explainChoice } from "../registry-choice.ts";
import type { Registry } from "../registry.ts";
import { dependenciesOf, makeEntry } from "../workspace/entry.ts";
import type { OpenWorkspace } from "../workspace/open-workspace.ts";
import type { Fetchers, PlannedPak } from "../workspace/plan-install.ts";
import type { Ranges } from "../workspace/resolve.ts";
import { requireTyped } from "../workspace/typed-repositories.ts";
import { type RememberingRegistry, rememberAnswers } from "../workspace/remember-answers.ts";
import type { Fetched } from "./fetched.ts";

/** One client for each account, which is asked nothing twice. `prepared`: what its user makes of it. */
export function openRegistries(
  context: Context,
  wish: string | undefined,
  prepared = (registry: Registry): Registry => registry,
): (account: string) => RememberingRegistry {
  const clients = new Map<string, RememberingRegistry>();
  return (account) => {
    const registry = context.registryFor(account, wish);
    const chosen = explainChoice(context.config, account, wish);
    const key = `${chosen.by} ${registry.url}`;
    const client = clients.get(key) ?? rememberAnswers(prepared(registry), chosen);
    clients.set(key, client);
    return client;
  };
}

interface Fetching {
  readonly root: string;
  readonly registryFor: (account: string) => Registry;
  readonly registryWish: string | undefined;
  readonly from: "archive" | "git" | undefined;
}

const loadReleases = async () => await import("./fetch-release.ts");

/** Fetches each thing once, also when the plan is made again. */
export function openFetchers(context: Context, { root, registryFor, registryWish, from }: Fetching): Fetchers {
  context.whileWaiting(loadReleases);
  const done = new Map<string, Promise<Fetched>>();
  const once = (key: string, fetch: () => Promise<Fetched>): Promise<Fetched> => {
    const answer = done.get(key) ?? fetch();
    done.set(key, answer);
    return answer;
  };
  return {
    expect: (wishes) =>
      context.repositories.expect(wishes.flatMap(({ source }) => (source.type === "git" ? [source] : []))),
    fetchWish: (wish) =>
      once(`wish ${wish.text}`, async () => {
        if (wish.source.type === "local" && !wish.isNamed) {
          const { fetchOwnFolder } = await import("./fetch-local.ts");
          return await fetchOwnFolder(wish.source.path, root);
        }
        const { fetchSource } = await import("./fetch-source.ts");
        if (wish.source.type === "git" && !wish.isNamed) await requireTyped(context, wish.source.url, root);
        const fetched = await fetchSource(wish.text, { ...context, cwd: root });
        // The lock may be all that is left when a repository is gone.
        if (wish.source.type !== "local") await context.store.put(fetched.digest, fetched.files);
        return fetched;
      }),
    fetchRelease: (id, version) =>
      once(`release ${id}@${version}`, async () => {
        const { fetchRelease } = await loadReleases();
        return await fetchRelease({ ...context, registryFor }, { ...parsePakId(id), selector: version }, { from });
      }),
    fetchLocked: (entry) =>
      once(`locked ${originIdentity(entry.resolved)} ${entry.digest}`, async () => {
        const { fetchLocked } = await import("./fetch-locked.ts");
        if (entry.resolved.type === "git") await requireTyped(context, entry.resolved.repository, root);
        return await fetchLocked(entry, context, { root, wish: registryWish, from });
      }),
  };
}

/**
 * The files are the truth about what a pak is and depends on; the lock only repeats it.
 * @throws PaksError LOCKFILE_MISMATCH
 */
export function requireLockedManifest(folder: string, entry: LockedPak, { manifest }: Fetched): void {
  const found = dependenciesOf(manifest.dependencies);
  const details = { folder, locked: entry.dependencies, found };
  if (isSame(found, entry.dependencies)) return;
  throw new PaksError("LOCKFILE_MISMATCH", `paks.lock says that ${folder} depends on other paks than its files say.`, {
    hint: "Take paks.lock from version control again.",
    details,
  });
}

/**
 * What was planned with is what the files say: else the registry has had something left out or added.
 * @throws PaksError LOCKFILE_MISMATCH, INTEGRITY_MISMATCH
 */
export function requireDependencies(pak: PlannedPak, fetched: Fetched): void {
  if (pak.isKept && pak.before) requireLockedManifest(pak.folder, pak.before, fetched);
  const found = dependenciesOf(fetched.manifest.dependencies);
  if (isSame(found, pak.dependencies)) return;
  throw new PaksError(
    "INTEGRITY_MISMATCH",
    `The registry says of ${pak.folder} that it depends on other paks than its files say.`,
    {
      hint: "Nothing was installed. Tell who runs the registry.",
      details: { folder: pak.folder, recorded: pak.dependencies, found },
    },
  );
}

const isSame = (a: Ranges, b: Ranges): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.entries(a).every(([id, range]) => b[id] === range);

export interface EntryChoice {
  readonly agents: readonly string[];
  readonly mode: "link" | "copy";
}

/** The lock's entry for a planned pak; `undefined` for what no other copy of the project could install. */
export function entryOf(
  pak: PlannedPak,
  fetched: Fetched | undefined,
  { root, ...choice }: EntryChoice & { readonly root: string },
): LockedPak | undefined {
  if (!pak.isSaved) return undefined;
  const source = pak.wish?.text ?? null;
  if (pak.isKept && pak.before) return { ...pak.before, ...choice, source };
  return makeEntry(fetched!, { ...choice, source, root, before: pak.before });
}

/** @throws PaksError LOCKFILE_MISMATCH naming what would change */
export function requireFrozen(opened: OpenWorkspace, after: Lock, change: "install" | "add"): void {
  const before = opened.lock;
  if (formatLock(before) === formatLock(after) && change === "install") return;
  const folders = [...new Set([...Object.keys(before.paks), ...Object.keys(after.paks)])].filter(
    (folder) => JSON.stringify(before.paks[folder]) !== JSON.stringify(after.paks[folder]),
  );
  throw new PaksError(
    "LOCKFILE_MISMATCH",
    `paks.lock would change: ${folders.sort().join(", ") || "paks.jsonc too"}.`,
    {
      hint: "Run `paks install` without --frozen and commit paks.lock.",
      details: { folders },
    },
  );
}
