import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GitRepo, gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { serveNpm } from "../testing/index.ts";
import { type Project, makeProject } from "./testing/project.ts";

/** What only the record of an install knows: for all projects, in a folder of one's own, and in a project without its lock. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const skill = (body: string) => `---\nname: csv\ndescription: Reads CSV files.\nlicense: MIT\n---\n${body}\n`;
const globalSkill = (...path: string[]) => join(project.home, ".agents", "skills", ...path);
const installed = () => readFile(globalSkill("csv", "SKILL.md"), "utf8");

async function repository(tags: readonly string[] = []): Promise<GitRepo> {
  const repo = await gitRepo({ "SKILL.md": skill("one") }, tags);
  onTestFinished(() => repo.remove());
  return repo;
}

/** A stranger's clone: what it asks of this machine is not what the user asked for. */
async function editRecord(path: string, change: (record: Record<string, unknown>) => void): Promise<void> {
  const record = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  change(record);
  await writeFile(path, JSON.stringify(record));
}

test("-g, a branch: a newer commit is outdated and taken, what it can do more is asked about, and then it is current", async () => {
  const repo = await repository();
  await project.ok("install", `${repo.url}#branch=main`, "-g");
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0, others: [{ state: "current" }] });
  await repo.write({ "SKILL.md": skill("two"), "run.sh": "echo\n" });
  const second = await repo.commit("Second");
  expect(await project.json("outdated", "-g")).toMatchObject({
    exit: 9,
    outdated: [{ folder: "csv", scope: "global", wanted: second.slice(0, 12), updatable: true }],
  });
  expect((await project.paks("outdated", "-g")).stdout).toContain("paks update -g");
  expect(await project.json("update", "-g")).toMatchObject({ exit: 6, error: { code: "CAPABILITIES_GROWN" } });
  expect(await installed()).toBe(skill("one"));
  expect(await project.json("update", "-g", "--dry-run", "--allow-new-capabilities")).toMatchObject({
    exit: 0,
    updated: [{ name: "csv", files: [{ path: "SKILL.md" }, { path: "run.sh" }] }],
  });
  expect(await installed()).toBe(skill("one"));
  await project.ok("update", "-g", "--allow-new-capabilities");
  expect(await installed()).toBe(skill("two"));
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0 });
  expect((await project.ok("update", "-g")).stdout).toContain("up to date");
});

test("-g, a branch that moved without this pak is current; one that is gone is said, and the others are updated", async () => {
  const [one, other] = [await repository(), await gitRepo({ "SKILL.md": skill("x").replace("csv", "doc") })];
  onTestFinished(() => other.remove());
  await one.write({ "skills/pdf/SKILL.md": skill("pdf").replace("csv", "pdf") });
  await one.commit("Another pak");
  await project.ok("install", `${one.url}#branch=main&path=skills/pdf`, "-g");
  await project.ok("install", `${other.url}#branch=main`, "-g");
  await one.write({ "SKILL.md": skill("two") });
  await one.commit("Elsewhere");
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0, outdated: [] });
  await one.write({ "skills/pdf/SKILL.md": skill("newer").replace("csv", "pdf") });
  await one.commit("Here");
  await other.git("branch", "-m", "main", "trunk");
  expect(await project.json("outdated", "-g")).toMatchObject({
    exit: 9,
    outdated: [{ folder: "pdf" }],
    others: [{ folder: "doc", state: "unknown", error: { code: "REF_NOT_FOUND" } }],
  });
  expect(await project.json("update", "-g")).toMatchObject({
    exit: 3,
    updated: [{ folder: "pdf" }],
    failed: { code: "REF_NOT_FOUND" },
  });
});

test("-g, a tag of a version: the newest stable one is taken, never a prerelease and never an older one", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", repo.url, "-g");
  await repo.write({ "SKILL.md": skill("two") });
  await repo.commit("Second");
  await repo.tag("v1.2.0-beta.1");
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0, others: [{ latest: "1.0.0" }] });
  await repo.tag("v1.1.0");
  expect(await project.json("outdated", "-g")).toMatchObject({
    exit: 9,
    outdated: [{ current: "1.0.0", wanted: "1.1.0", latest: "1.1.0", updatable: true }],
  });
  expect(await project.json("update", "csv", "-g")).toMatchObject({ updated: [{ from: "1.0.0", to: "1.1.0" }] });
  expect(await installed()).toBe(skill("two"));
  await project.ok("install", `${repo.url}#tag=v1.2.0-beta.1`, "-g");
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0, others: [{ current: "1.2.0-beta.1" }] });
  expect(await project.json("update", "-g")).toMatchObject({ exit: 0, updated: [] });
});

test("-g, a commit and a tag that names no version are fixed, and nobody is asked about a commit", async () => {
  const repo = await repository(["stable"]);
  await project.ok("install", `${repo.url}#tag=stable`, "-g");
  await repo.write({ "SKILL.md": skill("two") });
  const second = await repo.commit("Second");
  await repo.tag("v9.0.0");
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0, others: [{ state: "fixed" }] });
  await project.ok("install", `${repo.url}#commit=${second}`, "-g");
  await repo.remove();
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0, others: [{ state: "fixed" }] });
  expect(await project.json("update", "-g")).toMatchObject({ exit: 0, updated: [] });
});

test("-g, a registry: nobody is taken back from a prerelease, and from a withdrawn version to the one before it", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.registry.add("acme/pdf", "2.0.0-beta.1", { files: { "notes.md": "2" } });
  await project.ok("install", "acme/pdf@2.0.0-beta.1", "-g");
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0 });
  expect(await project.json("update", "-g")).toMatchObject({ exit: 0, updated: [] });
  project.registry.get("acme/pdf@2.0.0-beta.1").dto.yanked = true;
  expect(await project.json("outdated", "-g")).toMatchObject({
    exit: 9,
    outdated: [{ yanked: true, wanted: "1.0.0" }],
  });
  expect(await project.json("update", "-g")).toMatchObject({ exit: 0, updated: [{ to: "1.0.0" }] });
});

test("-g, npm: the newest version is taken, an older latest is not, and one pak that cannot be asked about is said", async () => {
  const npm = await serveNpm();
  await writeFile(join(project.home, ".npmrc"), `registry=${npm.url}/\n`);
  npm.add("1.0.0", { "skills/csv/SKILL.md": skill("one") });
  await project.ok("install", "npm:skills@1.0.0", "-g");
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0, others: [{ latest: "1.0.0" }] });
  npm.add("1.1.0", { "skills/csv/SKILL.md": skill("two") });
  expect(await project.json("outdated", "-g")).toMatchObject({
    exit: 9,
    outdated: [{ folder: "csv", current: "1.0.0", wanted: "1.1.0", updatable: true }],
  });
  await project.ok("update", "csv", "-g");
  expect(await installed()).toBe(skill("two"));
  npm.add("1.0.1", { "skills/csv/SKILL.md": skill("old line") });
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 0, others: [{ state: "current" }] });
  expect(await project.json("update", "-g")).toMatchObject({ exit: 0, updated: [] });
  npm.status = 503;
  expect(await project.json("outdated", "-g")).toMatchObject({ exit: 8, error: { code: "REGISTRY_UNAVAILABLE" } });
  expect(await project.json("outdated", "-g", "--offline")).toMatchObject({ exit: 8, error: { code: "OFFLINE" } });
});

test("--dir, a folder that the user installed from: other content is outdated and taken under the name it has", async () => {
  const source = join(project.home, "mine");
  await mkdir(source);
  await writeFile(join(source, "SKILL.md"), skill("one"));
  await project.ok("install", source, "--dir", "out", "--as", "table");
  expect(await project.json("outdated", "--dir", "out")).toMatchObject({ exit: 0, others: [{ state: "current" }] });
  await writeFile(join(source, "SKILL.md"), skill("two"));
  expect(await project.json("outdated", "--dir", "out")).toMatchObject({ exit: 9, outdated: [{ folder: "table" }] });
  await writeFile(join(project.cwd, "out", "table", "SKILL.md"), "mine");
  expect(await project.json("update", "--dir", "out")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
  const forced = await project.json<{ updated: { backups: string[] }[] }>("update", "--dir", "out", "--force");
  expect(await project.read("out", "table", "SKILL.md")).toBe(skill("two"));
  expect(await readFile(join(forced.updated[0]!.backups[0]!, "SKILL.md.kept"), "utf8")).toBe("mine");
});

test("in a project, what the lock does not hold is updated from its record as well", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", repo.url, "--no-save");
  await repo.write({ "SKILL.md": skill("two") });
  await repo.commit("Second");
  await repo.tag("v1.1.0");
  expect(await project.json("outdated")).toMatchObject({ exit: 9, outdated: [{ wanted: "1.1.0" }] });
  await project.ok("update");
  expect(await project.read(".agents", "skills", "csv", "SKILL.md")).toBe(skill("two"));
  await expect(project.read("paks.lock")).rejects.toThrow("ENOENT");
});

test("a record of a stranger's clone has no folder and no repository of this machine read", async () => {
  const secret = join(project.home, "secret");
  await mkdir(secret);
  await writeFile(join(secret, "SKILL.md"), skill("secret"));
  const repo = await repository();
  await project.ok("install", `${repo.url}#branch=main`, "--dir", "out");
  const path = join(project.cwd, "out", ".paks", "csv.json");
  const hidden = await gitRepo({ "SKILL.md": skill("secret") });
  onTestFinished(() => hidden.remove());
  const origins: readonly [origin: Record<string, unknown>, code: string][] = [
    [{ type: "local", path: secret }, "PROTOCOL_NOT_ALLOWED"],
    [{ type: "local", path: "../../../home/secret" }, "INTEGRITY_MISMATCH"],
    [{ type: "local", path: "acme/pdf" }, "INTEGRITY_MISMATCH"],
    [{ type: "git", repository: hidden.url, path: "", branch: "main", commit: "1".repeat(40) }, "PROTOCOL_NOT_ALLOWED"],
  ];
  for (const [origin, code] of origins) {
    await editRecord(path, (record) => (record["origin"] = origin));
    expect(await project.json("outdated", "--dir", "out"), JSON.stringify(origin)).toMatchObject({ error: { code } });
    expect(await project.json("update", "--dir", "out")).toMatchObject({ error: { code } });
    expect(await project.read("out", "csv", "SKILL.md")).toBe(skill("one"));
  }
  expect(project.registry.requests).toEqual([]);
});
