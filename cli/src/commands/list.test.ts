import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type RunOptions, runPaks, tempFolder } from "../testing/index.ts";
import { parseYaml } from "../testing/parse-yaml.ts";

let options: RunOptions;
let skills: string;
beforeEach(async () => {
  const root = await tempFolder();
  options = { cwd: join(root, "project"), home: join(root, "home") };
  await Promise.all([options.cwd, options.home].map((folder) => mkdir(folder)));
  skills = join(options.cwd, ".agents", "skills");
});

async function skill(name: string): Promise<string> {
  const folder = join(options.cwd, "src", name);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "SKILL.md"), `---\nname: ${name}\ndescription: Does ${name}.\n---\n`);
  return `./src/${name}`;
}
const paks = (...argv: string[]) => runPaks(argv, options);
async function install(name: string, ...flags: string[]) {
  const run = await paks("install", await skill(name), ...flags);
  expect(run.exit, run.stderr).toBe(0);
}
interface Row {
  readonly folder: string;
  readonly [field: string]: unknown;
}
async function listed(...flags: string[]): Promise<Row[]> {
  const run = await paks("list", ...flags, "--json");
  expect(run.exit, run.stderr).toBe(0);
  return (run.json() as { installed: Row[] }).installed;
}

test("edits, missing folders and links that are gone are shown", async () => {
  for (const name of ["a", "b", "c", "d"]) await install(name, "--agent", "claude-code");
  await writeFile(join(skills, "a", "SKILL.md"), "mine");
  await writeFile(join(skills, "a", "more.md"), "mine");
  await rm(join(skills, "b"), { recursive: true });
  await rm(join(options.cwd, ".claude", "skills", "c"));
  const rows = await listed();
  expect(rows).toMatchObject([
    { folder: "a", state: "edited", changed: ["SKILL.md", "more.md"], agents: ["claude-code"], broken_links: [] },
    { folder: "b", state: "missing" },
    { folder: "c", state: "intact", broken_links: [join(options.cwd, ".claude", "skills", "c")] },
    { folder: "d", state: "intact", broken_links: [] },
  ]);
  const text = await paks("list");
  expect(text.stdout).toMatch(/^c +– +intact, 1 link gone/m);
});

test("a link that was replaced by one to somewhere else is gone", async () => {
  await install("a", "--agent", "claude-code");
  const link = join(options.cwd, ".claude", "skills", "a");
  await rm(link);
  await symlink("/", link);
  expect((await listed())[0]).toMatchObject({ broken_links: [link] });
});

test("one broken record is a row with its code, and the others are there", async () => {
  await install("a");
  await install("b");
  await writeFile(join(skills, ".paks", "a.json"), '{"record_version":1,"folder":"../../etc"}\u001b[2J');
  const run = await paks("list", "--json");
  expect(run.exit).toBe(0);
  expect(run.json()).toMatchObject({
    installed: [
      { folder: "a", state: "broken", error: { code: "INTEGRITY_MISMATCH" } },
      { folder: "b", state: "intact" },
    ],
  });
  expect((await paks("list")).stdout).not.toContain("\u001b");
});

test("a record of another folder than its name says is broken", async () => {
  await install("a");
  await writeFile(
    join(skills, ".paks", "x.json"),
    JSON.stringify({ record_version: 1, folder: "a", name: "a", version: null, digest: "", files: [], links: [] }),
  );
  expect(await listed()).toMatchObject([
    { folder: "a", state: "intact" },
    { folder: "x", state: "broken" },
  ]);
});

test("a folder inside the project lists the project", async () => {
  await writeFile(join(options.cwd, "paks.jsonc"), "{}");
  await install("a");
  const inside = join(options.cwd, "src", "a");
  const run = await runPaks(["list", "--json"], { ...options, cwd: inside });
  expect(run.json()).toMatchObject({ folder: skills, installed: [{ folder: "a" }] });
});

test("--all shows the project and what is there for all projects, with the scope", async () => {
  await install("a");
  await install("b", "--global");
  expect(await listed()).toMatchObject([{ folder: "a", scope: "project" }]);
  expect(await listed("--global")).toMatchObject([{ folder: "b", scope: "global" }]);
  expect(await listed("--all")).toMatchObject([
    { folder: "a", scope: "project" },
    { folder: "b", scope: "global" },
  ]);
  expect((await paks("list", "--all")).stdout).toMatch(/SCOPE/);
  expect((await paks("list", "--all", "--dir", "x")).exit).toBe(2);
});

test("--agent shows what one tool finds: by a link or because it reads the shared folder", async () => {
  await install("a", "--agent", "claude-code");
  await install("b", "--agent", "codex");
  expect(await listed("--agent", "claude-code")).toMatchObject([{ folder: "a" }]);
  expect(await listed("--agent", "codex")).toMatchObject([{ folder: "a" }, { folder: "b" }]);
  expect((await paks("list", "--agent", "nobody")).exit).toBe(2);
});

test("json and yaml hold the same", async () => {
  await install("a");
  const json = (await paks("list", "--format", "json")).stdout;
  const yaml = (await paks("list", "--format", "yaml")).stdout;
  expect(parseYaml(yaml)).toEqual(JSON.parse(json));
  expect(JSON.parse(json)).toEqual((await paks("list", "--json")).json());
});

test("what the lock asks for and is not there is missing", async () => {
  await writeFile(join(options.cwd, "paks.jsonc"), "{}");
  await install("a");
  await rm(join(skills, "a"), { recursive: true });
  await rm(join(skills, ".paks"), { recursive: true });
  const rows = await listed();
  // Only a lock knows of it.
  for (const row of rows) expect(row).toMatchObject({ folder: "a", state: "missing", lock: "differs" });
});

test("a project without anything says so, and where one file is in the way, which", async () => {
  expect((await paks("list")).stdout).toContain("Nothing is installed here.");
  await writeFile(join(options.cwd, ".agents"), "");
  expect((await paks("list")).exit).toBe(10);
});

test("a lock that cannot be read is a warning, and what is installed is there", async () => {
  await install("a");
  await writeFile(join(options.cwd, "paks.lock"), "<<<<<<< ours\n");
  const run = await paks("list");
  expect(run.exit).toBe(0);
  expect(run.stdout).toContain("intact");
  expect(run.stderr).toContain("merge conflict");
});
