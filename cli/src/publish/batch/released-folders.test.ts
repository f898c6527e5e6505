import { expect, test } from "vitest";
import { gitRepo } from "@paks/git/testing";
import { readReleasedFolders } from "./released-folders.ts";

const files = {
  "SKILL.md": "top",
  "skills/a/SKILL.md": "a",
  "skills/b/SKILL.md": "b",
  "skills/with space/SKILL.md": "c",
  "tools/deep/x/SKILL.md": "d",
};

async function openRepo() {
  const repo = await gitRepo(files);
  const tree = { dir: repo.dir, env: process.env, interactive: false };
  return { repo, tree, commit: await repo.git("rev-parse", "HEAD") };
}

test.each(["", "skills/a", "skills/b", "skills/with space", "tools/deep/x"])(
  "the id of %j is git's own, asked for alone and beside its neighbours",
  async (path) => {
    const { repo, tree, commit } = await openRepo();
    const expected = await repo.git("rev-parse", `HEAD:${path}`);
    const alone = await readReleasedFolders(tree, [{ commit, path }]);
    expect(alone.idOf({ commit, path })).toBe(expected);
    const all = ["", "skills/a", "skills/b", "skills/with space", "tools/deep/x"].map((each) => ({
      commit,
      path: each,
    }));
    expect((await readReleasedFolders(tree, all)).idOf({ commit, path })).toBe(expected);
    expect(alone.head?.oid).toBe(commit);
  },
);

test("a folder that was not there differs from every folder, and from a commit that is not here", async () => {
  const { tree, commit } = await openRepo();
  const absent = "0123456789012345678901234567890123456789";
  const folders = ["skills/none", "skills/none too", "other/none"].map((path) => ({ commit, path }));
  const { idOf } = await readReleasedFolders(tree, [...folders, { commit: absent, path: "skills/a" }]);
  expect(folders.map(idOf)).toEqual(["", "", ""]);
  expect(idOf({ commit: absent, path: "skills/a" })).toBeUndefined();
});
