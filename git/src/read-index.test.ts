import { join } from "node:path";
import { expect, test } from "vitest";
import { readIndex } from "./read-index.ts";
import { gitRepo } from "./testing/index.ts";

const env = { PATH: process.env["PATH"] };

test("lists what is staged below the folder, with paths from there, and not what only lies in the work tree", async () => {
  const repo = await gitRepo({ "a/x ü.txt": "1", "b.txt": "2" });
  try {
    await repo.write({ "a/staged.txt": "3", "a/not-staged.txt": "4" });
    await repo.git("add", "a/staged.txt");
    const paths = (await readIndex({ dir: join(repo.dir, "a"), env })).map(({ path, mode, stage }) => [
      path,
      mode,
      stage,
    ]);
    expect(paths).toEqual([
      ["staged.txt", "100644", 0],
      ["x ü.txt", "100644", 0],
    ]);
  } finally {
    await repo.remove();
  }
});

test("reads the index that a running commit uses, and only when it is named", async () => {
  const repo = await gitRepo({ "a.txt": "1" });
  try {
    const indexFile = join(repo.dir, "empty-index");
    expect(await readIndex({ dir: repo.dir, env, indexFile })).toEqual([]);
    expect(await readIndex({ dir: repo.dir, env: { ...env, GIT_INDEX_FILE: indexFile } })).toHaveLength(1);
  } finally {
    await repo.remove();
  }
});

test("a folder outside any repository is told as that", async () => {
  await expect(readIndex({ dir: "/", env })).rejects.toMatchObject({ code: "NOT_A_REPOSITORY" });
});
