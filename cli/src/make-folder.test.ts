import { rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { makeFolder } from "./make-folder.ts";
import { makeOwnFolder } from "./start/make-folder-plainly.ts";
import { runPaks, tempFolder } from "./testing/index.ts";

test("all folders that are missing are made, and the uppermost is told", async () => {
  const root = await tempFolder();
  const path = join(root, "a", "b", "c");
  expect(makeFolder(path)).toBe(join(root, "a"));
  expect(statSync(path).isDirectory()).toBe(true);
  expect(makeFolder(path)).toBeUndefined();
  rmSync(path, { recursive: true });
  expect(makeFolder(path)).toBe(path);
});

test("a file in the way is what the system says it is", async () => {
  const root = await tempFolder();
  writeFileSync(join(root, "file"), "");
  expect(() => makeFolder(join(root, "file"))).toThrow("EEXIST");
  expect(() => makeFolder(join(root, "file", "below"))).toThrow(/ENOTDIR|EEXIST/);
});

test.runIf(process.platform === "linux")("where no folder can be made, install says so and ends", async () => {
  const folder = await tempFolder();
  writeFileSync(join(folder, "SKILL.md"), "---\nname: pdf\ndescription: x\n---\n");
  const run = await runPaks(["install", folder, "--dir", "/proc/x", "--json"], {
    cwd: folder,
    home: await tempFolder(),
  });
  expect(run.json()).toMatchObject({ error: { code: "READ_ONLY_TARGET" } });
  expect(run.exit).toBe(10);
});

test.runIf(process.platform === "linux")("a cache and a state where no folder can be made do without", async () => {
  const folder = await tempFolder();
  writeFileSync(join(folder, "SKILL.md"), "---\nname: pdf\ndescription: x\n---\n");
  const environment = { XDG_CACHE_HOME: "/proc/x", XDG_STATE_HOME: "/proc/x" };
  const options = { cwd: await tempFolder(), home: await tempFolder(), environment };
  expect((await runPaks(["install", folder, "--dir", "there"], options)).exit).toBe(0);
  expect((await runPaks(["list", "--dir", "there"], options)).exit).toBe(0);
  const set = { ...options, environment: { XDG_CONFIG_HOME: "/proc/x" } };
  expect((await runPaks(["config", "set", "offline", "true"], set)).exit).toBe(10);
  expect(() => makeOwnFolder("/proc/x/y")).toThrow("ENOENT");
});
