import { fork } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { expect, test } from "vitest";

import { directoryBytes, openScratch, sweepScratch } from "./scratch.ts";

test("what dead processes left is swept, what living ones use stays", async () => {
  const root = await mkdtemp(join(tmpdir(), "paks-test-sweep-"));
  const mine = await openScratch(root);
  const dead = await deadPid();
  const machine = /^paks-git-([0-9a-f]{12})-/.exec(basename(mine.dir))![1]!;
  await mkdir(join(root, `paks-git-${machine}-${dead}-1-00ff`, "r.git"), { recursive: true });
  // The same pid, another start: as when every container's server is pid 1.
  await mkdir(join(root, `paks-git-${machine}-${process.pid}-1-00ff`));
  await mkdir(join(root, "somebody-elses"));
  await writeFile(join(root, "paks-git-notes.txt"), "");
  expect(await sweepScratch(root)).toBe(2);
  const kept = (await readdir(root)).toSorted();
  expect(kept).toHaveLength(3);
  expect(kept).toContain("somebody-elses");
  expect(await directoryBytes(mine.dir)).toBeGreaterThan(0);
  await mine.close();
  await mine.close();
  expect(await sweepScratch(root)).toBe(0);
  await rm(root, { recursive: true });
  expect(await sweepScratch(root)).toBe(0);
  expect(await directoryBytes(root)).toBe(0);
});

test("what another machine uses in a shared folder stays until it is a day old", async () => {
  const root = await mkdtemp(join(tmpdir(), "paks-test-sweep-"));
  const theirs = join(root, `paks-git-0123456789ab-${await deadPid()}-1-00ff`);
  await mkdir(theirs);
  expect(await sweepScratch(root)).toBe(0);
  const twoDaysAgo = new Date(Date.now() - 48 * 3_600_000);
  await utimes(theirs, twoDaysAgo, twoDaysAgo);
  expect(await sweepScratch(root)).toBe(1);
  await rm(root, { recursive: true });
});

test("a root that cannot hold a scratch folder is named", async () => {
  const root = await mkdtemp(join(tmpdir(), "paks-test-file-"));
  await writeFile(join(root, "file"), "");
  await expect(openScratch(join(root, "file"))).rejects.toThrow("ENOTDIR");
  expect(await readdir(root)).toEqual(["file"]);
  await rm(root, { recursive: true });
});

const deadPid = (): Promise<number> =>
  new Promise((resolve) => {
    const child = fork("-e", [], { execArgv: ["-e", ""], stdio: "ignore" });
    child.once("exit", () => resolve(child.pid!));
  });
