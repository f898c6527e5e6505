import { lstat, mkdir, readFile, readdir, readlink, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ReleaseFile, describeFiles } from "@paks/schema";
import { beforeEach, expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { type LinkPlan, makeLink, makeLinks } from "./links.ts";
import type { Placing } from "./check-placing.ts";
import { placeRelease } from "./place.ts";
import { removeRelease } from "./remove-release.ts";
import { type InstallRecord, bookkeeping, formatLink, formatRecord } from "./record.ts";
import { openWorkFolder, placesIn } from "./aside.ts";
import { recoverSkillsFolder, writeIntents } from "./work-folder.ts";

let project: string;
let skillsFolder: string;
let copy: LinkPlan;
beforeEach(async () => {
  project = await tempFolder();
  skillsFolder = join(project, ".agents", "skills");
  copy = { target: "eve", path: join(project, "agent", "skills", "pdf"), mode: "copy" };
});

const filesOf = (version: string): ReleaseFile[] => [
  { path: "SKILL.md", executable: false, bytes: Buffer.from(`version ${version}\n`) },
  { path: "scripts/run.sh", executable: true, bytes: Buffer.from("echo hi\n") },
];

const recordOf = (version: string, links: readonly LinkPlan[]): InstallRecord => ({
  record_version: 1,
  folder: "pdf",
  name: "pdf",
  version,
  digest: describeFiles(filesOf(version)).digest,
  origin: { type: "local", path: "/somewhere" },
  files: describeFiles(filesOf(version)).files,
  links: links.map(({ path }) => formatLink(skillsFolder, path)),
  installed_at: "2026-11-20T23:00:00.000Z",
});

async function place(version: string, links: readonly LinkPlan[] = [copy], over: Partial<Placing> = {}) {
  await mkdir(join(skillsFolder, ".paks"), { recursive: true });
  const record = recordOf(version, links);
  return await placeRelease({ skillsFolder, record, files: filesOf(version), links, force: false, ...over });
}
const remove = (version: string, force = false) =>
  removeRelease({ skillsFolder, record: recordOf(version, [copy]), force, now: new Date(0) });
const copied = () => readFile(join(copy.path, "SKILL.md"), "utf8");

test("a copy holds the release's bytes and modes, and nothing else is left", async () => {
  await place("1.0.0");
  expect((await lstat(copy.path)).isDirectory()).toBe(true);
  expect(await copied()).toBe("version 1.0.0\n");
  expect((await lstat(join(copy.path, "scripts/run.sh"))).mode & 0o777).toBe(0o755);
  expect(await readdir(join(skillsFolder, ".paks/work"))).toEqual([]);
  expect(await readdir(join(project, "agent/skills"))).toEqual(["pdf"]);
});

test("a copy that nobody edited follows to the next version and goes when the pak goes", async () => {
  await place("1.0.0");
  await place("1.1.0");
  expect(await copied()).toBe("version 1.1.0\n");
  await remove("1.1.0");
  expect(await readdir(join(project, "agent/skills"))).toEqual([]);
});

test("an edited copy is refused by install and remove; with force it is kept", async () => {
  await place("1.0.0");
  await writeFile(join(copy.path, "SKILL.md"), "mine\n");
  await expect(place("1.1.0")).rejects.toMatchObject({ code: "LOCAL_CHANGES", details: { path: copy.path } });
  await expect(remove("1.0.0")).rejects.toMatchObject({ code: "LOCAL_CHANGES" });
  expect([await copied(), await readFile(join(skillsFolder, "pdf/SKILL.md"), "utf8")]).toEqual([
    "mine\n",
    "version 1.0.0\n",
  ]);
  const { moved } = await place("1.1.0", [copy], { force: true });
  expect(moved[0]!.from).toBe(copy.path);
  expect([await copied(), await readFile(join(moved[0]!.to, "SKILL.md"), "utf8")]).toEqual([
    "version 1.1.0\n",
    "mine\n",
  ]);
  await writeFile(join(copy.path, "new.txt"), "mine too\n");
  const removed = await remove("1.1.0", true);
  expect(await readFile(join(removed.moved[0]!.to, "new.txt"), "utf8")).toBe("mine too\n");
  expect(await readdir(join(project, "agent/skills"))).toEqual([]);
});

test("a folder of somebody else is refused with another name as the way out, even if it holds the same files", async () => {
  await mkdir(join(copy.path, "scripts"), { recursive: true });
  for (const file of filesOf("1.0.0")) await writeFile(join(copy.path, file.path), file.bytes);
  const refused = place("1.0.0");
  await expect(refused).rejects.toMatchObject({ code: "ALREADY_EXISTS", hint: expect.stringContaining("--as <name>") });
  expect((await readdir(project)).sort()).toEqual([".agents", "agent"]);
});

test("a link becomes a copy and a copy a link when that is asked for", async () => {
  const link: LinkPlan = { ...copy, mode: "link" };
  for (const [wanted, isLink] of [
    [link, true],
    [copy, false],
    [link, true],
  ] as const) {
    await place("1.0.0", [wanted]);
    expect((await lstat(copy.path)).isSymbolicLink()).toBe(isLink);
    expect(await copied()).toBe("version 1.0.0\n");
  }
});

test("a record cannot have a folder outside its project removed, whatever that holds", async () => {
  const outside = join(await tempFolder(), "pdf");
  await mkdir(join(outside, "scripts"), { recursive: true });
  for (const file of filesOf("1.0.0")) await writeFile(join(outside, file.path), file.bytes);
  await place("1.0.0", []);
  const record = recordOf("1.0.0", [{ ...copy, path: outside }]);
  await removeRelease({ skillsFolder, record, force: true, now: new Date(0) });
  expect((await readdir(outside)).sort()).toEqual(["SKILL.md", "scripts"]);
});

test("links are relative, so that a project can be moved; on Windows they are junctions and absolute", async () => {
  const to = join(skillsFolder, "pdf");
  await mkdir(to, { recursive: true });
  await mkdir(join(project, "tool"));
  for (const platform of ["linux", "darwin"] as const) {
    makeLink(join(project, "tool", platform), to, platform);
    expect(await readlink(join(project, "tool", platform))).toBe("../.agents/skills/pdf");
  }
  makeLink(join(project, "tool", "win32"), to, "win32");
  expect(await readlink(join(project, "tool", "win32"))).toBe(to);
  const moved = `${project}-moved`;
  await rename(project, moved);
  expect(await readdir(join(moved, "tool", "linux"))).toEqual([]);
  await rename(moved, project);
});

test.each(["EPERM", "ENOTSUP", "ENOSYS"])(
  "where the file system answers %s to a link there is a copy, which goes with the pak like one that was asked for",
  async (code) => {
    const link: LinkPlan = { ...copy, mode: "link" };
    await place("1.0.0", []);
    const record = recordOf("1.0.0", [link]);
    const noLinks = () => {
      throw Object.assign(new Error("no links here"), { code, syscall: "symlink" });
    };
    const to = join(skillsFolder, "pdf");
    await makeLinks([link], { to, record, force: false, backupOf: (path) => path, link: noLinks });
    expect((await lstat(copy.path)).isDirectory()).toBe(true);
    expect(await copied()).toBe("version 1.0.0\n");
    await removeRelease({ skillsFolder, record, force: false, now: new Date(0) });
    await expect(lstat(copy.path)).rejects.toMatchObject({ code: "ENOENT" });
  },
);

test("a disk that is full is no reason for a copy", async () => {
  await place("1.0.0", []);
  const full = () => {
    throw Object.assign(new Error("full"), { code: "ENOSPC", syscall: "symlink" });
  };
  const options = { to: join(skillsFolder, "pdf"), record: recordOf("1.0.0", [copy]), force: false, link: full };
  const link: LinkPlan = { ...copy, mode: "link" };
  await expect(makeLinks([link], { ...options, backupOf: (path) => path })).rejects.toMatchObject({ code: "ENOSPC" });
});

test.each([
  ["before its record is written", "1.0.0"],
  ["before its copies follow", "1.1.0"],
])("an update that is killed %s is ended by the next command, the copy included", async (_, recorded) => {
  await place("1.0.0");
  const work = openWorkFolder(skillsFolder);
  const { aside } = placesIn(work, 0);
  writeIntents(work, [{ folder: "pdf", aside, record: recordOf("1.1.0", [copy]) }]);
  await rename(join(skillsFolder, "pdf"), aside);
  await mkdir(join(skillsFolder, "pdf/scripts"), { recursive: true });
  for (const file of filesOf("1.1.0"))
    await writeFile(join(skillsFolder, "pdf", file.path), file.bytes, { mode: file.executable ? 0o755 : 0o644 });
  await writeFile(bookkeeping(skillsFolder).record("pdf"), formatRecord(recordOf(recorded, [copy])));
  await recoverSkillsFolder(skillsFolder);
  expect(await copied()).toBe("version 1.1.0\n");
  expect((await place("1.1.0")).action).toBe("unchanged");
  expect(await readdir(join(skillsFolder, ".paks/work"))).toEqual([]);
});

test("a copy that was edited before the kill keeps its edits", async () => {
  await place("1.0.0");
  await writeFile(join(copy.path, "SKILL.md"), "mine\n");
  const work = openWorkFolder(skillsFolder);
  const { aside } = placesIn(work, 0);
  writeIntents(work, [{ folder: "pdf", aside, record: recordOf("1.0.0", [copy]) }]);
  await mkdir(aside);
  await writeFile(join(aside, "SKILL.md"), "version 0.9.0\n");
  await recoverSkillsFolder(skillsFolder);
  expect(await copied()).toBe("mine\n");
});

test("a copy that was on its way when the command was killed is a copy again, not a link", async () => {
  await place("1.0.0");
  const work = openWorkFolder(skillsFolder);
  const record = recordOf("1.0.0", [copy]);
  const resolved = { type: "local", path: "somewhere" } as const;
  const entry = {
    source: "./somewhere",
    resolved,
    version: "1.0.0",
    digest: record.digest,
    files: 2,
    mode: "copy",
  } as const;
  const workspace = { folder: "pdf", entry: { ...entry, dependencies: {}, agents: ["eve"] } };
  writeIntents(work, [{ folder: "pdf", aside: placesIn(work, 0).aside, record, workspace }]);
  await rename(copy.path, join(work.path, "old"));
  await recoverSkillsFolder(skillsFolder);
  expect((await lstat(copy.path)).isDirectory()).toBe(true);
  expect(await copied()).toBe("version 1.0.0\n");
});
