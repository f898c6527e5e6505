import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testGit } from "@paks/git/testing";
import type { RunOptions } from "../../testing/index.ts";
import { type Lab, skillText } from "../testing/lab.ts";

/** The pak that is to be refused. */
export interface Target {
  /** "" is the root. */
  readonly path: string;
  readonly name: string;
  /** What `--bump patch` would release. */
  readonly next: string;
}

/** What a situation is: of one pak or by `--changed`, before the first release or behind it. */
export type Trait = "single" | "all" | "changed" | "unreleased" | "released";

/** One thing that stands in the way of a release, and what has to be said about it. */
export interface Refusal {
  readonly what: string;
  readonly code: string;
  readonly exit: number;
  /** What the hint or message must tell. */
  readonly tells: string;
  /** Makes it so. Of the whole repository it is called once, of a pak for each that is to be refused. */
  readonly arrange?: (lab: Lab, target: Target) => Promise<Partial<RunOptions> | void>;
  /** Instead of `--bump patch`. */
  readonly args?: readonly string[];
  /** It stands in the way of every pak of the repository. */
  readonly ofAll?: boolean;
  /** The situations that can have it; all when absent. */
  readonly only?: Trait;
}

export const hook = (lab: Lab, name: string, script: string) =>
  writeFile(join(lab.bare, "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

export const ownHook = (lab: Lab, name: string, script: string) =>
  writeFile(join(lab.repo.dir, ".git", "hooks", name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

export const fileIn = ({ path }: Target, file: string): string => (path === "" ? file : `${path}/${file}`);

export const tagOf = ({ path, name, next }: Target): string => (path === "" ? `v${next}` : `${name}--v${next}`);

/** Files of the pak, committed and pushed. */
export async function commitIn(lab: Lab, target: Target, files: Record<string, string | Buffer>): Promise<void> {
  await lab.repo.write(Object.fromEntries(Object.entries(files).map(([file, text]) => [fileIn(target, file), text])));
  await lab.repo.commit("Break something");
  await lab.repo.git("push", "-q");
}

/** The manifest as it is, with another text for a part of it. */
export async function changeManifest(lab: Lab, target: Target, change: (text: string) => string): Promise<void> {
  await commitIn(lab, target, { "SKILL.md": change(skillText("0.1.0", target.name)) });
}

/** A tag that leads somewhere else: to a commit without any file. */
export async function tagElsewhere(lab: Lab, tag: string): Promise<void> {
  const tree = await lab.repo.git("hash-object", "-t", "tree", "-w", "/dev/null");
  await lab.repo.git("tag", "-a", "-m", "x", tag, await lab.repo.git("commit-tree", "-m", "x", tree));
}

/** A tag that only the remote has. */
export async function tagOnRemote(lab: Lab, tag: string): Promise<void> {
  await tagElsewhere(lab, tag);
  await lab.repo.git("push", "-q", "origin", `refs/tags/${tag}`);
  await lab.repo.git("tag", "-d", tag);
}

const somebody = {
  ...{ GIT_AUTHOR_NAME: "b", GIT_AUTHOR_EMAIL: "b@x.y" },
  ...{ GIT_COMMITTER_NAME: "b", GIT_COMMITTER_EMAIL: "b@x.y" },
};

/** A commit that nobody here has, on the remote's side; nothing leads to it yet. */
export async function commitElsewhere(lab: Lab): Promise<string> {
  const commit = (await lab.remote("rev-parse", "main")).trim();
  const args = ["commit-tree", "-p", commit, "-m", "elsewhere", `${commit}^{tree}`];
  return (await testGit(lab.bare, args, { env: somebody })).trim();
}

/** Another clone pushes a commit that the author has not seen. */
export const pushFromElsewhere = async (lab: Lab): Promise<void> =>
  void (await lab.remote("update-ref", "refs/heads/main", await commitElsewhere(lab)));
