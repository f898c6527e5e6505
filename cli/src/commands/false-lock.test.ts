import { readFile, rm, writeFile } from "node:fs/promises";
import { gitRepo } from "@paks/git/testing";
import { sha256Hex } from "@paks/schema";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

type Fields = Record<string, unknown>;

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});

const editLock = (change: (entry: Fields, resolved: Fields) => void) =>
  project.editLock((paks) => change(paks["pdf"]!, paks["pdf"]!["resolved"] as Fields));
const recordPath = () => project.skill(".paks", "pdf.json");
const record = async () => JSON.parse(await readFile(recordPath(), "utf8")) as Fields;
const removed = () => rm(project.skill(), { recursive: true });
const unrecorded = () => rm(recordPath());
const codes = async (...argv: string[]) => {
  const run = await project.json<{ problems?: { code: string }[]; error?: { code: string } }>(...argv);
  return [run.exit, ...(run.problems ?? [run.error!]).map(({ code }) => code)];
};
const skill = (words: string, version?: string) =>
  `---\nname: pdf\ndescription: Does it. Use it for tests.\n${version === undefined ? "" : `version: "${version}"\n`}---\n# ${words}\n`;

/** As `sed` does it: in `version` and in `resolved.version`, and once with the tag of that version. */
const falseVersions: readonly (readonly [what: string, change: (entry: Fields, resolved: Fields) => void])[] = [
  ["version", (entry, resolved) => (entry["version"] = resolved["version"] = "0.1.1")],
  [
    "version and tag",
    (entry, resolved) => ((entry["version"] = resolved["version"] = "0.1.1"), (resolved["tag"] = "v0.1.1")),
  ],
];
for (const [what, change] of falseVersions)
  test(`a lock with the ${what} of another release is refused with 7, whatever is in place, and no record believes it`, async () => {
    await project.registry.add("acme/pdf", "0.1.1");
    await project.registry.add("acme/pdf", "0.1.2");
    await project.ok("install", "acme/pdf");
    const before = await record();
    await editLock(change);
    for (const command of [["ci"], ["ci", "--offline"], ["install"], ["install", "--frozen"]])
      expect(await codes(...command), command.join(" ")).toEqual([7, "LOCKFILE_MISMATCH"]);
    expect(await codes("verify", "--offline")).toEqual([7, "LOCKFILE_MISMATCH"]);
    expect((await codes("verify"))[0]).toBe(7);
    expect(await record()).toEqual(before);
    await unrecorded();
    expect(await codes("ci", "--offline")).toEqual([7, "LOCKFILE_MISMATCH"]);
    await removed();
    expect(await codes("ci")).toEqual([7, "LOCKFILE_MISMATCH"]);
  });

test("where only a tag says the version, the registry is asked whose the files are", async () => {
  const text = skill("pdf");
  await project.registry.add("acme/pdf", "1.0.0", { text });
  await project.registry.add("acme/pdf", "1.0.1", { text });
  await project.ok("install", "acme/pdf@^1.0");
  const before = await record();
  await editLock((entry, resolved) => {
    entry["version"] = resolved["version"] = "1.0.2";
    resolved["tag"] = "v1.0.2";
  });
  expect(await codes("ci")).toEqual([3, "VERSION_NOT_FOUND"]);
  expect((await codes("ci", "--offline"))[0]).not.toBe(0);
  project.registry.down = { status: 503, code: "REGISTRY_UNAVAILABLE" };
  expect(await codes("ci")).toEqual([8, "REGISTRY_UNAVAILABLE"]);
  project.registry.down = undefined;
  expect(await record()).toEqual(before);
  // What somebody else has really updated to is taken, with all that the registry says of it.
  const { dto } = project.registry.get("acme/pdf@1.0.0");
  await editLock((entry, resolved) => {
    entry["version"] = "1.0.0";
    Object.assign(resolved, { version: "1.0.0", tag: "v1.0.0", tag_object: dto.tag_object, commit: dto.commit });
    Object.assign(resolved, { tree: dto.tree, archive: dto.archive_sha256 });
  });
  expect(await codes("verify")).toEqual([9, "DRIFT"]);
  await project.ok("ci");
  expect(await record()).toMatchObject({ version: "1.0.0", origin: { version: "1.0.0", commit: dto.commit } });
  await project.ok("verify");
});

test("a record that an earlier lie is in is told of and written again", async () => {
  await project.registry.add("acme/pdf", "0.1.2");
  await project.ok("install", "acme/pdf");
  const before = await record();
  await writeFile(recordPath(), JSON.stringify({ ...before, version: "0.1.1" }));
  expect(await codes("verify", "--offline")).toEqual([7, "INTEGRITY_MISMATCH"]);
  await project.ok("ci");
  expect(await record()).toMatchObject({ version: "0.1.2" });
  await project.ok("verify");
});

const facts: readonly (readonly [fact: string, value: string])[] = [
  ["tag", "release-1"],
  ["tag_object", "a".repeat(40)],
  ["commit", "a".repeat(40)],
  ["tree", "a".repeat(40)],
  ["repository", "https://git.example/acme/other"],
  ["path", "skills/pdf"],
  ["archive", "a".repeat(64)],
];
for (const [fact, value] of facts)
  test(`another ${fact} in the lock than the registry recorded is 7 for verify, and for ci where a record is at hand`, async () => {
    await project.registry.add("acme/pdf", "0.1.2");
    await project.ok("install", "acme/pdf");
    const before = await record();
    await editLock((_entry, resolved) => (resolved[fact] = value));
    expect((await codes("verify"))[0]).toBe(7);
    expect(await codes("verify", "--offline")).toEqual([7, "LOCKFILE_MISMATCH"]);
    expect(await codes("ci")).toEqual([7, "LOCKFILE_MISMATCH"]);
    expect(await record()).toEqual(before);
    await removed();
    // The archive's hash is all of this that is compared with what is fetched.
    project.registry.requests.length = 0;
    expect((await project.paks("ci")).exit).toBe(fact === "archive" ? 7 : 0);
    expect(project.registry.requests.map(({ path }) => path).filter((path) => !path.endsWith("/archive"))).toEqual(
      fact === "archive" ? ["/api/paks/acme/pdf/versions/0.1.2"] : [],
    );
    expect((await codes("verify")).slice(0, 2)).toEqual([7, fact === "archive" ? "DRIFT" : "INTEGRITY_MISMATCH"]);
  });

/** As it is after a false lock was installed into an empty folder, where nothing contradicts it, and the lock put back. */
async function believeFalseCommit() {
  await project.registry.add("acme/pdf", "0.1.2");
  await project.ok("install", "acme/pdf");
  const lock = await project.read("paks.lock");
  const right = await record();
  await editLock((_entry, resolved) => (resolved["commit"] = "a".repeat(40)));
  await removed();
  await project.ok("ci");
  await project.write("paks.lock", lock);
  return { lock, right, believed: await record() };
}

for (const command of [["ci"], ["install"], ["update"], ["ci", "--force"], ["install", "--force"]])
  test(`a record that a false lock was believed for is written anew by ${command.join(" ")} when the registry confirms the lock`, async () => {
    const { lock, right } = await believeFalseCommit();
    expect((await project.ok(...command)).stderr).toContain("the record of pdf is written anew");
    expect((await record())["origin"]).toEqual(right["origin"]);
    expect(await project.read("paks.lock")).toBe(lock);
    await project.ok("verify");
  });

for (const command of [["ci"], ["install"], ["ci", "--force"], ["install", "--force"]])
  test(`where nobody can be asked whether lock or record is right, ${command.join(" ")} changes nothing and names both ways out`, async () => {
    const { believed } = await believeFalseCommit();
    const offline = await project.json<{ error: { code: string; hint: string } }>(...command, "--offline");
    expect(offline).toMatchObject({ exit: 7, error: { code: "LOCKFILE_MISMATCH" } });
    for (const way of ["with a network", "version control", `delete ${recordPath()}`])
      expect(offline.error.hint).toContain(way);
    project.registry.down = { status: 503, code: "REGISTRY_UNAVAILABLE" };
    expect(await codes(...command)).toEqual([7, "LOCKFILE_MISMATCH"]);
    expect(await record()).toEqual(believed);
  });

test("the record that the hint says to delete is what stood in the way, also without a network", async () => {
  await project.registry.add("acme/pdf", "0.1.2");
  await project.ok("install", "acme/pdf");
  const before = await record();
  await writeFile(recordPath(), JSON.stringify(before).replace(/"commit":"\w+"/, `"commit":"${"a".repeat(40)}"`));
  expect(await codes("ci", "--offline")).toEqual([7, "LOCKFILE_MISMATCH"]);
  await unrecorded();
  await project.ok("ci", "--offline");
  expect((await record())["origin"]).toEqual(before["origin"]);
});

test("a record that names the locked digest and lists the files of a folder that was changed with it is not believed", async () => {
  await project.registry.add("acme/pdf", "0.1.2");
  await project.ok("install", "acme/pdf");
  const path = project.skill("pdf", "SKILL.md");
  const right = await readFile(path, "utf8");
  const evil = skill("evil");
  await writeFile(path, evil);
  const file = {
    path: "SKILL.md",
    size: Buffer.byteLength(evil),
    sha256: sha256Hex(Buffer.from(evil)),
    executable: false,
  };
  await writeFile(recordPath(), JSON.stringify({ ...(await record()), files: [file] }));
  for (const command of [["ci"], ["ci", "--force"], ["install"], ["install", "--force"], ["verify", "--offline"]])
    expect((await codes(...command)).slice(0, 2), command.join(" ")).toEqual([7, "INTEGRITY_MISMATCH"]);
  // As the hint has it.
  await unrecorded();
  expect((await project.paks("ci")).exit).not.toBe(0);
  await project.ok("ci", "--force");
  expect(await readFile(path, "utf8")).toBe(right);
  await project.ok("verify");
});

test("another count of files than there are is 7, whatever is in place and whoever can be asked", async () => {
  const repo = await gitRepo({ "SKILL.md": skill("pdf") }, ["v1.0.0"]);
  onTestFinished(() => repo.remove());
  await project.registry.add("acme/pdf", "0.1.2");
  for (const source of ["acme/pdf", repo.url]) {
    await project.ok("install", source);
    const before = await record();
    await editLock((entry) => (entry["files"] = 7));
    for (const command of [["ci"], ["ci", "--offline"], ["install"], ["install", "--frozen"], ["verify", "--offline"]])
      expect(await codes(...command), `${source} ${command.join(" ")}`).toEqual([7, "LOCKFILE_MISMATCH"]);
    expect((await codes("verify"))[0]).toBe(7);
    expect(await record()).toEqual(before);
    await editLock((entry) => (entry["files"] = 1));
    await project.ok("remove", "pdf");
  }
});

test("a tag that names another version contradicts the lock itself", async () => {
  await project.registry.add("acme/pdf", "0.1.1");
  await project.registry.add("acme/pdf", "0.1.2");
  await project.ok("install", "acme/pdf");
  await editLock((_entry, resolved) => (resolved["tag"] = "v0.1.1"));
  await removed();
  expect(await codes("ci")).toEqual([7, "LOCKFILE_MISMATCH"]);
  expect(await codes("verify")).toEqual([7, "LOCKFILE_MISMATCH"]);
});

test("of git, another version than tag and files say is refused; another state with the same files is asked for", async () => {
  const repo = await gitRepo({ "SKILL.md": skill("pdf") }, ["v1.0.0"]);
  onTestFinished(() => repo.remove());
  await project.ok("install", repo.url);
  const before = await record();
  await editLock((entry) => (entry["version"] = "1.0.1"));
  expect(await codes("ci")).toEqual([7, "LOCKFILE_MISMATCH"]);
  await editLock((_entry, resolved) => (resolved["tag"] = "v1.0.1"));
  expect(await codes("ci")).toEqual([3, "TAG_NOT_FOUND"]);
  expect(await codes("ci", "--offline")).toEqual([8, "OFFLINE"]);
  expect(await record()).toEqual(before);
  await repo.git("tag", "v1.0.1");
  expect((await codes("verify"))[0]).toBe(9);
  await project.ok("ci");
  expect(await record()).toMatchObject({ version: "1.0.1", origin: { tag: "v1.0.1" } });
  await project.ok("verify");
});
