import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { fetchTag, readPakFiles } from "@paks/git";
import { defaultLimits, parseRepositoryUrl } from "@paks/schema";
import { putAway } from "./measure.ts";
import { type GitLab, openGitLab, skillText } from "./git-lab.ts";
import type { Comparison } from "./report.ts";

/** Reading one tag as the registry does it, against what everybody does: `git clone --depth 1 --branch <tag>`. */
export async function compareFetch(runs: number): Promise<Comparison[]> {
  const lab = await openGitLab();
  try {
    const single = await lab.pushed("single", { "SKILL.md": skillText("single") });
    const many = await lab.pushed("many", manySkills(300));
    const comparisons: Comparison[] = [];
    for (const [name, repository, path] of [
      ["single skill", single, ""],
      ["one of 300 skills", many, "skills/skill-7"],
    ] as const) {
      await lab.git(repository.dir, "tag", "v0.1.0");
      await lab.git(repository.dir, "push", "--quiet", "origin", "v0.1.0");
      comparisons.push(await compareOne(lab, { name, remote: repository.remote, path, runs }));
    }
    return comparisons;
  } finally {
    await lab.close();
  }
}

/** 12 KB a skill that does not compress: text that repeats would flatter the clone. */
const manySkills = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, index) => [
      `skills/skill-${index}/SKILL.md`,
      skillText(`skill-${index}`, randomBytes(9000).toString("base64")),
    ]),
  );

async function compareOne(
  lab: GitLab,
  one: { readonly name: string; readonly remote: string; readonly path: string; readonly runs: number },
): Promise<Comparison> {
  const policy = { hosts: ["*"], protocols: ["http"], allowPrivate: true };
  const cage = { policy, limits: defaultLimits, scratchRoot: join(lab.root, "scratch"), machine: process.env };
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let run = 0; run <= one.runs; run += 1) {
    const first = performance.now();
    const snapshot = await fetchTag(cage, parseRepositoryUrl(one.remote, policy), "v0.1.0");
    await readPakFiles(snapshot, one.path, defaultLimits);
    await snapshot.close();
    const second = performance.now();
    const clone = join(lab.root, "clone");
    await lab.git(lab.root, "clone", "--quiet", "--depth", "1", "--branch", "v0.1.0", one.remote, clone);
    const third = performance.now();
    putAway(lab.root, clone);
    // The first round warms both sides up.
    if (run > 0) {
      ours.push(second - first);
      theirs.push(third - second);
    }
  }
  const measured = (name: string, times: number[]) => {
    times.sort((a, b) => a - b);
    return { name, times, median: times[Math.floor(times.length / 2)]! };
  };
  return {
    what: `read a tag (${one.name}) / shallow clone`,
    ours: measured("paks", ours),
    theirs: measured("git clone", theirs),
  };
}
