import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { type TestRegistry, runPaks, serveRegistry } from "../testing/index.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});

const names = (count: number, of = "acme") =>
  Array.from({ length: count }, (_, at) => `${of}/${of === "acme" ? "p" : of}${at}`);
const addAll = async (registry: TestRegistry, ids: readonly string[], version = "1.0.0") => {
  for (const id of ids) await registry.add(id, version);
};

/** What the registry was asked meanwhile, apart from the bytes of releases. */
async function questions(registry: TestRegistry, work: () => Promise<unknown>): Promise<string[]> {
  const before = registry.requests.length;
  await work();
  return registry.requests.slice(before).flatMap(({ path }) => (path.endsWith("/archive") ? [] : [path]));
}
/** Those that a registry's limit counts. */
const counted = (paths: readonly string[]): string[] => paths.filter((path) => !/\/versions\/\d/.test(path));
const want = (paks: readonly string[]) => project.write("paks.jsonc", JSON.stringify({ paks }));

test("one pak is asked for as ever: its release, and nothing else", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  const asked = await questions(project.registry, () => project.ok("install", "acme/pdf@^1"));
  expect(asked).toEqual(["/api/paks/acme/pdf/versions/%5E1"]);
  expect(await questions(project.registry, () => project.ok("outdated"))).toEqual(["/api/paks/acme/pdf/versions"]);
});

test("what depends on what is asked for wave by wave, each with one request", async () => {
  const { registry } = project;
  const [first, second] = [names(20, "first"), names(20, "second")];
  await registry.add("acme/deep", "1.0.0");
  await registry.add("acme/deeper", "1.0.0", { dependencies: { "acme/deep": "^1" } });
  for (const id of second) await registry.add(id, "1.0.0", { dependencies: { "acme/deep": "*", "acme/deeper": "^1" } });
  for (const [at, id] of first.entries()) await registry.add(id, "1.0.0", { dependencies: { [second[at]!]: "^1" } });
  await registry.add("acme/all", "1.0.0", { dependencies: Object.fromEntries(first.map((id) => [id, "^1"])) });
  const asked = await questions(registry, () => project.ok("install", "acme/all"));
  expect(asked.map((path) => path.slice(0, 28))).toEqual([
    "/api/paks/acme/all/versions/",
    "/api/versions?paks=first/fir",
    "/api/versions?paks=second/se",
    "/api/versions?paks=acme/deep",
  ]);
  expect(Object.keys((await project.lock()).paks)).toHaveLength(43);
});

test("a guess that does not work out is put right, and the exact versions that it takes are not counted", async () => {
  const { registry } = project;
  await registry.add("acme/base", "1.0.0");
  await registry.add("acme/base", "2.0.0");
  await registry.add("acme/old", "1.0.0", { dependencies: { "acme/base": "^1" } });
  await registry.add("acme/new", "1.0.0", { dependencies: { "acme/base": "^1" } });
  await registry.add("acme/new", "2.0.0", { dependencies: { "acme/base": "^2" } });
  await registry.add("acme/any", "1.0.0", { dependencies: { "acme/base": "*" } });
  await want(["acme/any", "acme/old", "acme/new"]);
  const asked = await questions(registry, () => project.ok("install"));
  expect((await project.lock()).paks).toMatchObject({ base: { version: "1.0.0" }, new: { version: "1.0.0" } });
  expect(counted(asked).length).toBeLessThanOrEqual(3);
});

test("exact versions are asked for at their own addresses, which no limit counts", async () => {
  const { registry } = project;
  await registry.add("acme/base", "1.0.0");
  for (const id of names(30)) await registry.add(id, "1.0.0", { dependencies: { "acme/base": "1.0.0" } });
  await want(names(30).map((id) => `${id}@1.0.0`));
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on("warning", note);
  onTestFinished(() => void process.off("warning", note));
  const asked = await questions(registry, () => project.ok("install"));
  expect(counted(asked)).toEqual([]);
  expect(asked).toHaveLength(31);
  // Of the many that listen to one signal at the same time.
  expect(warnings).toEqual([]);
});

test("what the lock knows is not asked for, only what is new beside it", async () => {
  const { registry } = project;
  await addAll(registry, names(30));
  await want(names(28));
  await project.ok("install");
  await want(names(30));
  expect(await questions(registry, () => project.ok("install"))).toEqual([
    "/api/versions?paks=acme/p28@latest,acme/p29@latest",
  ]);
  expect(await questions(registry, () => project.ok("install"))).toEqual([]);
});

const commands = [["outdated"], ["update"], ["audit"], ["verify"]] as const;

test.for([
  [false, 2, 2, 2, 0],
  // Both chunks hear that it knows nothing of this; exact versions are not counted.
  [true, 62, 62, 62, 0],
] as const)("sixty paks, in a registry that is old: %s, are few requests or one each", async ([isOld, ...expected]) => {
  const { registry } = project;
  await addAll(registry, names(60));
  await want(names(60));
  await project.ok("install");
  registry.isOld = isOld;
  const counts: number[] = [];
  for (const command of commands) counts.push(counted(await questions(registry, () => project.ok(...command))).length);
  expect(counts).toEqual(expected);
});

test("what no lock knows is updated with one question for all of it", async () => {
  const { registry } = project;
  await addAll(registry, names(30));
  await project.ok("install", "--global", ...names(30));
  await addAll(registry, names(30), "1.1.0");
  const asked = await questions(registry, () => project.ok("update", "--global", "--all"));
  expect(counted(asked)).toHaveLength(1);
  const { outdated } = await project.json<{ outdated: unknown[] }>("outdated", "--global");
  expect(outdated).toEqual([]);
});

test("each registry hears of its own paks only, and of no token", async () => {
  const work = await serveRegistry();
  await addAll(project.registry, names(2));
  await addAll(work, names(2, "corp"));
  const config = join(project.home, ".config", "paks");
  await mkdir(config, { recursive: true });
  await writeFile(join(config, "config.toml"), `[registries.work]\nurl = "${work.url}"\naccounts = ["corp"]\n`);
  await want([...names(2), ...names(2, "corp")]);
  const environment = { ...project.options.environment, PAKS_TOKEN: "paks_secretsecretsecret" };
  for (const command of [["install"], ...commands])
    expect((await runPaks(command, { ...project.options, environment })).exit).toBe(0);
  for (const { registry, of, other } of [
    { registry: project.registry, of: "acme/", other: "corp" },
    { registry: work, of: "corp/", other: "acme" },
  ]) {
    expect(registry.requests.filter(({ path }) => path.includes("?paks="))).toHaveLength(4);
    for (const { path, headers } of registry.requests) {
      expect(path).toContain(of);
      expect(path).not.toContain(other);
      expect(headers.authorization).toBeUndefined();
    }
  }
});

test("an install of many works offline afterwards, without the lock and with what was asked for one by one too", async () => {
  const { registry } = project;
  registry.etags = true;
  await addAll(registry, names(30));
  await registry.add("acme/base", "1.0.0");
  await registry.add("acme/top", "1.0.0", { dependencies: { "acme/base": "^1" } });
  await want([...names(30), "acme/top"]);
  await project.ok("install");
  for (const path of ["paks.lock", ".agents"]) await rm(join(project.cwd, path), { recursive: true });
  expect(await questions(registry, () => project.ok("install", "--offline"))).toEqual([]);
  expect(Object.keys((await project.lock()).paks)).toHaveLength(32);
  const { others } = await project.json<{ others: { name: string; latest: string }[] }>("outdated", "--offline");
  // The one that was asked for alone was asked for its release and not for its versions.
  expect(others.filter(({ latest }) => latest !== "1.0.0").map(({ name }) => name)).toEqual(["acme/base"]);
  for (const path of ["paks.lock", ".agents", "paks.jsonc"]) await rm(join(project.cwd, path), { recursive: true });
  await project.ok("install", "--offline", "acme/top");
});

test("when the registry fails, every pak is said to be unknown, and it is not asked for each of them", async () => {
  const { registry } = project;
  await addAll(registry, names(30));
  await want(names(30));
  await project.ok("install");
  registry.down = { status: 503, code: "DB_UNAVAILABLE" };
  const asked = await questions(registry, async () => {
    expect(await project.json("outdated")).toMatchObject({ error: { code: "DB_UNAVAILABLE" } });
  });
  expect(asked).toHaveLength(4);
  await want([...names(30), "acme/new", "acme/newer"]);
  expect(await project.json("install")).toMatchObject({ error: { code: "DB_UNAVAILABLE" } });
});

test("a name that the registry does not know fails the install as it does alone", async () => {
  await addAll(project.registry, names(3));
  await want([...names(3), "acme/nothing"]);
  expect(await project.json("install")).toMatchObject({ exit: 3, error: { code: "PAK_NOT_FOUND" } });
  await want([...names(3).slice(1), "acme/p0@^9"]);
  expect(await project.json("install")).toMatchObject({ exit: 3, error: { code: "VERSION_NOT_FOUND" } });
});
