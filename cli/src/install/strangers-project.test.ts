import { access, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { defaultLimits, describeFiles } from "@paks/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { listInstalled } from "./list-installed.ts";
import { removeEmptyFolders } from "./made-folders.ts";
import { placeRelease } from "./place.ts";
import { removeRelease } from "./remove-release.ts";
import { bookkeeping, type InstallRecord } from "./record.ts";
import { inSkillsFolder, recoverIfNeeded } from "./skills-folder.ts";

/** What paks finds in a project that somebody else filled: its own bookkeeping, written by a stranger. */
let root: string;
let skillsFolder: string;
let home: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "paks-stranger-")));
  skillsFolder = join(root, "project", ".agents", "skills");
  home = join(root, "home");
  await write(join(home, "work", "thesis.txt"), "ten years");
  await mkdir(bookkeeping(skillsFolder).base, { recursive: true });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

const options = () => ({ boundary: join(root, "project"), note: () => undefined });
const recover = () => recoverIfNeeded(skillsFolder, options());
const untouched = async () => expect(await readFile(join(home, "work", "thesis.txt"), "utf8")).toBe("ten years");

const files = [{ path: "SKILL.md", executable: false, bytes: Buffer.from("x\n") }];
const record = (more: Partial<InstallRecord> = {}): InstallRecord => ({
  record_version: 1,
  folder: "pdf",
  name: "pdf",
  version: "1.0.0",
  digest: describeFiles(files).digest,
  origin: { type: "local", path: "/x" },
  files: describeFiles(files).files,
  links: [],
  installed_at: "2026-01-01T00:00:00.000Z",
  ...more,
});

test.each<Partial<InstallRecord>>([
  { folder: "../../../home" },
  { folder: "/etc" },
  { folder: "a/../../../../home" },
  { folder: ".paks" },
  { folder: "another" },
  { folder: "" },
  { name: "../../../home/x" },
  { files: [{ path: "../../../home/work/thesis.txt", size: 9, sha256: "0".repeat(64), executable: false }] },
])("a record that leads elsewhere is none: %j", async (more) => {
  await write(bookkeeping(skillsFolder).record("pdf"), JSON.stringify(record(more)));
  await expect(listInstalled(skillsFolder)).rejects.toMatchObject({ code: "INTEGRITY_MISMATCH" });
  await untouched();
});

test("a record that is a link, or endless, is not read", async () => {
  await symlink("/dev/zero", bookkeeping(skillsFolder).record("pdf"));
  await expect(listInstalled(skillsFolder)).rejects.toMatchObject({ code: "INTEGRITY_MISMATCH" });
  await rm(bookkeeping(skillsFolder).record("pdf"));
  await write(bookkeeping(skillsFolder).record("pdf"), " ".repeat(8 * defaultLimits.fileBytes));
  await expect(listInstalled(skillsFolder)).rejects.toMatchObject({ code: "INTEGRITY_MISMATCH" });
});

test.each(["", "work", "backups"])("bookkeeping that is a link elsewhere is not cleaned up: .paks/%s", async (name) => {
  const place = join(bookkeeping(skillsFolder).base, name);
  await rm(place, { recursive: true, force: true });
  await symlink(home, place);
  await expect(inSkillsFolder(skillsFolder, options(), () => Promise.resolve())).rejects.toMatchObject({
    code: "UNSAFE_TARGET",
  });
  await untouched();
});

test("an intent moves nothing of the user's and nothing to where paks does not install", async () => {
  const left = join(bookkeeping(skillsFolder).work, "left");
  const leave = (intent: object) => write(join(left, "intent.json"), JSON.stringify(intent));
  for (const aside of [join(home, "work"), "../../../../../home/work", `${home}/backups/..`]) {
    await leave({ folder: "pdf", aside, record: record() });
    await recover();
    await untouched();
    await expect(access(join(skillsFolder, "pdf"))).rejects.toThrow("ENOENT");
  }
  for (const folder of ["../../../home/new", "/etc/new"]) {
    await write(join(left, "old", "SKILL.md"), "evil");
    await leave({ folder, aside: join(left, "old"), record: record() });
    await recover();
    await expect(access(join(home, "new"))).rejects.toThrow("ENOENT");
  }
  await symlink(home, join(skillsFolder, "acme"));
  await write(join(left, "old", "SKILL.md"), "evil");
  await leave({ folder: "acme/new", aside: join(left, "old"), record: record({ folder: "acme/new" }) });
  await expect(recover()).rejects.toMatchObject({ code: "UNSAFE_TARGET" });
  await expect(access(join(home, "new"))).rejects.toThrow("ENOENT");
});

/** As if a command had been killed that put the pak in its place and replaced a folder that held this thesis. */
async function leavePlacing(links: readonly string[], replaced: string): Promise<void> {
  const left = join(bookkeeping(skillsFolder).work, "left");
  await write(join(skillsFolder, "pdf", "SKILL.md"), "x\n");
  await write(join(left, "old-0", "thesis.txt"), replaced);
  const intent = { folder: "pdf", aside: join(left, "old-0"), record: record({ links }) };
  await write(join(left, "intent.json"), JSON.stringify([intent]));
}

const newPlaces = [
  "../../.git",
  "../../src",
  "../../node_modules/left-pad",
  "../../../beside",
  "another",
  "/tmp/paks-x",
];
test.each(newPlaces)("a placing that was never begun makes nothing at %s", async (link) => {
  await leavePlacing([link], "ours");
  await recover();
  await expect(access(resolve(skillsFolder, link))).rejects.toThrow("ENOENT");
});

test("a placing that was never begun replaces no folder that holds what it says was replaced", async () => {
  const own = ["src", ".git", ".claude/skills/another", "../beside"].map((path) => join(root, "project", path));
  for (const path of own) await write(join(path, "thesis.txt"), "ten years");
  const links = [...own, join(home, "work")];
  await leavePlacing([...links, ...links.map((path) => relative(skillsFolder, path))], "ten years");
  await recover();
  for (const path of links) expect(await readFile(join(path, "thesis.txt"), "utf8")).toBe("ten years");
});

test("a removing that was never begun removes nothing that the record names elsewhere", async () => {
  const src = join(root, "project", "src");
  await write(join(src, "SKILL.md"), "x\n");
  await write(bookkeeping(skillsFolder).record("pdf"), JSON.stringify(record({ links: ["../../src"] })));
  const left = join(bookkeeping(skillsFolder).work, "left");
  await write(join(left, "intent.json"), JSON.stringify([{ folder: "pdf", aside: join(left, "old"), record: null }]));
  await recover();
  expect(await readFile(join(src, "SKILL.md"), "utf8")).toBe("x\n");
});

test("a folder of a killed command that is a link: nothing is taken out of where it leads", async () => {
  const src = join(root, "project", "src");
  await write(join(src, "old", "SKILL.md"), "x\n");
  await write(join(src, "intent.json"), JSON.stringify([{ folder: "pdf", aside: "old", record: record() }]));
  await mkdir(bookkeeping(skillsFolder).work, { recursive: true });
  await symlink("../../../../src", join(bookkeeping(skillsFolder).work, "left"));
  await recover();
  expect(await readFile(join(src, "old", "SKILL.md"), "utf8")).toBe("x\n");
  await expect(access(join(skillsFolder, "pdf"))).rejects.toThrow("ENOENT");
});

test("a list of made folders has none removed but those that links need: an empty folder of git's is git's", async () => {
  const project = join(root, "project");
  const folders = [".git/refs/tags", ".git/refs", "build", ".claude/other", ".claude/skills/acme", "../home/empty"];
  for (const folder of folders) await mkdir(join(project, folder), { recursive: true });
  await mkdir(join(project, ".goose/skills"), { recursive: true });
  const listed = [...folders, ".goose/skills", ".goose"].map((folder) => `../../${folder}`);
  await write(join(bookkeeping(skillsFolder).base, "made"), JSON.stringify(listed));
  await removeEmptyFolders({ skillsFolder, root: project, cwd: project });
  for (const folder of folders) await access(join(project, folder));
  await expect(access(join(project, ".goose"))).rejects.toThrow("ENOENT");
});

test.each(["lock", "made"])("bookkeeping that is no file is refused at once, and not read: .paks/%s", async (name) => {
  const place = join(bookkeeping(skillsFolder).base, name);
  const enter = () => inSkillsFolder(skillsFolder, options(), () => Promise.resolve());
  await symlink("/dev/zero", place);
  await expect(enter()).rejects.toMatchObject({ code: "UNSAFE_TARGET", details: { path: place } });
  await rm(place);
  await mkdir(place);
  await expect(enter()).rejects.toMatchObject({ code: "UNSAFE_TARGET" });
});

test("folders that are called like drafts of ours stay, and stop nobody", async () => {
  const drafts = [
    join(bookkeeping(skillsFolder).base, ".0123456789ab.new"),
    join(root, "project", ".0123456789ab.new"),
  ];
  for (const draft of drafts) await write(join(draft, "a.txt"), "mine");
  await inSkillsFolder(skillsFolder, options(), () => Promise.resolve());
  for (const draft of drafts) expect(await readFile(join(draft, "a.txt"), "utf8")).toBe("mine");
});

test("an account's folder that is a link elsewhere is neither installed into nor removed from", async () => {
  await symlink(home, join(skillsFolder, "acme"));
  const work = record({ folder: "acme/work" });
  const placing = { skillsFolder, record: work, files, links: [], force: true };
  await expect(placeRelease(placing)).rejects.toMatchObject({ code: "UNSAFE_TARGET" });
  const removing = { skillsFolder, record: work, force: true, now: new Date() };
  await expect(removeRelease(removing)).rejects.toMatchObject({ code: "UNSAFE_TARGET" });
  await untouched();
});
