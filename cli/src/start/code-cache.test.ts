import { chmod, readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { Script } from "node:vm";
import { expect, test } from "vitest";
import { paksCommand, runProcess, tempFolder } from "../testing/index.ts";
import { type CodeCacheOptions, openCodeCache } from "./code-cache.ts";

const source = "(function () { return [1, 2, 3].map((n) => n * 2); })";
const windows = process.platform === "win32";

async function options(): Promise<CodeCacheOptions> {
  const home = await tempFolder();
  return { command: "list", build: "b1", environment: {}, home: () => home };
}

const fileOf = ({ home, build }: CodeCacheOptions): string =>
  join(home(), ".cache", "paks", "code", `${build}-${process.version}-${process.arch}`, "list");

function save(of: CodeCacheOptions, ...names: string[]): void {
  const cache = openCodeCache(of);
  for (const name of names) cache.add(name, new Script(source));
  cache.save();
}

test.skipIf(windows)("what one run compiled, the next one gives to V8, which takes it", async () => {
  const of = await options();
  save(of, "a.js", "b.js");
  const next = openCodeCache(of);
  for (const name of ["a.js", "b.js"]) {
    const cachedData = next.find(name)!;
    expect(new Script(source, { cachedData }).cachedDataRejected).toBe(false);
  }
  expect(next.find("c.js")).toBeUndefined();
  // A chunk that only a later run needed is added to the others.
  next.add("c.js", new Script(source));
  next.save();
  expect(["a.js", "b.js", "c.js"].map((name) => openCodeCache(of).find(name) !== undefined)).toEqual([
    true,
    true,
    true,
  ]);
});

test.skipIf(windows)("a file that others may write is not read", async () => {
  const of = await options();
  save(of, "a.js");
  await chmod(fileOf(of), 0o620);
  expect(openCodeCache(of).find("a.js")).toBeUndefined();
});

test.skipIf(windows)("a file that is garbage or cut off is written anew", async () => {
  for (const damage of [Buffer.from("x"), Buffer.from([9, 0, 0, 0, 1, 2]), Buffer.alloc(0)]) {
    const of = await options();
    save(of, "a.js");
    await writeFile(fileOf(of), damage);
    expect(openCodeCache(of).find("a.js")).toBeUndefined();
    save(of, "a.js");
    expect(openCodeCache(of).find("a.js")).toBeDefined();
  }
});

test.skipIf(windows)("what a killed process was writing goes with the next file that is kept", async () => {
  const of = await options();
  save(of, "a.js");
  const left = `${fileOf(of)}.${2 ** 22 + 1}`;
  const alive = `${fileOf(of)}.${process.ppid}`;
  for (const path of [left, alive]) await writeFile(path, "half");
  save(of, "b.js");
  expect((await readdir(dirname(left))).sort()).toEqual(["list", basename(alive)]);
});

test("a home that cannot be written to is no failure", async () => {
  const of = await options();
  await writeFile(join(of.home(), ".cache"), "a file where a folder is needed");
  save(of, "a.js");
  expect(openCodeCache(of).find("a.js")).toBeUndefined();
});

test("nothing is kept without a command, for odd words, or when Node's own variable says so", async () => {
  const of = await options();
  save({ ...of, command: undefined }, "a.js");
  save({ ...of, command: "../../x" }, "a.js");
  save({ ...of, environment: { NODE_DISABLE_COMPILE_CACHE: "1" } }, "a.js");
  expect(await readdir(of.home())).toEqual([]);
});

test.skipIf(windows)("the three newest builds keep their code", async () => {
  const of = await options();
  for (const [index, build] of ["b1", "b2", "b3", "b4"].entries()) {
    save({ ...of, build }, "a.js");
    await utimes(dirname(fileOf({ ...of, build })), index + 1, index + 1);
  }
  save({ ...of, build: "b5" }, "a.js");
  const kept = await readdir(dirname(dirname(fileOf(of))));
  expect(kept.map((name) => name.slice(0, 2)).sort()).toEqual(["b3", "b4", "b5"]);
});

test.skipIf(windows)("the built program keeps its code and answers the same with it", async () => {
  const home = await tempFolder();
  const list = async () => await runProcess(paksCommand("list", "--json"), { cwd: home, environment: { HOME: home } });
  const first = await list();
  const folder = join(home, ".cache", "paks", "code");
  const [build = ""] = await readdir(folder);
  const bytes = await readFile(join(folder, build, "list"));
  expect(first.exit).toBe(0);
  expect(await list()).toEqual(first);
  // Nothing was rejected, or the file would have been written again with other contents.
  expect((await readFile(join(folder, build, "list"))).equals(bytes)).toBe(true);
});
