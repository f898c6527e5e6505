import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expectTree } from "./hostile/expect-tree.ts";
import { type HostileLab, openHostileLab } from "./hostile/open.ts";
import { treeRows } from "./hostile/tree-rows.ts";

let hostile: HostileLab;
beforeAll(async () => {
  hostile = await openHostileLab();
});
afterAll(() => hostile.close());

describe.concurrent("a tree that no release may have", () => {
  test.each(treeRows)("%s", async (name, make, code) => {
    await expectTree(hostile, { name: `tree-${name}`, make: (raw) => make(raw, hostile), code });
  });
});

test("of all this only the good ones were released, and nothing is left", async () => {
  const good = treeRows.filter(([, , code]) => code === "ok").map(([name]) => `acme/tree-${name}@1.0.0`);
  expect((await hostile.finish()).releases).toEqual(good.sort());
});
