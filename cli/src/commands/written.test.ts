import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "0.1.1");
});

interface Done {
  readonly new_files: string[];
  readonly replaced_sources: { source: string; before: string[] }[];
}
const nothing = { new_files: [], replaced_sources: [] };

test("files of a project that an install makes are told, with the folder that is a project now", async () => {
  const repo = join(project.home, "repo");
  const sub = join(repo, "sub");
  await Promise.all([mkdir(join(repo, ".git"), { recursive: true }), mkdir(sub, { recursive: true })]);
  const options = { ...project.options, cwd: sub };
  const first = await runPaks(["install", "acme/pdf"], options);
  expect(first.exit, first.stderr).toBe(0);
  const line = `paks.jsonc and paks.lock are new in ${join("~", "repo", "sub")}: commit them\n`;
  expect(first.stdout).toContain(line);
  const again = await runPaks(["install", "acme/pdf"], options);
  expect(again.stdout).not.toContain("new in");
  await rm(join(sub, "paks.lock"));
  expect((await runPaks(["install"], options)).stdout).toContain(
    `paks.lock is new in ${join("~", "repo", "sub")}: commit it`,
  );
  // Outside the home folder, and where a dot would say nothing.
  const run = await project.ok("install", "acme/pdf");
  expect(run.stdout).toContain(`paks.jsonc and paks.lock are new in ${project.cwd}: commit them\n`);
});

test("the new files are in --json by their paths, and --quiet says nothing of them", async () => {
  const quiet = await project.ok("install", "acme/pdf", "--quiet");
  expect(quiet.stdout).toContain("Installed acme/pdf");
  expect(quiet.stdout).not.toContain("new in");
  await Promise.all(["paks.jsonc", "paks.lock"].map((name) => rm(join(project.cwd, name))));
  expect(await project.json<Done>("install", "acme/pdf")).toMatchObject({
    new_files: [join(project.cwd, "paks.jsonc"), join(project.cwd, "paks.lock")],
    replaced_sources: [],
  });
  expect(await project.json<Done>("install", "acme/pdf")).toMatchObject(nothing);
});

test("an entry that asks for another range is told with the one before, also when no file of the pak changes", async () => {
  await project.ok("install", "acme/pdf");
  const run = await project.ok("install", "acme/pdf@0.1.1");
  expect(run.stdout).toContain("Already there: acme/pdf 0.1.1");
  expect(run.stdout).toContain("paks.jsonc asks for acme/pdf@0.1.1 now (before: acme/pdf)\n");
  expect((await project.ok("install", "acme/pdf@0.1.1")).stdout).not.toContain("(before:");
  expect(await project.json<Done>("install", "acme/pdf@^0.1")).toMatchObject({
    new_files: [],
    replaced_sources: [{ source: "acme/pdf@^0.1", before: ["acme/pdf@0.1.1"] }],
  });
});

test("an install that leaves the project's files alone says nothing of them", async () => {
  for (const option of [["--no-save"], ["--global"], ["--dir", "out"]]) {
    const run = await project.ok("install", "acme/pdf", ...option);
    expect(run.stdout, option[0]).not.toMatch(/new in|\(before/);
    expect(await project.json<Done>("install", "acme/pdf", ...option)).toMatchObject(nothing);
  }
  await project.ok("install", "acme/pdf");
  expect((await project.ok("install", "acme/pdf@0.1.1", "--no-save")).stdout).not.toContain("(before");
});
