import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "./testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const skill = (body: string) => `---\nname: csv\ndescription: Reads CSV files.\nlicense: MIT\n---\n${body}\n`;
const installed = () => readFile(project.skill("csv", "SKILL.md"), "utf8");

test("a branch: newer bytes are outdated, update takes them, rollback puts the old ones back", async () => {
  const repo = await gitRepo({ "SKILL.md": skill("one") });
  onTestFinished(() => repo.remove());
  const first = await repo.git("rev-parse", "HEAD");
  await project.ok("install", `${repo.url}#branch=main`);
  expect(await project.json("outdated")).toMatchObject({ exit: 0 });
  await repo.write({ "SKILL.md": skill("two"), "run.sh": "echo\n" });
  const second = await repo.commit("Second");
  expect(await project.json("outdated")).toMatchObject({
    exit: 9,
    outdated: [{ folder: "csv", wanted: second.slice(0, 12), updatable: true }],
  });
  expect((await project.paks("outdated")).stdout).toContain("Take what is wanted: paks update");
  expect(await project.json("update")).toMatchObject({ exit: 6, error: { code: "CAPABILITIES_GROWN" } });
  const points = [first, second].map((oid) => oid.slice(0, 7));
  const updated = await project.ok("update", "--allow-new-capabilities");
  expect(updated.stdout).toContain(`✓ csv ${points.join(" → ")}\n`);
  expect(await installed()).toBe(skill("two"));
  expect((await project.lock()).paks["csv"]).toMatchObject({
    resolved: { commit: second },
    previous: { resolved: { commit: first } },
  });
  expect(await project.json("verify")).toMatchObject({ exit: 0, paks: [{ registry: "checked" }] });
  expect(await project.json("audit", "--licenses", "MIT")).toMatchObject({ exit: 0 });
  expect((await project.paks("audit", "--licenses", "ISC")).stdout).toContain(`✗ csv ${points[1]}: `);
  const back = await project.ok("rollback", "csv", "--offline");
  expect(back.stdout).toContain(`✓ csv ${points.toReversed().join(" → ")}, verified`);
  expect(await installed()).toBe(skill("one"));
  await project.ok("ci", "--offline");
});

test("two states of a branch that call themselves the same version are told apart by their commits", async () => {
  const versioned = (body: string) =>
    skill(body).replace("license: MIT", 'license: MIT\nmetadata:\n  version: "0.2.0"');
  const repo = await gitRepo({ "SKILL.md": versioned("one") });
  onTestFinished(() => repo.remove());
  const first = await repo.git("rev-parse", "HEAD");
  await project.ok("install", `${repo.url}#branch=main`);
  await repo.write({ "SKILL.md": versioned("two") });
  const second = await repo.commit("Second");
  const { exit, stdout } = await project.paks("outdated");
  expect(exit).toBe(9);
  expect((await project.paks("update", "--dry-run")).stdout).toContain(
    `→ csv 0.2.0 (${first.slice(0, 7)}) → 0.2.0 (${second.slice(0, 7)})\n`,
  );
  const [one, two] = [first, second].map((oid) => `0\\.2\\.0 \\(${oid.slice(0, 7)}\\)`);
  expect(stdout).toMatch(new RegExp(`csv +${one} +${two} +${two} `));
  expect(await project.json("outdated")).toMatchObject({
    outdated: [{ current_point: first.slice(0, 7), wanted_point: second.slice(0, 7) }],
  });
});

test("a tag and a commit are never outdated", async () => {
  const repo = await gitRepo({ "SKILL.md": skill("one") }, ["v1.0.0"]);
  onTestFinished(() => repo.remove());
  await project.ok("install", `${repo.url}#tag=v1.0.0`);
  await repo.write({ "SKILL.md": skill("two") });
  await repo.commit("Second");
  await repo.tag("v1.1.0");
  expect(await project.json("outdated")).toMatchObject({ exit: 0, others: [{ state: "fixed" }] });
  await project.ok("update");
  expect(await installed()).toBe(skill("one"));
});

test("a folder of the project: changes at the source are outdated and taken by update, edits of the copy survive", async () => {
  const source = join(project.cwd, "src", "csv");
  await mkdir(source, { recursive: true });
  await writeFile(join(source, "SKILL.md"), skill("one"));
  await project.ok("install", "./src/csv");
  await writeFile(join(source, "SKILL.md"), skill("two"));
  expect(await project.json("outdated")).toMatchObject({ exit: 9, outdated: [{ folder: "csv" }] });
  const { stdout } = await project.paks("outdated");
  expect(stdout).toMatch(/csv +\(h1:[\w+/-]{8}\) +\(h1:[\w+/-]{8}\)/);
  expect(stdout).not.toContain("@latest");
  await project.ok("update");
  expect(await installed()).toBe(skill("two"));
  await writeFile(project.skill("csv", "SKILL.md"), "mine");
  await project.ok("update");
  expect(await installed()).toBe("mine");
  await writeFile(join(source, "SKILL.md"), skill("three"));
  expect(await project.json("update")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
  expect(await installed()).toBe("mine");
  expect((await project.ok("diff", "./src/csv", "./.agents/skills/csv")).stdout).toContain("+mine");
});

test("a folder: rollback puts its earlier state back while the store has it, and says so when it has not", async () => {
  await mkdir(join(project.cwd, "csv"));
  await project.write("csv/SKILL.md", skill("one"));
  await project.ok("install", "./csv");
  await project.write("csv/SKILL.md", skill("two"));
  await project.ok("install");
  const back = await project.ok("rollback", "csv");
  expect(await installed()).toBe(skill("one"));
  expect(back.stdout + back.stderr).toContain("the next install takes ./csv as it is then");
  await project.ok("rollback", "csv");
  expect(await installed()).toBe(skill("two"));
  await project.ok("cache", "clean");
  const run = await project.paks("rollback", "csv");
  expect([run.exit, run.stderr]).toEqual([3, expect.stringContaining("The state before of csv is not kept any more")]);
  expect(await installed()).toBe(skill("two"));
});
