import { execFileSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { listAsidePlaces, openWorkFolder } from "./aside.ts";
import { bookkeeping } from "./record.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
});

const below = (folder: string) => readdir(folder, { recursive: true });
/** What a tool sees that follows every folder. */
const skillsIn = async (folder: string) =>
  (await below(folder)).filter((path) => /(?:^|\/)skill\.md$/i.test(path)).sort();
const edit = (...path: string[]) => writeFile(join(...path, "SKILL.md"), "mine\n");
const keptBy = async (...argv: string[]): Promise<string[]> => {
  const done = await project.json<Record<"installed" | "removed", { backups: string[] }[]>>(...argv, "--force");
  expect(done.exit).toBe(0);
  return (done.installed ?? done.removed)[0]!.backups;
};

test("what --force replaces or removes is kept where no tool looks for skills, and the path is told", async () => {
  await project.ok("install", "acme/pdf", "--agent", "claude-code", "--copy");
  const copy = join(project.cwd, ".claude", "skills", "pdf");
  await edit(project.skill("pdf"));
  await edit(copy);
  const replaced = await keptBy("install", "acme/pdf");
  expect(await skillsIn(project.skill())).toEqual(["pdf/SKILL.md"]);
  await edit(project.skill("pdf"));
  await edit(copy);
  const removed = await keptBy("remove", "pdf");
  expect(existsSync(copy)).toBe(false);
  expect(existsSync(project.skill())).toBe(false);
  expect([...replaced, ...removed]).toHaveLength(4);
  for (const path of [...replaced, ...removed]) {
    expect(dirname(path)).toBe(join(project.cwd, ".agents", ".paks", "backups"));
    expect(await readFile(join(path, "SKILL.md"), "utf8")).toBe("mine\n");
  }
});

test("git takes none of it for a file of the project", async () => {
  execFileSync("git", ["init", "--quiet", project.cwd]);
  await project.ok("install", "acme/pdf");
  await edit(project.skill("pdf"));
  await keptBy("remove", "pdf");
  const seen = execFileSync("git", ["status", "--porcelain", "--untracked-files=all"], {
    cwd: project.cwd,
    encoding: "utf8",
  });
  expect(seen).not.toContain("backups");
  expect(seen).not.toContain(".agents");
});

test("a command's files on their way are where no tool looks", async () => {
  const work = openWorkFolder(project.skill());
  expect(dirname(work.path)).toBe(join(project.cwd, ".agents", ".paks", "work"));
  await writeFile(join(work.path, "file"), "");
  work.close();
  expect(await below(join(project.cwd, ".agents", ".paks"))).toEqual(["work"]);
});

test("what older versions kept among the skills is moved to the new place by the next command, and told", async () => {
  await project.ok("install", "acme/pdf");
  const old = join(bookkeeping(project.skill()).backups, "pdf-2026");
  await mkdir(old, { recursive: true });
  await edit(old);
  const { stderr } = await project.ok("install");
  const place = join(project.cwd, ".agents", ".paks", "backups");
  expect(stderr).toContain(place);
  expect(await readFile(join(place, "pdf-2026", "SKILL.md"), "utf8")).toBe("mine\n");
  expect((await project.ok("list")).stderr).toBe("");
});

test.each([0, 1])("an install that was killed between its renames is ended from either place: %s", async (index) => {
  await project.ok("install", "acme/pdf");
  const { work, backups } = listAsidePlaces(project.skill())[index]!;
  const kept = join(backups, "pdf-2026");
  const record = JSON.parse(await readFile(bookkeeping(project.skill()).record("pdf"), "utf8")) as unknown;
  for (const folder of [join(work, "left"), backups]) await mkdir(folder, { recursive: true });
  await writeFile(join(work, "left", "intent.json"), JSON.stringify([{ folder: "pdf", aside: kept, record }]));
  await edit(project.skill("pdf"));
  await rename(project.skill("pdf"), kept);
  expect((await project.ok("list")).stderr).toContain("put back");
  expect(await readFile(project.skill("pdf", "SKILL.md"), "utf8")).toBe("mine\n");
  expect(await below(work)).toEqual([]);
});

test("in a folder of --dir, which may be any tool's, what is kept has no manifest by that name", async () => {
  await project.ok("install", "acme/pdf", "--dir", "out");
  const out = join(project.cwd, "out");
  await edit(out, "acme", "pdf");
  const [kept] = await keptBy("install", "acme/pdf", "--dir", "out");
  expect(await skillsIn(out)).toEqual(["acme/pdf/SKILL.md"]);
  expect(await readFile(join(kept!, "SKILL.md.kept"), "utf8")).toBe("mine\n");
});

const memory = "/dev/shm";
const isOther = existsSync(memory) && statSync(memory).dev !== statSync(tmpdir()).dev;

async function onOtherDisk(path: string): Promise<string> {
  const folder = await mkdtemp(join(memory, "paks-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await mkdir(dirname(path), { recursive: true });
  await symlink(folder, path);
  return folder;
}

test.runIf(isOther)("a skills folder on another disk keeps the one-step rename; its backups are hidden", async () => {
  const folder = await onOtherDisk(join(project.home, ".agents", "skills"));
  await project.ok("install", "acme/pdf", "-g");
  await edit(folder, "pdf");
  const [kept] = await keptBy("install", "acme/pdf", "-g");
  expect(await skillsIn(folder)).toEqual(["pdf/SKILL.md"]);
  expect(await readFile(join(kept!, "SKILL.md.kept"), "utf8")).toBe("mine\n");
  await project.ok("verify", "-g");
});

test.runIf(isOther)("a tool's copies on another disk are kept beside the skills, byte by byte", async () => {
  const folder = await onOtherDisk(join(project.home, ".claude", "skills"));
  const args = ["install", "acme/pdf", "-g", "--agent", "claude-code", "--copy"];
  await project.ok(...args);
  await edit(folder, "pdf");
  const [kept] = await keptBy(...args);
  expect(dirname(kept!)).toBe(join(project.home, ".agents", ".paks", "backups"));
  expect(await readFile(join(kept!, "SKILL.md"), "utf8")).toBe("mine\n");
  expect(await readFile(join(folder, "pdf", "SKILL.md"), "utf8")).toContain("# pdf 1.0.0");
});

test("a place beside the skills that leads elsewhere is refused", async () => {
  await mkdir(join(project.cwd, ".agents"));
  await mkdir(join(project.home, "mine"));
  await symlink(join(project.home, "mine"), join(project.cwd, ".agents", ".paks"));
  const run = await project.paks("install", "acme/pdf");
  expect(run.stderr).toContain("UNSAFE_TARGET");
  expect(await readdir(join(project.home, "mine"))).toEqual([]);
});
