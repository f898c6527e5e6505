import { execFileSync } from "node:child_process";
import { executables } from "../harness/executables.ts";
import { type GitLab, openGitLab, skillText } from "./git-lab.ts";
import { measureInTurn, type Side } from "./measure.ts";
import type { Comparison } from "./report.ts";

/** The author's own work between two releases; both sides start from it. Without it the same bump is the same release. */
const changeOne = `echo change >> SKILL.md; git commit --quiet --all --message change`;

/** What a person would type: the version edited by sed, one commit, one tag, one atomic push. */
const byHand = `set -e
n=$(cat .git/count 2>/dev/null || echo 1); n=$((n + 1)); echo $n > .git/count
sed -i "s/version: .*/version: \\"0.1.$n\\"/" SKILL.md
git commit --quiet --all --message "chore: bump version to 0.1.$n"
git tag --annotate --message "Release v0.1.$n" "v0.1.$n"
git push --quiet --atomic origin HEAD:refs/heads/main "refs/tags/v0.1.$n"`;

const paks = 500;
const changedPaks = ["pak-7", "pak-123", "pak-456"];
const files = changedPaks.map((name) => `skills/${name}/SKILL.md`).join(" ");
const manifests = Object.fromEntries(
  Array.from({ length: paks }, (_, at) => [`skills/pak-${at}/SKILL.md`, skillText(`pak-${at}`)]),
);
const tagThree = changedPaks.map((name) => `git tag --annotate --message Release "${name}--v0.1.$n"`).join("\n");

/** The same release of three paks by a script that knows already what has changed. */
const threeByHand = `set -e
n=$(cat .git/count 2>/dev/null || echo 0); n=$((n + 1)); echo $n > .git/count
sed -i "s/version: .*/version: \\"0.1.$n\\"/" ${files}
git commit --quiet --all --message bump
${tagThree}
git push --quiet --atomic origin HEAD:refs/heads/main ${changedPaks.map((name) => `"refs/tags/${name}--v0.1.$n"`).join(" ")}`;

/** Reads what planning has to read: every file's name and all manifests. */
const readByHand = `set -e
node -e 0
git ls-tree -r HEAD > .git/listing
cut -c13-52 .git/listing | git cat-file --batch > .git/manifests`;

/** The author's own work between two releases; both sides start from it. */
const changeThree = `for file in ${files}; do echo change >> $file; done; git commit --quiet --all --message change`;

/** 500 paks, each released once, here and on the remote. */
async function openMonorepo(lab: GitLab, name: string): Promise<string> {
  const { dir } = await lab.pushed(name, manifests);
  for (const path of Object.keys(manifests))
    await lab.git(dir, "tag", "--annotate", "--message", "Release", `${path.split("/")[1]}--v0.1.0`);
  await lab.git(dir, "push", "--quiet", "origin", "--tags");
  return dir;
}

/** A repository of 500 paks, three of them changed: planning alone, and the whole release. */
export async function compareMonorepo(runs: number): Promise<Comparison[]> {
  const lab = await openGitLab();
  try {
    const ours = await openMonorepo(lab, "ours");
    const theirs = await openMonorepo(lab, "theirs");
    const change = (cwd: string) => execFileSync("sh", ["-c", changeThree], { cwd, env: lab.env });
    const common = ["publish", "--changed", "--bump", "patch", "--skip-registry", "--account", "acme", "--yes"];
    const paksSide = { file: process.execPath, cwd: ours, env: lab.env };
    const planning = { ...paksSide, name: "plan", args: [executables.paks, ...common, "--no-push", "--dry-run"] };
    const publishing = {
      ...paksSide,
      name: "publish --changed",
      args: [executables.paks, ...common],
      before: () => change(ours),
    };
    change(ours);
    const [plan, read] = await measureInTurn(
      [planning, { name: "node + ls-tree + cat-file", file: "sh", args: ["-c", readByHand], cwd: ours, env: lab.env }],
      runs,
    );
    const planNote = await countGit(lab, [planning]);
    const script = { name: "git by hand", file: "sh", args: ["-c", threeByHand], cwd: theirs, env: lab.env };
    const scriptSide = { ...script, before: () => change(theirs) };
    const [publish, hand] = await measureInTurn([publishing, scriptSide], runs);
    for (const dir of [ours, theirs]) await requireTags(lab, dir, paks + changedPaks.length * (runs + 1));
    if (!plan || !read || !publish || !hand) throw new Error("a side is missing");
    return [
      {
        what: "plan of 3 in 500 / node + ls-tree + cat-file",
        ours: plan,
        theirs: read,
        atMost: 3,
        note: planNote,
      },
      {
        what: "publish 3 of 500 / git commit + 3 tags + push",
        ours: publish,
        theirs: hand,
        atMost: 3,
        note: await countGit(lab, [publishing, scriptSide]),
      },
    ];
  } finally {
    await lab.close();
  }
}

/** A side that finds nothing to release would be quick for the wrong reason. */
async function requireTags(lab: GitLab, dir: string, expected: number): Promise<void> {
  const tags = (await lab.git(dir, "tag")).split("\n").filter((tag) => tag !== "").length;
  if (tags !== expected) throw new Error(`${dir} has ${tags} tags, expected ${expected}`);
}

/** How many times each side starts git, told by git itself; what git starts by itself is not counted. */
async function countGit(lab: GitLab, sides: readonly Side[]): Promise<string> {
  const counts: number[] = [];
  for (const { before, ...side } of sides) {
    before?.();
    counts.push(await lab.countGit(async () => void (await measureInTurn([side], 0))));
  }
  return `git processes: ${counts.join(" / ")}`;
}

/** A release without the registry's part, CLI start-up included, against the bare git commands over the same HTTP. */
export async function comparePublish(runs: number): Promise<Comparison[]> {
  const lab = await openGitLab();
  try {
    const ours = await lab.pushed("ours", { "SKILL.md": skillText("ours") });
    const theirs = await lab.pushed("theirs", { "SKILL.md": skillText("theirs") });
    const change = (cwd: string) => execFileSync("sh", ["-c", changeOne], { cwd, env: lab.env });
    const publishing = {
      before: () => change(ours.dir),
      name: "paks publish --skip-registry",
      file: process.execPath,
      args: [executables.paks, "publish", "--bump", "patch", "--skip-registry", "--account", "acme", "--yes"],
      cwd: ours.dir,
      env: lab.env,
    };
    const script = {
      before: () => change(theirs.dir),
      name: "git by hand",
      file: "sh",
      args: ["-c", byHand],
      cwd: theirs.dir,
      env: lab.env,
    };
    const [paks, git] = await measureInTurn([publishing, script], runs);
    for (const { dir } of [ours, theirs]) await requireTags(lab, dir, runs + 1);
    if (!paks || !git) throw new Error("a side is missing");
    const note = await countGit(lab, [publishing, script]);
    return [{ what: "publish --skip-registry / bare git", ours: paks, theirs: git, atMost: 3, note }];
  } finally {
    await lab.close();
  }
}
