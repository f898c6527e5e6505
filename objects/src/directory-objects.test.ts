import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256Hex } from "@paks/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDirectoryObjects } from "./directory-objects.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "paks-objects-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const bytes = Buffer.from("an archive");

test("what was put comes back under its hash, stored once however often it is put", async () => {
  const objects = await openDirectoryObjects(directory);
  const puts = await Promise.all(Array.from({ length: 8 }, () => objects.put(bytes)));
  expect(new Set(puts.map((put) => put.sha256))).toEqual(new Set([sha256Hex(bytes)]));
  expect(Buffer.from((await objects.get(sha256Hex(bytes)))!)).toEqual(bytes);
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(files).toHaveLength(1);
});

test("an object that is not there is undefined, not an error", async () => {
  const objects = await openDirectoryObjects(directory);
  expect(await objects.get("0".repeat(64))).toBeUndefined();
  expect(await objects.has("0".repeat(64))).toBe(false);
});

test("damaged bytes are never handed out", async () => {
  const objects = await openDirectoryObjects(directory);
  const { sha256 } = await objects.put(bytes);
  await writeFile(join(directory, sha256.slice(0, 2), sha256.slice(2)), "other bytes");
  await expect(objects.get(sha256)).rejects.toMatchObject({ code: "INTEGRITY_MISMATCH" });
});

test.each(["../../etc/passwd", "", "A".repeat(64), "0".repeat(63)])(
  "a name that is not a hash is refused: %j",
  async (name) => {
    const objects = await openDirectoryObjects(directory);
    await expect(objects.get(name)).rejects.toMatchObject({ code: "INTERNAL" });
  },
);

test("a place that cannot be written is named before any work depends on it", async () => {
  await writeFile(join(directory, "file"), "");
  await expect(openDirectoryObjects(join(directory, "file", "below"))).rejects.toThrow("ENOTDIR");
  const objects = await openDirectoryObjects(join(directory, "gone"));
  await objects.check();
  await rm(join(directory, "gone"), { recursive: true });
  await expect(objects.check()).rejects.toThrow("ENOENT");
});

test.runIf(process.platform === "linux")("a place that is read-only is READ_ONLY_TARGET", async () => {
  await expect(openDirectoryObjects("/sys/paks-test")).rejects.toMatchObject({ code: "READ_ONLY_TARGET" });
});

test("an object that was put is whole and nothing else is left, also when many are put at once", async () => {
  const objects = await openDirectoryObjects(directory);
  const all = Array.from({ length: 50 }, (_, index) => Buffer.from(`object ${index}`));
  await Promise.all(all.flatMap((one) => [objects.put(one), objects.put(one)]));
  for (const one of all) expect(Buffer.from((await objects.get(sha256Hex(one)))!)).toEqual(one);
  const files = (await readdir(directory, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  expect(files.map(({ name }) => name.length).filter((length) => length !== 62)).toEqual([]);
});
