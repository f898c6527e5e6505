import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReleaseFile, describeFiles } from "@paks/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exists, readInstalledState } from "./installed-state.ts";
import { listInstalled } from "./list-installed.ts";
import type { Placing } from "./check-placing.ts";
import { placeRelease } from "./place.ts";
import { removeRelease } from "./remove-release.ts";
import { type InstallRecord, bookkeeping, formatRecord } from "./record.ts";
import { inSkillsFolder } from "./skills-folder.ts";
import { openWorkFolder, placesIn } from "./aside.ts";
import { writeIntents } from "./work-folder.ts";

let project: string;
let skillsFolder: string;
const notes: string[] = [];
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "paks-place-"));
  skillsFolder = join(project, ".agents", "skills");
  notes.length = 0;
});
afterEach(() => rm(project, { recursive: true, force: true }));

const inFolder = <T>(work: () => Promise<T>): Promise<T> =>
  inSkillsFolder(skillsFolder, { boundary: project, note: (text) => notes.push(text) }, work);

const filesOf = (version: string): ReleaseFile[] => [
  { path: "SKILL.md", executable: false, bytes: Buffer.from(`version ${version}\n`) },
  { path: "scripts/run.sh", executable: true, bytes: Buffer.from("echo hi\n") },
];

const recordOf = (version: string, account = "acme"): InstallRecord => ({
  record_version: 1,
  folder: "pdf",
  name: "pdf",
  version,
  digest: describeFiles(filesOf(version)).digest,
  origin: {
    type: "registry",
    registry: "https://registry.example",
    account,
    name: "pdf",
    version,
    tag: `v${version}`,
    commit: "0".repeat(40),
    repository: "https://git.example/acme/pdf",
    path: "",
  },
  files: describeFiles(filesOf(version)).files,
  links: [],
  installed_at: "2026-11-20T23:00:00.000Z",
});

const place = (version: string, over: Partial<Placing> = {}) =>
  inFolder(() =>
    placeRelease({
      skillsFolder,
      record: recordOf(version),
      files: filesOf(version),
      links: [],
      force: false,
      ...over,
    }),
  );

const skill = () => readFile(join(skillsFolder, "pdf", "SKILL.md"), "utf8");

test("what is installed has exactly the release's files, modes and a record beside it", async () => {
  await chmod(project, 0o755);
  expect(await place("1.0.0")).toMatchObject({ action: "installed", moved: [] });
  expect(await skill()).toBe("version 1.0.0\n");
  expect((await lstat(join(skillsFolder, "pdf", "scripts", "run.sh"))).mode & 0o777).toBe(0o755);
  expect((await lstat(join(skillsFolder, "pdf", "SKILL.md"))).mode & 0o777).toBe(0o644);
  expect((await readdir(skillsFolder)).sort()).toEqual([".paks", "pdf"]);
  expect(await listInstalled(skillsFolder)).toMatchObject([{ state: "intact", record: { version: "1.0.0" } }]);
  expect(await readdir(bookkeeping(skillsFolder).work)).toEqual([]);
});

test("another version replaces an unedited one; the same digest changes no file", async () => {
  await place("1.0.0");
  expect(await place("1.1.0")).toMatchObject({ action: "replaced", moved: [] });
  const before = await lstat(join(skillsFolder, "pdf"));
  expect(await place("1.1.0")).toMatchObject({ action: "unchanged" });
  expect((await lstat(join(skillsFolder, "pdf"))).ino).toBe(before.ino);
});

test.each([
  ["an edited file", () => writeFile(join(skillsFolder, "pdf", "SKILL.md"), "mine\n"), "SKILL.md"],
  ["an added file", () => writeFile(join(skillsFolder, "pdf", "notes.md"), "mine\n"), "notes.md"],
  ["a deleted file", () => rm(join(skillsFolder, "pdf", "scripts", "run.sh")), "scripts/run.sh"],
])("%s is never overwritten without force, and kept with it", async (_, edit, name) => {
  await place("1.0.0");
  await edit();
  await expect(place("1.1.0")).rejects.toMatchObject({ code: "LOCAL_CHANGES", details: { changed: [name] } });
  await expect(
    inFolder(() => removeRelease({ skillsFolder, record: recordOf("1.0.0"), force: false, now: new Date() })),
  ).rejects.toMatchObject({
    code: "LOCAL_CHANGES",
  });
  const placed = await place("1.1.0", { force: true });
  expect(await skill()).toBe("version 1.1.0\n");
  expect(placed.moved).toHaveLength(1);
  expect(await exists(placed.moved[0]!.to)).toBe(true);
});

test("a folder that paks did not make is refused and stays as it is", async () => {
  await mkdir(join(skillsFolder, "pdf"), { recursive: true });
  await writeFile(join(skillsFolder, "pdf", "SKILL.md"), "foreign\n");
  await expect(place("1.0.0")).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  expect(await skill()).toBe("foreign\n");
  const placed = await place("1.0.0", { force: true });
  expect(await readFile(join(placed.moved[0]!.to, "SKILL.md"), "utf8")).toBe("foreign\n");
});

test("a pak of the same name from another account is refused", async () => {
  await place("1.0.0");
  await expect(place("1.1.0", { record: recordOf("1.1.0", "rival") })).rejects.toMatchObject({
    code: "ALREADY_EXISTS",
  });
  expect(await skill()).toBe("version 1.0.0\n");
});

test("a target that is a link is never written through", async () => {
  const elsewhere = join(project, "elsewhere");
  await mkdir(elsewhere);
  await mkdir(skillsFolder, { recursive: true });
  await symlink(elsewhere, join(skillsFolder, "pdf"));
  await expect(place("1.0.0")).rejects.toMatchObject({ code: "ALREADY_EXISTS" });
  expect(await readdir(elsewhere)).toEqual([]);
});

test("a project whose .agents leads outside is refused", async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), "paks-elsewhere-"));
  await symlink(elsewhere, join(project, ".agents"));
  await expect(place("1.0.0")).rejects.toMatchObject({ code: "UNSAFE_TARGET" });
  expect(await readdir(elsewhere)).toEqual([]);
  await rm(elsewhere, { recursive: true });
});

test("links are relative, made once, and refused where something else stands", async () => {
  const path = join(project, ".claude", "skills", "pdf");
  const links = [{ target: "claude-code", path }];
  const record = { ...recordOf("1.0.0"), links: ["../../.claude/skills/pdf"] };
  await place("1.0.0", { links, record });
  expect(await readlink(path)).toBe(join("..", "..", ".agents", "skills", "pdf"));
  await place("1.0.0", { links, record });
  await inFolder(() => removeRelease({ skillsFolder, record, force: false, now: new Date() }));
  expect(await exists(path)).toBe(false);

  await writeFile(path, "something else");
  await expect(place("1.0.0", { links, record })).rejects.toMatchObject({ code: "ALREADY_EXISTS", details: { path } });
  expect(await exists(join(skillsFolder, "pdf"))).toBe(false);
});

test("a project that was moved is removed from completely", async () => {
  const path = join(project, ".claude", "skills", "pdf");
  const record = { ...recordOf("1.0.0"), links: ["../../.claude/skills/pdf"] };
  await place("1.0.0", { links: [{ target: "claude-code", path }], record });
  const moved = `${project}-moved`;
  await rename(project, moved);
  const there = join(moved, ".agents", "skills");
  await removeRelease({ skillsFolder: there, record, force: false, now: new Date() });
  expect(await readdir(join(moved, ".claude", "skills"))).toEqual([]);
  await rename(moved, project);
});

test("remove leaves nothing of the pak and everything else", async () => {
  await place("1.0.0");
  await writeFile(join(skillsFolder, "other.txt"), "stays");
  await inFolder(() => removeRelease({ skillsFolder, record: recordOf("1.0.0"), force: false, now: new Date() }));
  expect((await readdir(skillsFolder)).sort()).toEqual([".paks", "other.txt"]);
  expect(await listInstalled(skillsFolder)).toEqual([]);
});

/** Each row is what the disk looks like when the process was killed at that moment of replacing 1.0.0 by 1.1.0. */
const killedAt: [string, (work: { fresh: string; aside: string }) => Promise<void>, string][] = [
  ["before the first rename", () => Promise.resolve(), "version 1.0.0\n"],
  ["between the renames", ({ aside }) => rename(join(skillsFolder, "pdf"), aside), "version 1.0.0\n"],
  [
    "behind the second rename",
    async ({ fresh, aside }) => {
      await rename(join(skillsFolder, "pdf"), aside);
      await rename(fresh, join(skillsFolder, "pdf"));
    },
    "version 1.1.0\n",
  ],
];
test.each(killedAt)(
  "killed %s, the next command finds one whole version that fits its record",
  async (_, until, content) => {
    await place("1.0.0");
    const work = openWorkFolder(skillsFolder);
    const { fresh, aside } = placesIn(work, 0);
    await mkdir(join(fresh, "scripts"), { recursive: true });
    for (const file of filesOf("1.1.0"))
      await writeFile(join(fresh, file.path), file.bytes, { mode: file.executable ? 0o755 : 0o644 });
    writeIntents(work, [{ folder: "pdf", aside, record: recordOf("1.1.0") }]);
    await until({ fresh, aside });

    await inFolder(() => Promise.resolve());
    expect(await skill()).toBe(content);
    expect((await readInstalledState(skillsFolder, "pdf")).state).toBe("intact");
    expect(await readdir(bookkeeping(skillsFolder).work)).toEqual([]);
    expect(notes.length).toBe(_ === "between the renames" ? 1 : 0);
  },
);

test("a kill while files were still being written leaves no trace", async () => {
  const work = openWorkFolder(skillsFolder);
  const { fresh } = placesIn(work, 0);
  await mkdir(fresh);
  await writeFile(join(work.path, "intent.json"), '{"folder":');
  await inFolder(() => Promise.resolve());
  expect(await exists(work.path)).toBe(false);
});

test("eight installs at once of different versions end with one whole version", async () => {
  await Promise.all(Array.from({ length: 8 }, (_, index) => place(`1.${index}.0`)));
  expect(await listInstalled(skillsFolder)).toMatchObject([{ state: "intact" }]);
});

test("a record that cannot be read is never taken for nothing", async () => {
  await place("1.0.0");
  await writeFile(bookkeeping(skillsFolder).record("pdf"), formatRecord(recordOf("1.0.0")).slice(0, 40));
  await expect(place("1.1.0")).rejects.toMatchObject({ code: "INTEGRITY_MISMATCH" });
});

test("a record says that the lock names a folder only when the lock does", async () => {
  const isSaved = async () => (await listInstalled(skillsFolder))[0]?.record.saved === true;
  const saved: Partial<Placing> = { record: { ...recordOf("1.0.0"), saved: true } };
  const entry = {
    source: "acme/pdf",
    resolved: recordOf("1.0.0").origin,
    version: "1.0.0",
    digest: recordOf("1.0.0").digest,
    files: 2,
    dependencies: {},
    agents: [],
    mode: "link" as const,
  };
  await place("1.0.0");
  await writeFile(join(project, "paks.lock"), "no lock");
  await expect(place("1.0.0", { ...saved, workspace: { folder: "pdf", entry } })).rejects.toMatchObject({
    code: "LOCKFILE_MISMATCH",
  });
  expect(await isSaved()).toBe(false);
  await rm(join(project, "paks.lock"));
  await place("1.0.0", { ...saved, workspace: { folder: "pdf", entry } });
  expect(await isSaved()).toBe(true);
  expect(await readdir(bookkeeping(skillsFolder).base)).not.toContainEqual(expect.stringMatching(/new$/));
});
