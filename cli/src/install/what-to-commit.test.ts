import { readFileSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testGit } from "@paks/git/testing";
import { expect, test } from "vitest";
import { makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";

/** Both ways that docs/installing.md names, with the lines that it has. */
const recipe = /```gitignore\n([^`]*(?:`paks ci`)[^`]*)```/.exec(
  readFileSync(new URL("../../../docs/installing.md", import.meta.url), "utf8"),
)?.[1];

async function open() {
  const project = await makeProject();
  await project.registry.add("acme/text", "1.0.0");
  const git = async (...argv: string[]) =>
    await testGit(project.cwd, ["-c", "user.name=a", "-c", "user.email=a@example.com", ...argv]);
  await git("init", "--quiet");
  await mkdir(join(project.home, ".claude"));
  const clone = async () => {
    await git("add", "--all");
    await git("commit", "--quiet", "-m", "all");
    await rm(join(project.home, ".claude"), { recursive: true });
    await git("clone", "--quiet", project.cwd, "../clone");
    const options = { ...project.options, cwd: join(project.cwd, "../clone") };
    return (...argv: string[]) => runPaks(argv, options);
  };
  const listed = async () =>
    (await git("ls-files", "--cached", "--others", "--exclude-standard")).trim().split("\n").toSorted();
  return { project, clone, listed };
}

test("with the lines of the docs git sees the two files and a skill of the project's own, and a clone needs paks ci", async () => {
  const { project, clone, listed } = await open();
  const plain = recipe!.replaceAll(/^ {2}/gm, "");
  await writeFile(join(project.cwd, ".gitignore"), plain);
  await mkdir(project.skill("our-own"), { recursive: true });
  await writeFile(project.skill("our-own", "SKILL.md"), "---\nname: our-own\ndescription: Ours.\n---\n");
  await project.ok("install", "acme/text");
  expect(await listed()).toEqual([".agents/skills/our-own/SKILL.md", ".gitignore", "paks.jsonc", "paks.lock"]);
  const paks = await clone();
  expect(await paks("ci")).toMatchObject({ exit: 0 });
  expect(await paks("verify")).toMatchObject({ exit: 0 });
});

test("committed, a clone is as it was left, on a machine without that tool as well", async () => {
  const { project, clone, listed } = await open();
  await project.ok("install", "acme/text");
  expect(await listed()).toEqual(expect.arrayContaining([".agents/skills/.paks/text.json", ".claude/skills/text"]));
  const paks = await clone();
  expect(await paks("verify")).toMatchObject({ exit: 0 });
  expect((await paks("list", "--json")).json()).toMatchObject({
    installed: [{ state: "intact", agents: ["claude-code"], broken_links: [] }],
  });
  expect((await paks("ci", "--json")).json()).toMatchObject({ installed: [{ action: "unchanged" }] });
});
