import { execFileSync } from "node:child_process";
import { executables } from "../harness/executables.ts";
import { openGitLab, skillText } from "./git-lab.ts";
import { measureInTurn } from "./measure.ts";
import type { Comparison } from "./report.ts";

/** What a person would type: the version edited by sed, one commit, one tag, one atomic push. */
const byHand = `set -e
n=$(cat .git/count 2>/dev/null || echo 1); n=$((n + 1)); echo $n > .git/count
sed -i "s/version: .*/version: \\"0.1.$n\\"/" SKILL.md
git commit --quiet --all --message "chore: bump version to 0.1.$n"
git tag --annotate --message "Release v0.1.$n" "v0.1.$n"
git push --quiet --atomic origin HEAD:refs/heads/main "refs/tags/v0.1.$n"`;

const paks = 500;
const changedPaks = ["pak-7", "pak-123", "pak-456"];
const manifests = Object.fromEntries(
  Array.from({ length: paks }, (_, at) => [`skills/pak-${at}/SKILL.md`, skillText(`pak-${at}`)]),
);
const touch = changedPaks.map((name) => `echo change >> skills/${name}/SKILL.md`).join("; ");
const tagThree = changedPaks.map((name) => `git tag --annotate --message Release "${name}--v0.1.$n"`).join("\n");

/** The same release of three paks by a script that knows already what has changed. */
const threeByHand = `set -e
n=$(cat .git/count 2>/dev/null || echo 1); n=$((n + 1)); echo $n > .git/count
sed -i "s/version: .*/version: \\"0.1.$n\\"/" ${changedPaks.map((name) => `skills/${name}/SKILL.md`).join(" ")}
git commit --quiet --all --message bump
${tagThree}
git push --quiet --atomic origin HEAD:refs/heads/main ${changedPaks.map((name) => `"refs/tags/${name}--v0.1.$n"`).join(" ")}`;

/** Reads what planning has to read: every file's name and all manifests. */
const readByHand = `set -e
node -e 0
git ls-tree -r HEAD > .git/listing
cut -c13-52 .git/listing | git cat-file --batch > .git/manifests`;

const changeThree = `${touch}; git commit --quiet --all --message change; git push --quiet origin HEAD:refs/heads/main`;

/** A repository of 500 paks, three of them changed: planning alone, and the whole release. */
export async function compareMonorepo(runs: number): Promise<Comparison[]> {
  const lab = await openGitLab();
  try {
    const ours = await lab.pushed("ours", manifests);
    const theirs = await lab.pushed("theirs", manifests);
    const releaseAll = Object.keys(manifests).map((path) => `${path.split("/")[1]}--v0.1.0`);
    for (const tag of releaseAll) await lab.git(ours.dir, "tag", "--annotate", "--message", "Release", tag);
    await lab.git(ours.dir, "push", "--quiet", "origin", "--tags");
    const change = () =>
      execFileSync("sh", ["-c", changeThree.replace(/; git push.*/, "")], { cwd: ours.dir, env: lab.env });
    const common = ["publish", "--changed", "--bump", "patch", "--skip-registry", "--account", "acme", "--yes"];
    const paksSide = { file: process.execPath, cwd: ours.dir, env: lab.env };
    change();
    const [plan, read] = await measureInTurn(
      [
        { ...paksSide, name: "plan of 500", args: [executables.paks, ...common, "--no-push", "--dry-run"] },
        { name: "node + ls-tree + cat-file", file: "sh", args: ["-c", readByHand], cwd: ours.dir, env: lab.env },
      ],
      runs,
    );
    const [publish, script] = await measureInTurn(
      [
        { ...paksSide, name: "publish --changed", args: [executables.paks, ...common], before: change },
        { name: "git commit + 3 tags + push", file: "sh", args: ["-c", threeByHand], cwd: theirs.dir, env: lab.env },
      ],
      runs,
    );
    if (!plan || !read || !publish || !script) throw new Error("a side is missing");
    return [
      { what: "plan of 3 in 500 / node + ls-tree + cat-file", ours: plan, theirs: read, atMost: 3 },
      { what: "publish 3 of 500 / git commit + 3 tags + push", ours: publish, theirs: script, atMost: 3 },
    ];
  } finally {
    await lab.close();
  }
}

/** A release without the registry's part, CLI start-up included, against the bare git commands over the same HTTP. */
export async function comparePublish(runs: number): Promise<Comparison[]> {
  const lab = await openGitLab();
  try {
    const ours = await lab.pushed("ours", { "SKILL.md": skillText("ours") });
    const theirs = await lab.pushed("theirs", { "SKILL.md": skillText("theirs") });
    const [paks, git] = await measureInTurn(
      [
        {
          name: "paks publish --skip-registry",
          file: process.execPath,
          args: [executables.paks, "publish", "--bump", "patch", "--skip-registry", "--account", "acme", "--yes"],
          cwd: ours.dir,
          env: lab.env,
        },
        { name: "git commit + tag + push", file: "sh", args: ["-c", byHand], cwd: theirs.dir, env: lab.env },
      ],
      runs,
    );
    if (!paks || !git) throw new Error("a side is missing");
    return [{ what: "publish --skip-registry / bare git", ours: paks, theirs: git, atMost: 3 }];
  } finally {
    await lab.close();
  }
}
