import type { Place, TagForm, WorkTree } from "@paks/git/work-tree";
import type { FileFact, Finding, Kind, PakId, ReleaseDto } from "@paks/schema";
import type { Registry } from "../registry.ts";
import type { Overwrites } from "./overwrites.ts";
import type { VersionEdit } from "./version-edit.ts";

/** `done`: by an earlier run, or there was nothing to do. */
export type StepState = "todo" | "done" | "skipped";
export const stepNames = ["edit", "commit", "tag", "push", "index"] as const;
export type StepName = (typeof stepNames)[number];

/** Everything that a publish will do, decided before anything is done. */
export interface ReleasePlan {
  readonly tree: WorkTree;
  readonly place: Place;
  /** That is told of the release. */
  readonly registry: Registry;
  readonly kind: Kind;
  readonly id: PakId;
  readonly version: string;
  /** The version in the manifest before; `undefined` when it had none. */
  readonly previous: string | undefined;
  readonly digest: string;
  readonly files: readonly Pick<FileFact, "path" | "size">[];
  /** Of all files together. */
  readonly bytes: number;
  /** The branch here. */
  readonly branch: string;
  /** HEAD's commit when the plan was made. */
  readonly head: string;
  readonly remote: { readonly name: string; readonly branch: string };
  /** Address that the release names. */
  readonly repository: string;
  readonly edit: VersionEdit | undefined;
  readonly tag: {
    readonly name: string;
    readonly message: string;
    readonly form: TagForm;
    /** Id of the tag of this name that is here and is overwritten. */
    readonly replaces?: string | undefined;
    /** The commit that it is on, when that is not HEAD's: an earlier run made it, and no other commit is of the pak since. */
    readonly standsAt?: string | undefined;
  };
  readonly overwrites: Overwrites;
  /** HEAD's commit names this release: a run before has prepared it. */
  readonly prepared: boolean;
  readonly steps: Readonly<Record<StepName, StepState>>;
  /** The last release before this one, when the registry was never told of it. */
  readonly untold?: string | undefined;
  /** The registry's record, when everything was done before. */
  readonly published: ReleaseDto | undefined;
  /** Flags of `paks publish` that name this same release once it is pushed. */
  readonly rerun: readonly string[];
  readonly warnings: readonly Finding[];
  readonly notes: readonly string[];
}

/** The same repository, seen from its top folder. */
export const topTree = ({ tree, place }: Pick<ReleasePlan, "tree" | "place">): WorkTree => ({
  ...tree,
  dir: place.root,
});

/** Taking back and saying what stayed must not end with the Ctrl-C that asks for it. */
export const withoutSignal = (tree: WorkTree): WorkTree => ({ ...tree, signal: undefined });

/** A file of the pak as git names it: from the top folder. */
export const pathInRepository = ({ place }: Pick<ReleasePlan, "place">, file: string): string =>
  place.path === "" ? file : `${place.path}/${file}`;

/** Whether anything is left to be done in git, here or on the remote; else only the registry is told. */
export const hasGitWork = ({ steps }: Pick<ReleasePlan, "steps">): boolean =>
  [steps.edit, steps.commit, steps.tag, steps.push].includes("todo");
