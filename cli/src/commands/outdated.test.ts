import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { serveNpm } from "../testing/index.ts";
import { type Project, makeProject } from "../life/testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});

const skill = (name: string) => `---\nname: ${name}\ndescription: Reads ${name} files, and says so at length.\n---\n`;

const forget = (...refs: readonly string[]) => refs.forEach((ref) => project.registry.releases.delete(ref));

test("a pak that its registry no longer has is unknown, 3, and its own repository is named", async () => {
  const { registry } = project;
  for (const id of ["acme/csv", "acme/pdf"]) await registry.add(id, "1.0.0");
  await project.ok("install", "acme/csv", "acme/pdf");
  forget("acme/csv@1.0.0");
  const run = await project.paks("outdated");
  expect(run.exit).toBe(3);
  expect(run.stdout).toContain("Nothing newer is known; 1 could not be looked up:");
  expect(run.stdout).toContain("no longer knows acme/csv. [PAK_NOT_FOUND]");
  expect(run.stdout).toContain("paks install https://git.example/acme/csv");
  expect(await project.json("outdated")).toMatchObject({
    exit: 3,
    others: [
      { name: "acme/csv", state: "unknown", error: { code: "PAK_NOT_FOUND" } },
      { name: "acme/pdf", state: "current", gone: false },
    ],
  });
  const alone = await project.paks("outdated", "csv");
  expect([alone.exit, alone.stderr]).toEqual([3, expect.stringContaining("https://git.example/acme/csv")]);
});

test("a version that its registry no longer has is told, and what there is instead", async () => {
  const { registry } = project;
  for (const version of ["0.9.0", "1.0.0"]) await registry.add("acme/csv", version);
  await project.ok("install", "acme/csv");
  forget("acme/csv@1.0.0");
  expect(await project.json("outdated")).toMatchObject({
    exit: 9,
    outdated: [{ current: "1.0.0", gone: true, wanted: "0.9.0", latest: "0.9.0", updatable: true }],
  });
  const { stdout } = await project.paks("outdated");
  expect(stdout).toMatch(/acme\/csv +1\.0\.0 \(gone\) +0\.9\.0/);
  expect(stdout).toContain("Take what is wanted: paks update");
  await project.ok("update");
  expect(await project.json("outdated")).toMatchObject({ exit: 0, others: [{ current: "0.9.0", gone: false }] });
});

test("the newest of a git repository is named although the range excludes it, with what brings it", async () => {
  const repo = await gitRepo({ "skills/text/SKILL.md": skill("text") }, ["text--v1.0.0"]);
  onTestFinished(() => repo.remove());
  const source = `${repo.url}#version=^1&path=skills/text`;
  await project.ok("install", source);
  expect(await project.json("outdated")).toMatchObject({ exit: 0, others: [{ latest: "1.0.0", state: "current" }] });
  await repo.write({ "skills/text/run.md": "two" });
  await repo.commit("Two");
  await repo.tag("text--v2.0.0");
  await repo.tag("text--v3.0.0-beta.1");
  expect(await project.json("outdated")).toMatchObject({
    exit: 9,
    outdated: [{ current: "1.0.0", wanted: "1.0.0", latest: "2.0.0", updatable: false }],
  });
  const { stdout } = await project.paks("outdated");
  const [, advice] = /Beyond what is asked for: paks install (\S+)/.exec(stdout)!;
  expect(advice).toBe(`${repo.url}#path=skills/text`);
  await project.ok("install", advice!);
  expect((await project.lock()).paks["text"]).toMatchObject({ version: "2.0.0" });
});

test("the newest of an npm package is named although the range excludes it", async () => {
  const npm = await serveNpm();
  npm.add("1.0.0", { "SKILL.md": skill("csv") });
  const own = { ...project.options.environment, npm_config_registry: `${npm.url}/` };
  Object.assign(project.options.environment!, own);
  await project.ok("install", "npm:skills@^1");
  npm.add("2.0.0", { "SKILL.md": skill("csv"), "new.md": "two" });
  expect(await project.json("outdated")).toMatchObject({
    exit: 9,
    outdated: [{ current: "1.0.0", wanted: "1.0.0", latest: "2.0.0", updatable: false }],
  });
  const { stdout } = await project.paks("outdated");
  expect(stdout).toContain("Beyond what is asked for: paks install npm:skills");
  await project.ok("install", "npm:skills");
  expect((await project.lock()).paks["csv"]).toMatchObject({ version: "2.0.0" });
});

test("what is said of a pinned pak does it: without the pin what is asked for, by name what is beyond", async () => {
  const { registry } = project;
  for (const version of ["1.0.0", "1.1.0", "2.0.0"]) await registry.add("acme/pdf", version);
  await project.ok("install", "acme/pdf@1.0.0");
  await project.write("paks.jsonc", '{ "paks": ["acme/pdf@^1"] }');
  await project.ok("install");
  await project.ok("pin", "pdf");
  const advice = async () =>
    (await project.paks("outdated")).stdout.split("\n").filter((line) => line.includes("pinned;"));
  expect(await advice()).toEqual([
    "acme/pdf is pinned; 1.1.0 exists: paks unpin pdf, then paks update.",
    "acme/pdf is pinned; 2.0.0 is beyond what is asked for: paks unpin pdf, then paks install acme/pdf@latest",
  ]);
  await project.ok("unpin", "pdf");
  await project.ok("update");
  expect((await project.lock()).paks["pdf"]).toMatchObject({ version: "1.1.0" });
  await project.ok("pin", "pdf");
  expect(await advice()).toEqual([expect.stringContaining("2.0.0 is beyond what is asked for")]);
  await project.ok("unpin", "pdf");
  await project.ok("install", "acme/pdf@latest");
  expect((await project.lock()).paks["pdf"]).toMatchObject({ version: "2.0.0" });
});

test("what could not be looked up comes with what to do about it, once", async () => {
  const { registry } = project;
  for (const id of ["acme/csv", "acme/pdf", "acme/text"]) await registry.add(id, "1.0.0");
  await project.ok("install", "acme/csv", "acme/pdf", "acme/text");
  await project.editLock((paks) => {
    for (const folder of ["csv", "pdf"])
      (paks[folder]!["resolved"] as { registry: string }).registry = "http://127.0.0.1:9";
  });
  const { exit, stdout } = await project.paks("outdated");
  expect(exit).toBe(7);
  expect(stdout.match(/LOCKFILE_MISMATCH/g)).toHaveLength(2);
  expect(stdout.match(/^hint: .*If that registry is right/gm)).toHaveLength(1);
});
