import { chmod, link, mkdir, readFile, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type ReleaseFile, describeFiles, makeArchive, sha256Hex } from "@paks/schema";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { type StoreOptions, entryPath, openStore } from "./store.ts";

const files: readonly ReleaseFile[] = [
  { path: "SKILL.md", executable: false, bytes: Buffer.from("---\nname: pdf\n---\n") },
  { path: "scripts/run.sh", executable: true, bytes: Buffer.from("echo hi\n") },
];
const { digest } = describeFiles(files);
const other: readonly ReleaseFile[] = [{ path: "SKILL.md", executable: false, bytes: Buffer.from("other\n") }];

async function open(options: Partial<StoreOptions> = {}) {
  const folder = options.folder ?? join(await tempFolder(), "store");
  const notes: string[] = [];
  const store = openStore({
    folder,
    read: true,
    maxBytes: 1e9,
    clock: () => new Date(),
    note: (text) => void notes.push(text),
    debug: () => undefined,
    ...options,
  });
  return { folder, notes, store, path: entryPath(folder, digest) };
}

const plain = (found: readonly ReleaseFile[] | undefined) =>
  found?.map(({ path, executable, bytes }) => ({ path, executable, text: Buffer.from(bytes).toString("utf8") }));

test("what was put comes out with its modes, for another process too", async () => {
  const { folder, store } = await open();
  expect(await store.find(digest)).toBeUndefined();
  await store.put(digest, files);
  const { store: second } = await open({ folder });
  expect(plain(await second.find(digest))).toEqual(plain(files));
  expect(plain(await second.find(digest, { archive: sha256Hex(await makeArchive(files)) }))).toEqual(plain(files));
});

test("every damage is found, told once, deleted, and mended by the next put", async () => {
  const { path, notes, store } = await open();
  await store.put(digest, files);
  const good = await readFile(path);
  const flipped = Buffer.from(good);
  flipped[good.length >> 1]! ^= 1;
  const damages = [
    flipped,
    good.subarray(0, good.length - 9),
    Buffer.alloc(0),
    Buffer.from("<html>"),
    await makeArchive(other),
  ];
  for (const [index, bytes] of damages.entries()) {
    await writeFile(path, bytes);
    expect(await store.find(digest)).toBeUndefined();
    expect(notes).toHaveLength(index + 1);
    await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
    await store.put(digest, files);
    expect(plain(await store.find(digest))).toEqual(plain(files));
  }
});

test("every single byte that is changed gives the recorded files or none", async () => {
  const { path, store } = await open();
  await store.put(digest, files);
  const good = await readFile(path);
  const found: unknown[] = [];
  for (let at = 0; at < good.length; at += 1) {
    const bytes = Buffer.from(good);
    bytes[at]! ^= 0x20;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    const one = await store.find(digest);
    if (one !== undefined) found.push(plain(one));
  }
  // A byte of the header that means nothing, such as the file system it was made on.
  expect(found.every((one) => isDeepStrictEqual(one, plain(files)))).toBe(true);
});

test("the same files with other modes are not given to whoever knows the archive", async () => {
  const { notes, store } = await open();
  await store.put(
    digest,
    files.map((one) => ({ ...one, executable: true })),
  );
  const archive = await makeArchive(files);
  expect(await store.find(digest, { archive: sha256Hex(archive) })).toBeUndefined();
  await store.putArchive(digest, archive);
  expect(plain(await store.find(digest, { archive: sha256Hex(archive) }))).toEqual(plain(files));
  expect(notes).toEqual([]);
});

test("links and folders in the place of an entry are not followed", async () => {
  const { path, store } = await open();
  await store.put(digest, files);
  const copy = `${path}.copy`;
  await link(path, copy);
  await rm(path);
  await symlink(copy, path);
  expect(await store.find(digest)).toBeUndefined();
  await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
  await mkdir(join(path, "full"), { recursive: true });
  expect(await store.find(digest)).toBeUndefined();
  await store.put(digest, files);
  expect(plain(await store.find(digest))).toEqual(plain(files));
});

test("a store that cannot be used is an empty one, and that is told once", async () => {
  const folder = join(await tempFolder(), "file");
  await writeFile(folder, "in the way");
  const { store, notes } = await open({ folder });
  await store.put(digest, files);
  await store.put(digest, files);
  expect(await store.find(digest)).toBeUndefined();
  expect(await readFile(folder, "utf8")).toBe("in the way");
  expect(notes).toEqual([
    expect.stringMatching(/not kept for the next time: .*file cannot be written \((?:ENOTDIR|EEXIST)\)/),
  ]);
});

test.runIf(process.getuid?.() !== 0)("a store that may not be written is read", async () => {
  const { folder, store } = await open();
  await store.put(digest, files);
  await chmod(folder, 0o500);
  expect(plain(await store.find(digest))).toEqual(plain(files));
});

test("--no-cache does not read and writes anew", async () => {
  const { folder, path, store } = await open();
  await store.put(digest, files);
  const { store: blind } = await open({ folder, read: false });
  expect(await blind.find(digest)).toBeUndefined();
  await writeFile(path, "damaged");
  await blind.put(digest, files);
  expect(plain(await store.find(digest))).toEqual(plain(files));
});

test("eight writers and eight readers at once see whole entries only, and leave no draft", async () => {
  const { folder } = await open();
  const both = [files, other].map((one) => ({ digest: describeFiles(one).digest, files: one }));
  const rounds = Array.from({ length: 8 }, async () => {
    const { store, notes } = await open({ folder });
    for (let round = 0; round < 20; round += 1)
      for (const one of both) {
        await store.put(one.digest, one.files);
        expect(plain(await store.find(one.digest))).toEqual(plain(one.files));
      }
    expect(notes).toEqual([]);
  });
  await Promise.all(rounds);
  expect(await readdir(join(folder, "tmp"))).toEqual([]);
});

test("once a day what was used longest ago goes when there is too much, and what killed processes left", async () => {
  const day = 86_400_000;
  let now = Date.now();
  const bytes = (await makeArchive(files)).length + (await makeArchive(other)).length;
  const { folder, store, path } = await open({ maxBytes: bytes - 1, clock: () => new Date(now) });
  await store.put(digest, files);
  await mkdir(join(folder, "tmp"), { recursive: true });
  await writeFile(join(folder, "tmp", "draft"), "half");
  const answers = join(dirname(folder), "answers", "tmp");
  await mkdir(answers, { recursive: true });
  await writeFile(join(answers, "draft"), "half");
  const old = new Date(now - 2 * day);
  for (const one of [path, join(folder, "tmp", "draft"), join(answers, "draft")]) await utimes(one, old, old);
  const { digest: second } = describeFiles(other);
  await store.put(second, other);
  // Not before a day is over: looking through a large store takes time.
  expect(plain(await store.find(second))).toEqual(plain(other));
  await readFile(path);
  now += day + 1000;
  const { store: tomorrow } = await open({ folder, maxBytes: bytes - 1, clock: () => new Date(now) });
  await tomorrow.put(second, other);
  await expect(readFile(path)).rejects.toMatchObject({ code: "ENOENT" });
  expect(plain(await tomorrow.find(second))).toEqual(plain(other));
  for (const one of [join(folder, "tmp"), answers]) expect(await readdir(one)).toEqual([]);
});

test("what is used stays: a find renews an entry that is about to be too old", async () => {
  const { path, store } = await open();
  await store.put(digest, files);
  const old = new Date(Date.now() - 86_400_000);
  await utimes(path, old, old);
  await store.find(digest);
  const { mtimeMs } = await import("node:fs/promises").then(({ stat }) => stat(path));
  expect(Date.now() - mtimeMs).toBeLessThan(60_000);
});
