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
