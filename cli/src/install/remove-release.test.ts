import { existsSync, writeFileSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ReleaseFile, describeFiles } from "@paks/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readInstalledState } from "./installed-state.ts";
import type { LinkPlan } from "./links.ts";
import { placeRelease } from "./place.ts";
import { type InstallRecord, formatLink } from "./record.ts";
import { type Removing, removeRelease } from "./remove-release.ts";

let project: string;
let skillsFolder: string;
let links: readonly LinkPlan[];
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), "paks-remove-"));
  skillsFolder = join(project, ".agents", "skills");
  links = [
    { target: "claude-code", path: join(project, ".claude", "skills", "pdf") },
    { target: "cursor", path: join(project, ".cursor", "skills", "pdf"), mode: "copy" },
    { target: "windsurf", path: join(project, ".windsurf", "skills", "pdf"), mode: "copy" },
  ];
  await mkdir(skillsFolder, { recursive: true });
  await placeRelease({ skillsFolder, record: recordOf(), files, links, force: false });
  await writeFile(join(project, "paks.jsonc"), '{ "paks": ["acme/pdf"] }');
});
afterEach(() => rm(project, { recursive: true, force: true }));

const files: ReleaseFile[] = [{ path: "SKILL.md", executable: false, bytes: Buffer.from("one\n") }];

const recordOf = (): InstallRecord => ({
  record_version: 1,
  folder: "pdf",
  name: "pdf",
  version: null,
  digest: describeFiles(files).digest,
  origin: { type: "local", path: "/work/pdf" },
  files: describeFiles(files).files,
  links: links.map(({ path }) => formatLink(skillsFolder, path)),
  installed_at: "2026-01-01T00:00:00.000Z",
});

const remove = (more: Partial<Removing> = {}) =>
  removeRelease({
    skillsFolder,
    record: recordOf(),
    force: true,
    now: new Date(0),
    workspace: { folder: "pdf", entry: null, drop: ["acme/pdf"] },
    ...more,
  });

test("when the workspace's files cannot be changed, the pak, its links, copies and edits are as before", async () => {
  await writeFile(join(project, "paks.lock"), "<<<<<<< ours\n");
  await writeFile(join(skillsFolder, "pdf", "SKILL.md"), "mine\n");
  await writeFile(join(links[2]!.path, "SKILL.md"), "mine too\n");
  const told: string[] = [];
  await expect(remove({ warn: (text) => told.push(text) })).rejects.toMatchObject({ code: "LOCKFILE_MISMATCH" });
  expect(await readInstalledState(skillsFolder, "pdf")).toMatchObject({ state: "edited", changed: ["SKILL.md"] });
  expect((await lstat(links[0]!.path)).isSymbolicLink()).toBe(true);
  expect(await readFile(join(links[2]!.path, "SKILL.md"), "utf8")).toBe("mine too\n");
  expect(await readFile(join(project, "paks.jsonc"), "utf8")).toContain("acme/pdf");
  expect(told).toEqual([]);
  expect(await readdir(join(project, ".agents", ".paks", "work"))).toEqual([]);
});

test("a copy that nobody edited is made again as well", async () => {
  await writeFile(join(project, "paks.lock"), "<<<<<<< ours\n");
  await expect(remove({ force: false })).rejects.toMatchObject({ code: "LOCKFILE_MISMATCH" });
  for (const { path } of links) expect(await readFile(join(path, "SKILL.md"), "utf8")).toBe("one\n");
  expect((await lstat(links[1]!.path)).isSymbolicLink()).toBe(false);
  expect(await readInstalledState(skillsFolder, "pdf")).toMatchObject({ state: "intact" });
});

test("where edits cannot be put back, it is said where they are", async () => {
  await writeFile(join(project, "paks.lock"), "<<<<<<< ours\n");
  await writeFile(join(skillsFolder, "pdf", "SKILL.md"), "mine\n");
  const told: string[] = [];
  const target = join(skillsFolder, "pdf");
  // Somebody lays a file in its place while the workspace's files are being changed.
  const workspace = {
    folder: "pdf",
    entry: null,
    get drop() {
      if (!existsSync(target)) writeFileSync(target, "");
      return [];
    },
  };
  const removing = remove({ warn: (text) => told.push(text), workspace });
  await expect(removing).rejects.toMatchObject({ code: "LOCKFILE_MISMATCH" });
  const [, backup] = /^.*pdf was moved to (.*)\.$/.exec(told[0]!)!;
  expect(await readFile(join(backup!, "SKILL.md"), "utf8")).toBe("mine\n");
  expect(told).toHaveLength(1);
});
