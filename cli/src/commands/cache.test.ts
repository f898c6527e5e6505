import { mkdir, readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describeFiles } from "@paks/schema";
import { expect, test } from "vitest";
import { entryPath, openStore } from "../store/store.ts";
import { runPaks, tempFolder } from "../testing/index.ts";

async function open() {
  const home = await tempFolder();
  const cache = join(home, ".cache/paks");
  const folder = join(cache, "store");
  const store = openStore({
    folder,
    read: true,
    maxBytes: 1e9,
    clock: () => new Date(),
    note: () => undefined,
    debug: () => undefined,
  });
  const put = async (text: string) => {
    const files = [{ path: "SKILL.md", executable: false, bytes: Buffer.from(text) }];
    const { digest } = describeFiles(files);
    await store.put(digest, files);
    return entryPath(folder, digest);
  };
  const run = async (...argv: string[]) => (await runPaks([...argv, "--json"], { cwd: home, home })).json();
  return { home, cache, put, run };
}

test("cache info counts what is kept", async () => {
  const { cache, put, run } = await open();
  expect(await run("cache", "info")).toMatchObject({ folder: cache, bytes: 0, releases: { count: 0, bytes: 0 } });
  const bytes = (await readFile(await put("one"))).length + (await readFile(await put("two"))).length;
  expect(await run("cache", "info")).toMatchObject({ releases: { count: 2, bytes }, answers: { count: 0 } });
});

test("clean deletes what paks fetched and nothing else; --dry-run deletes nothing", async () => {
  const { cache, put, run } = await open();
  await put("one");
  await mkdir(join(cache, "store", "tmp"), { recursive: true });
  await writeFile(join(cache, "store", "tmp", "left"), "x");
  await writeFile(join(cache, "mine.txt"), "not of paks");
  const planned = await run("cache", "clean", "--dry-run");
  expect(planned).toMatchObject({ dry_run: true, files: 2 });
  expect(await run("cache", "info")).toMatchObject({ releases: { count: 1 } });
  expect(await run("cache", "clean")).toEqual({ ...(planned as object), dry_run: false });
  expect(await run("cache", "info")).toMatchObject({ releases: { count: 0 } });
  expect(await readFile(join(cache, "mine.txt"), "utf8")).toBe("not of paks");
  expect(await readdir(join(cache, "store"))).toEqual(["swept"]);
});

test("compiled code is named, counted once, and cleaned, also where the cache is elsewhere", async () => {
  const { home, cache, run } = await open();
  const file = join(cache, "code", "b1", "list");
  const write = async () => {
    await mkdir(join(file, ".."), { recursive: true });
    await writeFile(file, "x".repeat(2048));
  };
  await write();
  expect(await run("cache", "info")).toMatchObject({ bytes: 2048, code: { count: 1, bytes: 2048 } });
  const elsewhere = { cwd: home, home, environment: { PAKS_CACHE_DIR: join(home, "elsewhere") } };
  expect((await runPaks(["cache", "info"], elsewhere)).stdout).toMatch(
    /^compiled code +1, 2\.0 KiB; .*\neverything +2\.0 KiB$/m,
  );
  expect(await run("cache", "clean")).toMatchObject({ files: 1, bytes: 2048 });
  await write();
  await runPaks(["cache", "clean"], elsewhere);
  await expect(readFile(file)).rejects.toMatchObject({ code: "ENOENT" });
});

test("clean can leave what was used lately", async () => {
  const { put, run } = await open();
  const old = await put("old");
  await put("new");
  const then = new Date(Date.now() - 40 * 86_400_000);
  await utimes(old, then, then);
  expect(await run("cache", "clean", "--older-than", "30d")).toMatchObject({ files: 1 });
  expect(await run("cache", "info")).toMatchObject({ releases: { count: 1 } });
  // 5 may be meant in days.
  for (const amount of ["soon", "5", "30"])
    expect(await run("cache", "clean", "--older-than", amount)).toMatchObject({
      error: { code: "INVALID_PARAMETER", hint: expect.stringContaining("unit") as string },
    });
  expect(await run("cache", "info")).toMatchObject({ releases: { count: 1 } });
});
