import type { PaksError } from "@paks/schema";
import type { Context } from "../../context.ts";
import { checkBranch } from "../git-checks.ts";
import { type PublishOptions, requireConsistent } from "../options.ts";
import { askOutside, type Outside } from "../outside.ts";
import { readContents } from "../pak-content.ts";
import { decideRelease } from "../plan.ts";
import { Problems, settle } from "../problems.ts";
import type { ReleasePlan } from "../release-plan.ts";
import { factsOf, readWholeRepository, type WholeRepository } from "../repository-facts.ts";
import { inParallel } from "./in-parallel.ts";
import { listPakFolders, selectChanged, selectNamed, type Selection } from "./select.ts";

export interface PlannedPak {
  /** Folder in the repository. */
  readonly path: string;
  readonly plan?: ReleasePlan | undefined;
  /** Why this one cannot be released. */
  readonly error?: PaksError | undefined;
}

export interface BatchPlan {
  readonly paks: readonly PlannedPak[];
  /** All paks of the repository. */
  readonly total: number;
  /** What stays as it is, for people. */
  readonly note: string | undefined;
}

/**
 * Plans for several paks of one repository. What stands in the way of all of them is thrown, what stands in the way of
 * one stays with that one. The number of git processes does not depend on the number of paks.
 */
export async function planBatch(context: Context, options: PublishOptions, selection: Selection): Promise<BatchPlan> {
  requireConsistent(options);
  const whole = await readWholeRepository(context, options.dir);
  const outside = await askOutside(context, whole, options);
  requireReady(whole, outside);
  const paths = await select(context, { whole, outside, options }, selection);
  const facts = paths.map((path) => factsOf(whole, path));
  const contents = await readContents(facts);
  const wanted = { ...options, onlyChanged: selection.type === "changed" };
  const work = facts.map((each, at) => async (): Promise<PlannedPak> => {
    const { value: content, error } = contents[at]!;
    const { path } = each.place;
    if (!content) return { path, error };
    const decided = await settle(decideRelease(context, { facts: each, content, outside, options: wanted }));
    return { path, plan: decided.value && withoutNeighbours(decided.value), error: decided.error };
  });
  return { paks: await inParallel(work, 8), total: listPakFolders(whole).length, note: describeRest(whole, paths) };
}

interface Read {
  readonly whole: WholeRepository;
  readonly outside: Outside;
  readonly options: PublishOptions;
}

async function select(context: Context, { whole, outside, options }: Read, selection: Selection): Promise<string[]> {
  if (selection.type === "named") return selectNamed(context, whole, selection.paks);
  if (selection.type === "all") return listPakFolders(whole);
  return await selectChanged(whole, outside.refs.value ?? [], options);
}

/** What would stop every pak is said once. */
function requireReady(whole: WholeRepository, outside: Outside): void {
  const problems = new Problems();
  problems.add(checkBranch(whole.status), ...outside.operations);
  const { identity, remote, address, refs, permission, me, health } = outside;
  for (const { error } of [identity, remote, address, refs, permission, me, health]) problems.addError(error);
  problems.requireNone("these releases");
}

/** Uncommitted files of one pak are no news to another. */
const withoutNeighbours = (plan: ReleasePlan): ReleasePlan => ({
  ...plan,
  notes: plan.notes.filter((note) => !note.includes("uncommitted outside this pak")),
});

function describeRest({ status }: WholeRepository, paths: readonly string[]): string | undefined {
  const isInside = (file: string) => paths.some((path) => path === "" || file.startsWith(`${path}/`));
  const count = status.entries.filter(({ path }) => !isInside(path)).length;
  return count === 0
    ? undefined
    : `${count} uncommitted outside these paks: they stay as they are and are not released`;
}
