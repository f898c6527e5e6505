import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GitRepo, gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type NpmStub, serveNpm } from "../testing/index.ts";
import { type Project, makeProject } from "./testing/project.ts";

/** verify and audit of what came from git and npm. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const skill = (name: string, body: string) =>
  `---\nname: ${name}\ndescription: Reads ${name} files.\nlicense: MIT\n---\n${body}\n`;

async function repository(tags: readonly string[] = []): Promise<GitRepo> {
  const files = { "skills/csv/SKILL.md": skill("csv", "one"), "skills/pdf/SKILL.md": skill("pdf", "one") };
  const repo = await gitRepo(files, tags);
  onTestFinished(() => repo.remove());
  return repo;
}

async function npmRegistry(): Promise<NpmStub> {
  const npm = await serveNpm();
  await project.write("../home/.npmrc", `registry=${npm.url}/\n`);
  return npm;
}

const editRecord = async (change: (record: Record<string, unknown>) => void, folder = "csv") => {
  const path = project.skill(".paks", `${folder}.json`);
  const record = JSON.parse(await readFile(path, "utf8")) as Record<string, unknown>;
  change(record);
  await writeFile(path, JSON.stringify(record));
};
const codes = ({ problems }: { readonly problems: { code: string; folder: string }[] }) =>
  problems.map(({ code, folder }) => `${folder} ${code}`);
const verify = (...flags: string[]) =>
  project.json<{ problems: { code: string; folder: string; message: string }[] }>("verify", ...flags);

test("a tag, a branch's commit and npm's version that give the same files are checked; offline nobody is asked", async () => {
  const repo = await repository(["v1.0.0"]);
  const npm = await npmRegistry();
  npm.add("1.0.0", { "skills/doc/SKILL.md": skill("doc", "one") });
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/csv`);
  await project.ok("install", `${repo.url}#branch=main&path=skills/pdf`);
  await project.ok("install", "npm:skills");
  const run = await project.ok("verify");
  expect(run.stdout.trim()).toBe("✓ 3 paks are as installed; 3 also against where they came from");
  expect(await project.json("audit")).toMatchObject({ exit: 0, paks: [{ registry: "asked" }, {}, {}], findings: [] });
  // The branch went on; the commit is still what it was.
  await repo.write({ "skills/pdf/SKILL.md": skill("pdf", "two") });
  await repo.commit("Second");
  expect(await verify()).toMatchObject({ exit: 0 });
  npm.requests.length = 0;
  await repo.remove();
  expect(await project.json("verify", "--offline")).toMatchObject({ exit: 0, paks: [{ registry: "skipped" }, {}, {}] });
  expect(await project.json("audit", "--offline")).toMatchObject({ exit: 0, paks: [{ registry: "skipped" }, {}, {}] });
  expect(npm.requests).toEqual([]);
});

test("a tag that was moved to other files is TAG_MOVED, 7; to another commit with the same files only a warning of audit", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/csv`);
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/pdf`);
  await repo.write({ "skills/csv/SKILL.md": skill("csv", "evil") });
  await repo.commit("Evil");
  await repo.git("tag", "--force", "v1.0.0");
  const run = await verify();
  expect(run).toMatchObject({ exit: 7, paks: [{ registry: "failed" }, { registry: "checked" }] });
  expect(codes(run)).toEqual(["csv TAG_MOVED"]);
  expect(await project.json("audit")).toMatchObject({
    exit: 7,
    findings: [
      { folder: "csv", severity: "error", code: "TAG_MOVED" },
      { folder: "pdf", severity: "warning", code: "TAG_MOVED" },
    ],
  });
  await repo.git("rm", "-rq", "skills/csv");
  await repo.commit("Gone");
  await repo.git("tag", "--force", "v1.0.0");
  expect(codes(await verify())).toEqual(["csv TAG_MOVED"]);
});

test("a tag, a commit and a repository that are gone are said with their codes, and the others are checked", async () => {
  const [repo, other] = [await repository(["v1.0.0"]), await repository(["v1.0.0"])];
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/csv`);
  await project.ok("install", `${other.url}#path=skills/pdf`);
  await repo.git("tag", "--delete", "v1.0.0");
  expect(await verify()).toMatchObject({ exit: 3, problems: [{ code: "TAG_NOT_FOUND", folder: "csv" }] });
  expect(await project.json("audit")).toMatchObject({ exit: 3, findings: [{ code: "TAG_NOT_FOUND" }] });
  await repo.remove();
  const run = await verify();
  expect(run).toMatchObject({ exit: 3, paks: [{ registry: "failed" }, { registry: "checked" }] });
  expect(codes(run)).toEqual(["csv REPOSITORY_NOT_FOUND"]);
  await editRecord(
    (record) => Object.assign(record["origin"] as object, { commit: "1".repeat(40), tag: undefined }),
    "pdf",
  );
  await project.editLock((paks) =>
    Object.assign(paks["pdf"]!["resolved"] as object, { commit: "1".repeat(40), tag: undefined }),
  );
  expect(codes(await verify("pdf"))).toEqual(["pdf REF_NOT_FOUND"]);
});

test("a host that cannot be reached is a finding, never the end of the run", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/csv`, "--no-save");
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/pdf`);
  const away = "ssh://git@127.0.0.1:9/acme/skills";
  await editRecord((record) => Object.assign(record["origin"] as object, { repository: away }));
  const run = await verify();
  expect(run).toMatchObject({ paks: [{ registry: "failed" }, { registry: "checked" }] });
  expect(run.problems).toHaveLength(1);
  expect(await project.json("audit")).toMatchObject({ findings: [{ folder: "csv" }] });
});

test("files, record and lock that agree on what the commit never held are 7", async () => {
  const [repo, evil] = [await repository(["v1.0.0"]), await repository()];
  await evil.write({ "skills/csv/SKILL.md": skill("csv", "evil") });
  await evil.commit("Evil");
  await project.ok("install", `${evil.url}#branch=main&path=skills/csv`, "--no-save");
  const forged = JSON.parse(await project.read(".agents", "skills", ".paks", "csv.json")) as Record<string, unknown>;
  await project.ok("remove", "csv");
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/csv`);
  await writeFile(project.skill("csv", "SKILL.md"), skill("csv", "evil"));
  await editRecord((record) => Object.assign(record, { files: forged["files"], digest: forged["digest"] }));
  await project.editLock((paks) => (paks["csv"]!["digest"] = forged["digest"]));
  expect(await verify("--offline")).toMatchObject({ exit: 0 });
  const run = await verify();
  expect(run.exit).toBe(7);
  expect(codes(run)).toEqual(["csv INTEGRITY_MISMATCH"]);
});

test("npm: other bytes under the version are 7, an unpublished version 3, no answer 8; deprecated is a warning", async () => {
  const npm = await npmRegistry();
  npm.add("1.0.0", { "skills/csv/SKILL.md": skill("csv", "one") });
  await project.ok("install", "npm:skills");
  const good = npm.versions.get("1.0.0")!;
  npm.versions.set("1.0.0", { ...good, deprecated: "Use another." });
  expect(await verify()).toMatchObject({ exit: 0, paks: [{ registry: "checked" }] });
  expect(await project.json("audit")).toMatchObject({
    exit: 0,
    findings: [{ severity: "warning", code: "DEPRECATED" }],
  });
  npm.add("1.0.0", { "skills/csv/SKILL.md": skill("csv", "evil") });
  expect(await verify()).toMatchObject({ exit: 7, problems: [{ code: "INTEGRITY_MISMATCH" }] });
  expect(await project.json("audit")).toMatchObject({ exit: 7, findings: [{ code: "INTEGRITY_MISMATCH" }] });
  // What it lists is what was recorded, and what it sends is not.
  npm.versions.set("1.0.0", { ...npm.versions.get("1.0.0")!, integrity: good.integrity });
  expect(await verify()).toMatchObject({ exit: 7, problems: [{ code: "INTEGRITY_MISMATCH" }] });
  npm.versions.clear();
  npm.add("1.1.0", { "skills/csv/SKILL.md": skill("csv", "two") });
  expect(await verify()).toMatchObject({ exit: 3, problems: [{ code: "VERSION_NOT_FOUND" }] });
  expect(await project.json("audit")).toMatchObject({ exit: 3, findings: [{ code: "VERSION_NOT_FOUND" }] });
  npm.status = 503;
  expect(await verify()).toMatchObject({ exit: 8, problems: [{ code: "REGISTRY_UNAVAILABLE" }] });
  expect(await project.json("audit")).toMatchObject({ exit: 8, paks: [{ registry: "unreachable" }] });
});

test("files, record and lock that agree on what the package never held are 7", async () => {
  const npm = await npmRegistry();
  npm.add("0.9.0", { "skills/csv/SKILL.md": skill("csv", "evil") });
  npm.add("1.0.0", { "skills/csv/SKILL.md": skill("csv", "one") });
  await project.ok("install", "npm:skills@0.9.0");
  const evil = JSON.parse(await project.read(".agents", "skills", ".paks", "csv.json")) as Record<string, unknown>;
  await project.ok("install", "npm:skills@1.0.0");
  await writeFile(project.skill("csv", "SKILL.md"), skill("csv", "evil"));
  await editRecord((record) => Object.assign(record, { files: evil["files"], digest: evil["digest"] }));
  await project.editLock((paks) => (paks["csv"]!["digest"] = evil["digest"]));
  expect(await verify("--offline")).toMatchObject({ exit: 0 });
  expect(await verify()).toMatchObject({ exit: 7, problems: [{ code: "INTEGRITY_MISMATCH" }] });
});

test("a package is asked about once for all paks of it", async () => {
  const npm = await npmRegistry();
  npm.add("1.0.0", { "skills/csv/SKILL.md": skill("csv", "one"), "skills/pdf/SKILL.md": skill("pdf", "one") });
  await project.ok("install", "npm:skills#path=skills/csv");
  await project.ok("install", "npm:skills#path=skills/pdf");
  npm.requests.length = 0;
  expect(await verify()).toMatchObject({ exit: 0, paks: [{ registry: "checked" }, { registry: "checked" }] });
  expect(npm.requests.map(({ path }) => path)).toEqual(["/skills", "/skills/-/1.0.0.tgz"]);
});

test("a clone's record has no repository of this machine asked that the user never named", async () => {
  const [repo, hidden] = [await repository(["v1.0.0"]), await repository(["v1.0.0"])];
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/csv`);
  for (const url of [hidden.url, hidden.url.replace("file:", "FILE:")]) {
    await editRecord((record) => Object.assign(record["origin"] as object, { repository: url }));
    expect(await verify()).toMatchObject({ exit: 5, problems: [{ code: "DRIFT" }, { code: "PROTOCOL_NOT_ALLOWED" }] });
    expect(await project.json("audit")).toMatchObject({ findings: [{ code: "PROTOCOL_NOT_ALLOWED" }] });
  }
});

test("of a pak that is not there and whose tag is gone, nothing is advised that cannot work", async () => {
  const repo = await repository(["v1.0.0"]);
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/csv`);
  await repo.git("tag", "-d", "v1.0.0");
  await rm(project.skill(), { recursive: true });
  const kept = await project.paks("verify");
  expect(kept.exit).toBe(3);
  expect(kept.stdout).toContain("The store of this machine still has it and puts it back: paks ci.");
  expect(kept.stdout).not.toContain("What is installed stays");
  await project.ok("ci");
  expect((await project.paks("verify")).stdout).toContain("What is installed stays as it is.");
  await rm(project.skill(), { recursive: true });
  await project.ok("cache", "clean");
  const lost = await project.paks("verify");
  expect(lost.stdout).toContain("It cannot be put back as it was.");
  expect(lost.stdout).toContain("or let it go: paks remove csv.");
  expect(lost.stdout).not.toMatch(/Put it back|stays as it is/);
  expect((await project.paks("ci")).exit).toBe(3);
});

test("what is lost in a named folder is let go there", async () => {
  const repo = await repository(["v1.0.0"]);
  const mine = join(project.cwd, "mine");
  await project.ok("install", `${repo.url}#tag=v1.0.0&path=skills/csv`, "--dir", mine);
  await repo.git("tag", "-d", "v1.0.0");
  await rm(join(mine, "csv"), { recursive: true });
  const lost = await project.paks("verify", "--dir", mine);
  expect(lost.stdout).toContain("or let it go: paks remove csv --dir ….");
});
