import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type GitLab, gitLab } from "@paks/git/testing";
import { parseWorkspace } from "@paks/schema/workspace";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";

const skill = "---\nname: pdf\ndescription: Reads PDF files.\n---\n";
let lab: GitLab;
let url: string;
let project: Project;
beforeAll(async () => {
  lab = await gitLab();
  await lab.repo("skills", { "skills/pdf/SKILL.md": skill }, ["v1.0.0"]);
  url = `${lab.server.url}/skills`;
});
afterAll(() => lab.close());
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.registry.add("other/pdf", "1.0.0");
});
const git = async (...argv: string[]) => {
  const environment = { ...project.options.environment, PAKS_GIT_PROTOCOLS: "http,https,ssh,file" };
  const run = await runPaks([...argv, "--json"], { ...project.options, environment });
  return { exit: run.exit, ...(run.json() as { error?: { code: string; hint: string } }) };
};
const sources = async () => parseWorkspace(await project.read("paks.jsonc"), "paks.jsonc").paks;
const there = async () => (await readdir(project.skill())).filter((name) => !name.startsWith(".")).sort();

test.each([
  ["without .git", "skills.git#branch=main&path=skills/pdf", "skills#branch=main&path=skills/pdf"],
  ["a browser's address", "skills.git#tag=v1.0.0&path=skills/pdf", "skills.git/tree/main/skills/pdf"],
  ["and back", "skills.git/tree/main/skills/pdf", "skills.git#tag=v1.0.0&path=skills/pdf"],
])("the same pak of the same repository by another address is replaced: %s", async (_name, first, second) => {
  const [before, after] = [first, second].map((text) => `${lab.server.url}/${text}`);
  expect(await git("install", before!, "--as", "forms")).toMatchObject({ exit: 0 });
  expect(await git("install", after!)).toMatchObject({ exit: 0 });
  expect(await there()).toEqual(["forms"]);
  expect(await sources()).toHaveLength(1);
  expect(Object.keys((await project.lock()).paks)).toEqual(["forms"]);
  expect(await git("ci")).toMatchObject({ exit: 0 });
});

test("where two paks would have one folder, the one that is being added gets another name", async () => {
  const hintOf = async (...argv: string[]) => (await git("install", ...argv)).error?.hint;
  await project.ok("install", "acme/pdf");
  expect(await hintOf("other/pdf")).toContain("paks install other/pdf --as <name>");
  const text = `${url}.git#branch=main&path=skills/pdf`;
  expect(await hintOf(text)).toContain(`paks install ${text} --as <name>`);
  await rm(join(project.cwd, "paks.jsonc"));
  await rm(join(project.cwd, "paks.lock"));
  await rm(project.skill(), { recursive: true });
  expect(await git("install", text)).toMatchObject({ exit: 0 });
  expect(await hintOf("acme/pdf")).toContain("paks install acme/pdf --as <name>");
});

test("a dependency whose folder is taken can be given a name by naming it", async () => {
  await project.registry.add("acme/all", "1.0.0", { dependencies: { "other/pdf": "^1" } });
  await project.ok("install", "acme/pdf");
  const { error } = await git("install", "acme/all");
  expect(error).toMatchObject({ code: "ALREADY_EXISTS" });
  expect(error!.hint).toContain("paks install other/pdf --as <name>");
  await project.ok("install", "other/pdf", "--as", "pdf2");
  await project.ok("install", "acme/all");
  expect(await there()).toEqual(["all", "pdf", "pdf2"]);
});
