import type { RawRepo } from "@paks/git/testing";
import type { ErrorCode } from "@paks/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { expectTree } from "./hostile/expect-tree.ts";
import { type HostileLab, openHostileLab } from "./hostile/open.ts";
import type { Entry, MakeEntries } from "./hostile/tags.ts";

let hostile: HostileLab;
beforeAll(async () => {
  hostile = await openHostileLab();
});
afterAll(() => hostile.close());

const folder = async (name: string, oid: Promise<string>): Promise<Entry[]> => [
  { name, mode: "40000", oid: await oid },
];

// A few kilobytes each: what they grow to is the point. Larger ones are tried where git is called, in git/.
const bombs: readonly (readonly [string, MakeEntries, ErrorCode])[] = [
  ["mebibytes-of-zeros", async (raw) => [{ name: "a", oid: await raw.zeroBlob(256 * 1024 ** 2) }], "TOO_LARGE"],
  ["ten-billion-files", (raw) => folder("z", tenfold(raw, 10)), "REPOSITORY_TOO_COMPLEX"],
  ["five-thousand-deep", (raw) => folder("d", nested(raw, 5000)), "REPOSITORY_TOO_COMPLEX"],
  ["quarter-of-a-million-entries", async (raw) => wide(await raw.blob("x"), 250_000), "REPOSITORY_TOO_COMPLEX"],
  ["thousand-and-one-files", async (raw) => wide(await raw.blob("x"), 1000), "TOO_MANY_FILES"],
];

test.each(bombs)("%s: refused, and the service lives on", async (name, make, code) => {
  await expectTree(hostile, { name: `bomb-${name}`, make, code });
});

async function tenfold(raw: RawRepo, levels: number): Promise<string> {
  let oid = await raw.blob("x");
  for (let level = 0; level < levels; level++) {
    const entry = { mode: level === 0 ? "100644" : "40000", oid };
    oid = await raw.tree(Array.from({ length: 10 }, (_, index) => ({ ...entry, name: `${index}` })));
  }
  return oid;
}

async function nested(raw: RawRepo, depth: number): Promise<string> {
  let oid = await raw.tree([{ mode: "100644", name: "x", oid: await raw.blob("x") }]);
  for (let level = 0; level < depth; level++) oid = await raw.tree([{ mode: "40000", name: "d", oid }]);
  return oid;
}

const wide = (oid: string, length: number): Entry[] =>
  Array.from({ length }, (_, index) => ({ name: `${index}`.padStart(8, "0"), oid }));

test("nothing was released, and nothing is left", async () => {
  expect((await hostile.finish()).releases).toEqual([]);
});
