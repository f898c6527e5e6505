import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { defaultLimits } from "@paks/schema";
import { expect, test } from "vitest";
import { openLocalTree } from "./install/local-tree.ts";
import { listFolder } from "./install/read-folder.ts";
import { tempFolder } from "./testing/index.ts";

test("a folder's files are listed by name, however they lie on the disk", async () => {
  const root = join(await tempFolder(), "many");
  await mkdir(root);
  const names = ["zeta", "B1", "alpha", "é", "b2", "mid", "b10", "z1"];
  for (const name of names) await writeFile(join(root, name), "x");
  const listed = await listFolder(root, { limits: defaultLimits });
  const { paths } = await openLocalTree(root);
  expect([listed.map(({ path }) => path), paths]).toEqual([names.toSorted(), names.toSorted()]);
});
