import { chmod, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "./testing/index.ts";
import { replaceFiles, replaceUnsynced, sweepDrafts, writeNewFile } from "./write-file.ts";

test("of files that are replaced together none is when one cannot be, and no draft stays", async () => {
  const folder = await tempFolder();
  const [first, second] = [join(folder, "a"), join(folder, "b")];
  await writeFile(first, "old");
  // A file where the second one's folder would have to be.
  await writeFile(second, "in the way");
  const files = [
    { path: first, bytes: "new" },
    { path: join(second, "c"), bytes: "new" },
  ];
  await expect(replaceFiles(files)).rejects.toBeDefined();
  expect(await readFile(first, "utf8")).toBe("old");
  expect((await readdir(folder)).sort()).toEqual(["a", "b"]);
});

test("a file that is replaced has the mode that was asked for, whatever the umask", async () => {
  const path = join(await tempFolder(), "deep", "er", "a");
  const before = process.umask(0o077);
  try {
    await replaceFiles([{ path, bytes: "x", mode: 0o755 }]);
  } finally {
    process.umask(before);
  }
  expect((await stat(path)).mode & 0o777).toBe(0o755);
});

test("what is there is never written over as a new file", async () => {
  const path = join(await tempFolder(), "a");
  await writeFile(path, "mine");
  await chmod(path, 0o600);
  expect(() => writeNewFile(path, "theirs", 0o644)).toThrow("EEXIST");
  expect(await readFile(path, "utf8")).toBe("mine");
  expect((await stat(path)).mode & 0o777).toBe(0o600);
});

test("a replacement that cannot be renamed in leaves no draft", async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, "a", "b"), { recursive: true });
  expect(() => replaceUnsynced({ path: join(folder, "a"), bytes: "x" })).toThrow(/EISDIR|ENOTEMPTY|EEXIST/);
  expect(await readdir(folder)).toEqual(["a"]);
});

test("only drafts are swept", async () => {
  const folder = await tempFolder();
  for (const name of [".0123456789ab.new", ".0123456789ab.newer", "0123456789ab.new", ".env.new"])
    await writeFile(join(folder, name), "");
  sweepDrafts(folder);
  expect((await readdir(folder)).sort()).toEqual([".0123456789ab.newer", ".env.new", "0123456789ab.new"]);
});
