import { testGit } from "@paks/git/testing";
import type { Lab } from "./lab.ts";

const somebody = {
  GIT_AUTHOR_NAME: "b",
  GIT_AUTHOR_EMAIL: "b@x.y",
  GIT_COMMITTER_NAME: "b",
  GIT_COMMITTER_EMAIL: "b@x.y",
};

/** Another clone pushes a commit that the author has not seen. */
export async function pushFromElsewhere(lab: Lab): Promise<void> {
  const [commit = "", tree = ""] = (await lab.remote("rev-parse", "main", "main^{tree}")).trim().split("\n");
  const args = ["commit-tree", "-p", commit, "-m", "elsewhere", tree];
  const made = await testGit(lab.bare, args, { env: somebody });
  await lab.remote("update-ref", "refs/heads/main", made.trim());
}
