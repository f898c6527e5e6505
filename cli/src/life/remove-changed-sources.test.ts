import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "./testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/csv", "1.0.0");
  await project.registry.add("acme/pdf", "1.0.0");
});

const sources = async () =>
  JSON.parse((await project.read("paks.jsonc")).replaceAll(/,(\s*[\]}])/g, "$1")) as {
    readonly paks: readonly unknown[];
    readonly disabled?: readonly string[];
  };

async function editSources(from: string, to: string): Promise<void> {
  const text = await project.read("paks.jsonc");
  expect(text).toContain(from);
  await project.write("paks.jsonc", text.replace(from, to));
}

const skill = (name: string) => `---\nname: ${name}\ndescription: Reads ${name} files.\n---\n`;

async function repository() {
  const repo = await gitRepo({ "skills/csv/SKILL.md": skill("csv"), "skills/text/SKILL.md": skill("text") }, [
    "csv--v1.0.0",
    "csv--v1.1.0",
    "text--v1.0.0",
  ]);
  onTestFinished(() => repo.remove());
  return repo;
}

test("a source whose range was edited since it was installed goes with its pak, and stays gone", async () => {
  await project.ok("install", "acme/csv@1.0.0", "acme/pdf");
  await editSources("acme/csv@1.0.0", "acme/csv@^1");
  await project.ok("remove", "csv");
  expect((await sources()).paks).toEqual(["acme/pdf"]);
  await project.ok("ci");
  await project.ok("install");
  expect(Object.keys((await project.lock()).paks)).toEqual(["pdf"]);
});

test("the edited source names the pak as well", async () => {
  await project.ok("install", "acme/csv@1.0.0");
  await editSources("acme/csv@1.0.0", "acme/csv@^1");
  await project.ok("remove", "acme/csv@^1");
  expect((await sources()).paks).toEqual([]);
  expect((await project.lock()).paks).toEqual({});
});

test("both sources of one pak, as a merge leaves them, go", async () => {
  await project.ok("install", "acme/csv@1.0.0");
  await editSources('"acme/csv@1.0.0"', '"acme/csv@1.0.0", "acme/csv@^1"');
  await project.ok("remove", "csv");
  expect((await sources()).paks).toEqual([]);
});

test("a git source with another tag goes; other paks of its repository stay", async () => {
  const repo = await repository();
  await project.ok("install", `${repo.url}#tag=csv--v1.0.0&path=skills/csv`);
  await project.ok("install", `${repo.url}#tag=text--v1.0.0&path=skills/text`);
  await editSources("tag=csv--v1.0.0", "tag=csv--v1.1.0");
  await project.ok("remove", "csv");
  expect((await sources()).paks).toEqual([`${repo.url}#tag=text--v1.0.0&path=skills/text`]);
  expect(Object.keys((await project.lock()).paks)).toEqual(["text"]);
  await project.ok("ci");
});

test("a git source that leaves the folder open goes with another tag too", async () => {
  const repo = await repository();
  await project.ok("install", `${repo.url}#tag=csv--v1.0.0`);
  await editSources("tag=csv--v1.0.0", "tag=csv--v1.1.0");
  await project.ok("remove", "csv");
  expect((await sources()).paks).toEqual([]);
});

test("a pak of the same repository that somebody else has just asked for is not taken for it", async () => {
  const repo = await repository();
  await project.ok("install", `${repo.url}#tag=csv--v1.0.0`);
  await editSources("tag=csv--v1.0.0", "tag=text--v1.0.0");
  await project.ok("remove", "csv");
  expect((await sources()).paks).toEqual([`${repo.url}#tag=text--v1.0.0`]);
});

test("where it may be several sources, nothing is removed", async () => {
  const repo = await repository();
  await project.ok("install", `${repo.url}#tag=csv--v1.0.0`);
  await editSources(`"${repo.url}#tag=csv--v1.0.0"`, `"${repo.url}#tag=csv--v1.1.0", "${repo.url}#branch=main"`);
  expect(await project.json("remove", "csv")).toMatchObject({ exit: 7, error: { code: "LOCKFILE_MISMATCH" } });
  expect(await project.json("list")).toMatchObject({ installed: [{ folder: "csv", state: "intact" }] });
});

test.each(["tables", "sheets"])("a folder's name that was edited by hand: removed as %s", async (name) => {
  await project.ok("install", "acme/csv@1.0.0", "--as", "tables");
  await editSources('"tables"', '"sheets"');
  await project.ok("remove", name);
  expect((await sources()).paks).toEqual([]);
  expect((await project.lock()).paks).toEqual({});
});

test("what disabled the edited source goes with it, what disables others stays", async () => {
  await project.ok("install", "acme/csv@1.0.0", "acme/pdf");
  await editSources("acme/csv@1.0.0", "acme/csv@^1");
  await project.write(
    "paks.jsonc",
    (await project.read("paks.jsonc")).replace(/\}\s*$/, ', "disabled": ["csv", "pdf"] }'),
  );
  await project.ok("remove", "csv");
  expect(await sources()).toMatchObject({ paks: ["acme/pdf"], disabled: ["pdf"] });
});

test("a dependency that was written into paks.jsonc since stays with its source", async () => {
  await project.registry.add("acme/doc", "1.0.0", { dependencies: { "acme/csv": "^1" } });
  await project.ok("install", "acme/doc");
  await editSources('"acme/doc"', '"acme/doc", "acme/csv"');
  await project.ok("remove", "doc");
  expect((await sources()).paks).toEqual(["acme/csv"]);
  expect(Object.keys((await project.lock()).paks)).toEqual(["csv"]);
  await project.ok("install");
  await project.ok("ci");
});

test("two paks of one repository that only their tags name are both asked for, one after the other or together", async () => {
  const { url } = await repository();
  const [csv, text] = [`${url}#tag=csv--v1.0.0`, `${url}#tag=text--v1.0.0`];
  await project.ok("install", csv);
  await project.ok("install", text);
  expect((await sources()).paks).toEqual([csv, text]);
  expect(Object.keys((await project.lock()).paks)).toEqual(["csv", "text"]);
  await project.ok("ci");
  // A newer tag of the same pak still takes the place of the older one.
  await project.ok("install", `${url}#tag=csv--v1.1.0`);
  expect(new Set((await sources()).paks)).toEqual(new Set([`${url}#tag=csv--v1.1.0`, text]));
  await project.ok("remove", "csv", "text");
  await project.ok("install", csv, text);
  expect((await sources()).paks).toEqual([csv, text]);
  await project.ok("ci");
});
