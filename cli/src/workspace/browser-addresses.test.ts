import { readdir } from "node:fs/promises";
import { type GitLab, gitLab } from "@paks/git/testing";
import { parseWorkspace } from "@paks/schema/workspace";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";

/** A page of a browser names ref and folder in one: which is which only the repository knows. */
const skill = (name: string) => `---\nname: ${name}\ndescription: Reads ${name} files.\n---\n`;
let lab: GitLab;
let project: Project;
beforeAll(async () => {
  lab = await gitLab();
  const files = { "skills/pdf/SKILL.md": skill("pdf"), "skills/csv/SKILL.md": skill("csv") };
  const repo = await lab.repo("mono", files, ["v1.0.0"]);
  await repo.git("push", "-q", "origin", "main:refs/heads/dev", "main:refs/heads/feature/x");
});
afterAll(() => lab.close());
beforeEach(async () => {
  project = await makeProject();
});
const url = (rest: string) => `${lab.server.url}/mono.git${rest}`;
const git = async (...argv: string[]) => {
  const environment = { ...project.options.environment, PAKS_GIT_PROTOCOLS: "http" };
  return await runPaks(argv, { ...project.options, environment });
};
const ok = async (...argv: string[]) => {
  const run = await git(...argv);
  expect(run.exit, run.stdout + run.stderr).toBe(0);
  return run.stdout;
};
const sources = async () => parseWorkspace(await project.read("paks.jsonc"), "paks.jsonc").paks;
const there = async () => (await readdir(project.skill())).filter((name) => !name.startsWith("."));
const edit = async (from: string, to: string) =>
  await project.write("paks.jsonc", (await project.read("paks.jsonc")).replace(from, to));

test.each([
  ["a page of GitHub", "/tree/main/skills/pdf", "/tree/main/skills/csv"],
  ["a page of GitLab", "/-/tree/main/skills/pdf", "/-/tree/main/skills/csv"],
  ["a file's page", "/blob/main/skills/pdf/SKILL.md", "/-/blob/main/skills/csv/SKILL.md"],
  ["another branch", "/tree/feature/x/skills/pdf", "/tree/main/skills/csv"],
])("two folders of one repository are two paks, one after the other or together: %s", async (_name, pdf, csv) => {
  await ok("install", url(pdf));
  expect(await ok("install", url(csv))).not.toContain("Removed");
  expect(await there()).toEqual(["csv", "pdf"]);
  expect(await sources()).toHaveLength(2);
  await ok("ci");
  await ok("remove", "pdf");
  expect(await sources()).toEqual([expect.stringMatching(/skills\/csv$/)]);
  await ok("remove", "csv");
  await ok("install", url(pdf), url(csv));
  expect(Object.keys((await project.lock()).paks)).toEqual(["csv", "pdf"]);
});

test("also with Gitea's pages, which say whether they mean a branch", async () => {
  const page = (name: string) => `${lab.server.url}/o/mono/src/branch/main/skills/${name}`;
  await lab.repo("o/mono", { "skills/pdf/SKILL.md": skill("pdf"), "skills/csv/SKILL.md": skill("csv") });
  await ok("install", page("pdf"));
  await ok("install", page("csv"));
  expect(await there()).toEqual(["csv", "pdf"]);
});

test.each([
  ["another branch's page", "/tree/main/skills/pdf", "/tree/dev/skills/pdf"],
  ["a fragment", "/tree/main/skills/pdf", "#branch=dev&path=skills/pdf"],
  ["a page after a fragment", "#branch=dev&path=skills/pdf", "/tree/main/skills/pdf"],
])("the same pak takes the place of what was asked for before: %s", async (_name, first, second) => {
  await ok("install", url("/tree/main/skills/csv"));
  await ok("install", url(first));
  await ok("install", url(second));
  expect(await there()).toEqual(["csv", "pdf"]);
  expect(await sources()).toHaveLength(2);
  expect(Object.keys((await project.lock()).paks)).toEqual(["csv", "pdf"]);
  await ok("ci");
  const twice = await git("install", url(first), url(second), "--json");
  expect(twice.json()).toMatchObject({ error: { code: "USAGE", message: expect.stringContaining("named twice") } });
});

test("a page that was edited by hand is the pak's: another install keeps it, and remove takes it out", async () => {
  await ok("install", url("/tree/main/skills/pdf"), url("/tree/main/skills/csv"));
  await edit("tree=main/skills/pdf", "tree=dev/skills/pdf");
  await ok("install", url("/tree/dev/skills/csv"));
  expect((await project.lock()).paks["pdf"]).toMatchObject({ resolved: { branch: "dev" } });
  await edit("tree=dev/skills/pdf", "tree=feature/x/skills/pdf");
  await ok("remove", "pdf");
  expect(await sources()).toEqual([expect.stringContaining("tree=dev/skills/csv")]);
});

test("what is written twice by hand, for two branches, is told", async () => {
  await ok("install", url("/tree/main/skills/pdf"));
  const [source] = await sources();
  await edit(`"${source!}"`, `"${source!}", "${source!.replace("main", "dev")}"`);
  const run = await git("install", "--json");
  expect(run.json()).toMatchObject({ error: { code: "ALREADY_EXISTS" } });
});

test("where another pak takes the place of one, that one is not said to be disabled", async () => {
  const repo = await lab.repo("renamed", { "skills/pdf/SKILL.md": skill("pdf") });
  await ok("install", `${lab.server.url}/renamed.git#branch=main`);
  await repo.git("mv", "skills/pdf", "skills/csv");
  await repo.write({ "skills/csv/SKILL.md": skill("csv") });
  await repo.commit("Renamed");
  await repo.git("push", "-q", "origin", "main:refs/heads/dev");
  const said = await ok("install", `${lab.server.url}/renamed.git#branch=dev`);
  expect(said).toContain("Removed pdf: nothing asks for it any more");
});
