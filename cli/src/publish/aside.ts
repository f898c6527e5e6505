import { existsSync } from "node:fs";
import { join } from "node:path";
import { putAside, putBack, putBackCommand, readStashLog, type StatusEntry } from "@paks/git/work-tree";
import { formatPakId, readManifest } from "@paks/schema";
import type { Context } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import { splitEntries } from "./git-checks.ts";
import { EndedHere, type Fault } from "./options.ts";
import type { PakContent } from "./pak-content.ts";
import type { Gathered } from "./plan.ts";
import { type ReleasePlan, topTree, withoutSignal } from "./release-plan.ts";
import type { RepositoryFacts } from "./repository-facts.ts";
import { findWritten } from "./version-edit.ts";

/** Uncommitted files that git can keep while the committed ones are published. */
export interface Aside {
  readonly entries: readonly StatusEntry[];
  /** From the top folder; "" is the whole repository. */
  readonly path: string;
}

/** What would have to be put aside; nothing when there is nothing, or when git could not put it back. */
export function findAside({ facts, content }: Gathered): Aside | undefined {
  const { status, place } = facts;
  const { own, others } = splitEntries(status, place.path);
  const manifests = manifestPaths(facts, content);
  const left = findWritten(content) === undefined ? own : own.filter(({ path }) => !manifests.has(path));
  // Without a committed pak there is nothing to publish.
  if (left.length === 0 || content.manifest.committed.size === 0) return undefined;
  // git keeps the index as a whole: what is staged on both sides comes back only together.
  const isStaged = ({ staged }: StatusEntry) => staged;
  const whole = others.some(isStaged);
  const entries = whole ? status.entries : own;
  // git would find the untracked file in the way of itself.
  const stays = ({ path, removed }: StatusEntry) => removed === true && existsSync(join(place.root, path));
  if (entries.some((entry) => entry.conflict || stays(entry))) return undefined;
  return { entries, path: whole ? "" : place.path };
}

const manifestPaths = ({ place }: RepositoryFacts, { manifest }: PakContent): Set<string> =>
  new Set([...manifest.workTree.keys()].map((file) => (place.path === "" ? file : `${place.path}/${file}`)));

/** What would be read if it were put aside already: so the plan is known before anything is touched. */
export function asIfAside(gathered: Gathered, aside: Aside): Gathered {
  const { facts, content } = gathered;
  const gone = new Set(aside.entries.map(({ path }) => path));
  const touched = [...manifestPaths(facts, content)].some((path) => gone.has(path));
  const committed = new Map([...content.manifest.committed].map(([file, bytes]) => [file, Buffer.from(bytes)]));
  return {
    ...gathered,
    facts: {
      ...facts,
      status: { ...facts.status, entries: facts.status.entries.filter(({ path }) => !gone.has(path)) },
    },
    content: touched ? { ...content, manifest: { ...content.manifest, workTree: committed } } : content,
  };
}

function describeAside({ entries, path }: Aside): string {
  const names = entries.slice(0, 5).map((entry) => safe(entry.path));
  const list = `${names.join(", ")}${entries.length > 5 ? ` and ${entries.length - 5} more` : ""}`;
  return `${path === "" ? "Not committed in this repository" : "Not committed in this pak"}: ${list}.`;
}

/** What is committed is released already, so these files are all that there is to say. */
export function tellNotCommitted(context: Context, aside: Aside): void {
  context.warn(`${describeAside(aside)} Your changes are not committed, so there is nothing to release.`);
}

/** Asks whether to. */
export async function askAside(context: Context, aside: Aside): Promise<boolean> {
  return await context.prompts.confirm({
    message: `${describeAside(aside)} Stash that, publish what is committed, and put it back afterwards?`,
    instead: "git stash -u",
    initial: true,
  });
}

const prefix = "paks publish ";
const messageOf = ({ id, version }: ReleasePlan): string => `${prefix}${formatPakId(id)}@${version}`;

interface Put {
  readonly aside: Aside;
  readonly plan: ReleasePlan;
  readonly fault: Fault;
}

/** Does the work with the files out of the way. They come back whatever becomes of it, Ctrl-C included. */
export async function withAside<T>(context: Context, { aside, plan, fault }: Put, work: () => Promise<T>): Promise<T> {
  const tree = withoutSignal(topTree(plan));
  const { prompts } = context;
  const entry = await prompts.undisturbed(
    async () => await putAside(tree, { path: aside.path, message: messageOf(plan) }),
  );
  const bringBack = async (): Promise<void> => {
    const { state, name } = await prompts.undisturbed(async () => await putBack(tree, entry));
    if (state === "kept") {
      context.warn(
        `What was put aside could not be put back cleanly; git keeps it as ${name}. Look at git status: where conflicts are marked, resolve them and git stash drop '${name}'; where nothing is back, ${putBackCommand({ name })}`,
      );
    } else if (state === "unstaged") {
      context.warn(
        `What was put aside is back, but nothing of it is staged any more. git keeps it as ${name} too; when you do not need that: git stash drop '${name}'`,
      );
    }
  };
  let done: T;
  try {
    fault("put-aside");
    done = await work();
  } catch (error) {
    if (!(error instanceof EndedHere)) await bringBack();
    throw error;
  }
  await bringBack();
  return done;
}

/** git puts nothing back over files that are not committed, and some or all of it may be back already. */
function wayBack(entry: LeftAside, { status, place }: RepositoryFacts): string {
  const { own, others } = splitEntries(status, place.path);
  if (own.length === 0 && !others.some(({ staged }) => staged)) return `Put them back: ${putBackCommand(entry)}`;
  const later = { name: entry.name.replace(/\d+/, (count) => String(Number(count) + 1)) };
  return `There are uncommitted files too, so they may be back already; compare: git stash show -p --include-untracked '${entry.name}'. When all is back: git stash drop '${entry.name}'. When not: git stash push --include-untracked, then ${putBackCommand(later)}`;
}

type LeftAside = Awaited<ReturnType<typeof readStashLog>>[number];

/** Tells of files that a publish of this pak put aside and was ended before it could put them back. */
export async function tellLeftAside(context: Context, { facts, content }: Gathered): Promise<void> {
  const entries = await readStashLog(facts.place.gitDir);
  if (entries.length === 0) return;
  const { name } = readManifest(content.manifest.committed, { profile: "lenient" }).manifest ?? {};
  for (const entry of name === undefined ? [] : entries) {
    const [, release = ""] = /: paks publish (\S+)$/.exec(entry.message) ?? [];
    if (!release.includes(`/${name}@`)) continue;
    context.warn(
      `git keeps files that a publish of ${safe(release)} put aside and could not put back. ${wayBack(entry, facts)}`,
    );
  }
}
