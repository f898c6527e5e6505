import { join } from "node:path";
import type { RawRepo } from "@paks/git/testing";
import type { ErrorCode } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { snapshotOf } from "./hostile/files.ts";
import { expectCode, expectVerdict, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { type Entry, type MakeEntries, tagTree } from "./hostile/tags.ts";
import { treeRows } from "./hostile/tree-rows.ts";

let hostile: HostileLab;
beforeAll(async () => {
  hostile = await openHostileLab();
});
afterAll(() => hostile.close());

/** Indexed by its publisher and installed from its URL: the same verdict, and nothing of it anywhere. */
async function expectTree(name: string, make: MakeEntries, code: ErrorCode | "ok"): Promise<void> {
  const { repository, tag } = await tagTree(hostile.lab, name, make);
  expectVerdict(await hostile.follow({ repository, tag }), code);
  await hostile.requireWell();
  const project = await hostile.lab.folder(join("projects", name, "project"));
  expectCode(await hostile.paks(project, ["install", `${repository}#tag=${tag}`, "--agent", "claude-code"]), code);
  await hostile.requireWell();
  if (code === "ok") return;
  expect(Object.keys(await snapshotOf(join(project, "..")))).toEqual(["project"]);
  const found = await fetch(`${hostile.lab.registry.url}/api/skills/acme/${name}`);
  expect(found.status).toBe(404);
}

describe.concurrent("a tree that no release may have", () => {
  test.each(treeRows)("%s", (name, make, code) => expectTree(`tree-${name}`, (raw) => make(raw, hostile), code));
});

describe("bombs", () => {
  const bombs: readonly (readonly [string, MakeEntries, ErrorCode])[] = [
    ["gibibyte-of-zeros", async (raw) => [{ name: "a", oid: await raw.zeroBlob(1024 ** 3) }], "TOO_LARGE"],
    [
      "ten-billion-files",
      async (raw) => [{ name: "z", mode: "40000", oid: await tenfold(raw, 10) }],
      "REPOSITORY_TOO_COMPLEX",
    ],
    [
      "twenty-thousand-deep",
      async (raw) => [{ name: "d", mode: "40000", oid: await nested(raw, 20_000) }],
      "REPOSITORY_TOO_COMPLEX",
    ],
    ["million-entries", async (raw) => wide(await raw.blob("x"), 1_000_000), "REPOSITORY_TOO_COMPLEX"],
    ["thousand-and-one-files", async (raw) => wide(await raw.blob("x"), 1000), "TOO_MANY_FILES"],
  ];
  test.each(bombs)("%s", (name, make, code) => expectTree(`bomb-${name}`, make, code), 60_000);
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

test("of all this only the good ones were released, and nothing is left", async () => {
  const good = treeRows.filter(([, , code]) => code === "ok").map(([name]) => `acme/tree-${name}@1.0.0`);
  expect((await hostile.finish()).releases).toEqual(good.sort());
});
