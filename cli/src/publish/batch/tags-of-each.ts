import type { RefFact } from "@paks/git/work-tree";
import { PaksError } from "@paks/schema";
import { basename } from "node:path";
import type { PublishOptions } from "../options.ts";
import type { Outside } from "../outside.ts";
import type { RepositoryFacts, WholeRepository } from "../repository-facts.ts";
import type { PlannedPak } from "./plan-batch.ts";
import { indexTags, listTagsOf, type TagIndex } from "./tag-index.ts";

export interface TagsOfEach {
  /** Here and on the remote. */
  readonly index: TagIndex;
  /** Every tag of the remote is here too. */
  readonly isKnownHere: boolean;
  /** What a pak's plan has to know: only the tags that concern it, so that hundreds of plans stay quick. */
  of(facts: RepositoryFacts, outside: Outside): { readonly facts: RepositoryFacts; readonly outside: Outside };
}

export function tagsOfEach({
  whole,
  outside,
  options,
}: {
  readonly whole: WholeRepository;
  readonly outside: Outside;
  readonly options: PublishOptions;
}): TagsOfEach {
  const here = byName(whole.refs);
  const there = byName(outside.refs.value ?? []);
  const prefix = options.tagPrefix;
  const index = indexOf(whole, outside.refs.value ?? [], options);
  const isKnownHere = [...there.keys()].every((name) => here.has(name) || !name.startsWith("refs/tags/"));
  const pick = (from: ReadonlyMap<string, RefFact>, tags: readonly RefFact[]) =>
    tags.flatMap(({ name }) => from.get(name) ?? []);
  const of: TagsOfEach["of"] = (facts, answers) => {
    const { path } = facts.place;
    // Tags without the pak's name in front may clash with any other.
    if (path === "" || prefix !== undefined) return { facts, outside: answers };
    const tags = listTagsOf(index, { name: basename(path), path });
    const refs = answers.refs.value ? { value: pick(there, tags) } : answers.refs;
    return { facts: { ...facts, refs: pick(here, tags) }, outside: { ...answers, refs } };
  };
  return { index, isKnownHere, of };
}

/** A tag that is in both places counts as it is here. */
export const indexOf = (
  { refs }: Pick<WholeRepository, "refs">,
  remoteRefs: readonly RefFact[],
  { tagPrefix }: PublishOptions,
): TagIndex => indexTags(remoteRefs.length === 0 ? refs : [...byName([...remoteRefs, ...refs]).values()], tagPrefix);

const byName = (refs: readonly RefFact[]): Map<string, RefFact> => new Map(refs.map((ref) => [ref.name, ref]));

/** Two paks of one name, or one prefix for all, would make the same tag: then neither is released. */
export function requireOneTagEach(paks: readonly PlannedPak[]): readonly PlannedPak[] {
  const owners = new Map<string, string[]>();
  for (const { path, plan } of paks) {
    if (plan) owners.set(plan.tag.name, [...(owners.get(plan.tag.name) ?? []), path || "."]);
  }
  return paks.map((pak) => {
    const paths = pak.plan && owners.get(pak.plan.tag.name);
    if (!pak.plan || !paths || paths.length < 2) return pak;
    const message = `${paths.join(" and ")} would both be released by the tag ${pak.plan.tag.name}.`;
    const hint = "Give each pak of a repository a name of its own, and use --tag-prefix for one pak only.";
    return { path: pak.path, error: new PaksError("AMBIGUOUS_MANIFEST", message, { hint }) };
  });
}
