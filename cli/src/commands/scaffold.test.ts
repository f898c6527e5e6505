import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runPaks, tempFolder } from "../testing/index.ts";

async function inFolder() {
  const cwd = await tempFolder();
  return { cwd, run: async (...argv: string[]) => await runPaks(argv, { cwd, home: join(cwd, "home") }) };
}

test("a created skill passes the strict checks without an error", async () => {
  const { cwd, run } = await inFolder();
  const created = await run("create", "pdf-forms", "--json", "--with-scripts", "--with-references", "--with-assets");
  expect(created.exit, created.stderr).toBe(0);
  expect(created.json()).toEqual({
    name: "pdf-forms",
    path: join(cwd, "pdf-forms"),
    files: ["SKILL.md", "scripts/README.md", "references/README.md", "assets/README.md"],
  });
  const validated = await run("validate", "pdf-forms", "--strict", "--json");
  expect(validated.exit, validated.stdout).toBe(0);
  expect(validated.json()).toMatchObject({ valid: true, name: "pdf-forms", version: "0.1.0", files: 4 });
});

test.each(["yes", "null", "0x10", "1e3", "007", "on", "a"])(
  "the name %s stays a text in the manifest",
  async (name) => {
    const { run } = await inFolder();
    expect((await run("create", name)).exit).toBe(0);
    expect((await run("validate", name, "--strict", "--json")).json()).toMatchObject({ valid: true, name });
  },
);

test.each(['Says "hi": # not a comment', "---\nname: evil", "'single' \\ back", "日本語 — naïve"])(
  "a description may hold anything: %j",
  async (description) => {
    const { cwd, run } = await inFolder();
    expect((await run("create", "x", `--description=${description}`, "--license", "MIT")).exit).toBe(0);
    expect((await run("validate", "x", "--json")).json()).toMatchObject({ valid: true, name: "x" });
    expect(await readFile(join(cwd, "x/SKILL.md"), "utf8")).toContain(JSON.stringify(description));
  },
);

test.each(["Bad", "a--b", "-a", "../x", "a/b", "", "x".repeat(65), "ａ", "a\u200bb"])(
  "the name %j is refused and nothing is made",
  async (name) => {
    const { cwd, run } = await inFolder();
    expect((await run("create", "--", name)).exit).not.toBe(0);
    expect(await readdir(cwd)).toEqual([]);
  },
);

test("create takes no folder that holds something", async () => {
  const { cwd, run } = await inFolder();
  await mkdir(join(cwd, "pdf"));
  await writeFile(join(cwd, "pdf/notes.txt"), "mine");
  const { exit, stderr } = await run("create", "pdf");
  expect(exit).toBe(6);
  expect(stderr).toContain("error[ALREADY_EXISTS]");
  expect(await readdir(join(cwd, "pdf"))).toEqual(["notes.txt"]);
});

test("create takes an empty folder, and -o names another", async () => {
  const { cwd, run } = await inFolder();
  await mkdir(join(cwd, "pdf"));
  expect((await run("create", "pdf")).exit).toBe(0);
  expect((await run("create", "pdf", "-o", "skills/pdf")).exit).toBe(0);
  expect(await readdir(join(cwd, "skills/pdf"))).toEqual(["SKILL.md"]);
});

test("init adds a skill to what is there and is named after the folder", async () => {
  const parent = await tempFolder();
  const cwd = join(parent, "pdf-forms");
  await mkdir(cwd);
  await writeFile(join(cwd, "README.md"), "mine");
  const { exit, json } = await runPaks(["init", "--json"], { cwd, home: parent });
  expect(exit).toBe(0);
  expect(json()).toMatchObject({ name: "pdf-forms", files: ["SKILL.md"] });
  expect(await readFile(join(cwd, "README.md"), "utf8")).toBe("mine");
});

test("init overwrites nothing: one file in the way and nothing is written", async () => {
  const { cwd, run } = await inFolder();
  await mkdir(join(cwd, "scripts"));
  await writeFile(join(cwd, "scripts/README.md"), "mine");
  const { exit, stderr } = await run("init", "pdf", "--with-scripts", "--with-assets");
  expect(exit).toBe(6);
  expect(stderr).toContain("scripts/README.md");
  expect(await readFile(join(cwd, "scripts/README.md"), "utf8")).toBe("mine");
  expect((await readdir(cwd)).sort()).toEqual(["scripts"]);
});

test("a folder whose name cannot be a skill's says how to name it", async () => {
  const parent = await tempFolder();
  const cwd = join(parent, "My Skill");
  await mkdir(cwd);
  const { exit, stderr } = await runPaks(["init"], { cwd, home: parent });
  expect(exit).toBe(5);
  expect(stderr).toContain("paks init my-skill");
});
