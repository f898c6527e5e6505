import { execFileSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

/** What an installer is told to do has to be something that he can do. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const skill = "---\nname: own\ndescription: Does it here.\n---\n";
const failure = async (...argv: string[]) =>
  (await project.json<{ error: { code: string; message: string; hint: string } }>("install", ...argv)).error;

test("a tag that is not there is looked for, not pushed", async () => {
  const repo = await gitRepo({ "SKILL.md": skill }, ["v1.0.0"]);
  onTestFinished(() => repo.remove());
  for (const text of [`${repo.url}#tag=v9.0.0`, `${repo.url}#v9.0.0`]) {
    const error = await failure(text);
    expect(error.code).toBe("TAG_NOT_FOUND");
    expect(error.hint).toContain(`git ls-remote --tags ${repo.url}`);
  }
});

test.each([
  ["/skills/", "without / in front: skills"],
  ["../x", "without .."],
])("--path %s says how a folder is named", async (path, hint) => {
  const error = await failure("github:acme/skills", "--path", path);
  expect([error.code, error.hint]).toEqual(["UNSAFE_PATH", expect.stringContaining(hint)]);
});

test("a pipe in a folder is no link, and is not waited for", async () => {
  await mkdir(join(project.cwd, "own"));
  await project.write("own/SKILL.md", skill);
  execFileSync("mkfifo", [join(project.cwd, "own", "pipe")]);
  expect(await failure("./own")).toMatchObject({ code: "UNSAFE_MODE", message: '"pipe" is a pipe, socket or device.' });
});

test("a pipe in an installed folder is an edit", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  execFileSync("mkfifo", [project.skill("pdf", "pipe")]);
  expect(await failure("acme/pdf")).toMatchObject({ code: "LOCAL_CHANGES" });
});

test("a dependency that is not there is the author's to mend, and not in git", async () => {
  await project.registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/gone": "^1" } });
  const error = await failure("acme/pdf");
  expect(error.code).toBe("PAK_NOT_FOUND");
  expect(error.hint).toContain("Ask the author of acme/pdf@1.0.0");
  expect(error.hint).not.toContain("github:");
});

test.each(["own", "own/pdf", "own/pdf/more", ".hidden/own"])("a folder %s that is there is offered", async (text) => {
  await mkdir(join(project.cwd, text), { recursive: true });
  expect((await failure(text)).hint).toContain(`paks install ./${text}`);
});

test("--save is what is done anyway, and contradicts what is not", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf", "--save");
  expect(await project.read("paks.jsonc")).toContain("acme/pdf");
  for (const flag of ["--no-save", "--global"])
    expect(await failure("acme/pdf", "--save", flag)).toMatchObject({ code: "USAGE" });
});

test("a pak of pre-releases only is told to be one, unless one was asked for", async () => {
  for (const version of ["1.0.0-beta.1", "1.0.0-beta.2"]) await project.registry.add("acme/pdf", version);
  const note = "acme/pdf has no stable version yet: 1.0.0-beta.2 is the newest of its pre-releases.";
  expect((await project.ok("install", "acme/pdf@1.0.0-beta.2", "--no-save")).stdout).not.toContain("no stable version");
  expect((await project.ok("install", "acme/pdf")).stdout).toContain(note);
  await project.registry.add("acme/pdf", "1.0.0");
  expect((await project.ok("install", "acme/pdf")).stdout).not.toContain("no stable version");
});
