import { cp, lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { exists } from "../install/installed-state.ts";
import { type Project, makeProject } from "../life/testing/project.ts";

/** Installed, linked for Claude Code and copied for Cursor; then its records are gone, as in a clone without `.paks/`. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0", { files: { "run.sh!": "x" } });
  await project.registry.add("acme/text", "1.0.0");
  await project.ok("install", "acme/pdf", "--agent", "claude-code");
  await project.ok("install", "acme/text", "--agent", "claude-code", "--copy");
  await rm(project.skill(".paks"), { recursive: true });
  await rm(join(project.home, ".cache"), { recursive: true });
  project.registry.requests.length = 0;
});
const claude = (...path: string[]) => join(project.cwd, ".claude", "skills", ...path);
const edit = async () => await writeFile(project.skill("pdf", "SKILL.md"), "mine");
const failure = async (...argv: string[]) => {
  const { exit, error } = await project.json<{ error?: { code: string } }>(...argv);
  return { exit, code: error?.code };
};

test("list and verify say that it is there, without a record", async () => {
  const listed = await project.ok("list");
  expect(listed.stdout).toMatch(/acme\/pdf +1\.0\.0 +there, without a record of paks +claude-code/);
  expect(await project.json("list")).toMatchObject({
    installed: [
      { name: "pdf", state: "unrecorded", lock: "same", agents: ["claude-code"] },
      { name: "text", state: "unrecorded", lock: "same", agents: ["claude-code"] },
    ],
  });
  const verified = await project.paks("verify");
  expect(verified.exit).toBe(9);
  expect(verified.stdout).toContain("is there with the locked files, without a record of paks");
  await edit();
  expect((await project.ok("list")).stdout).toContain("there, without a record of paks, not as locked");
  expect((await project.paks("verify")).stdout).toContain("is there with other files than the locked ones");
});

for (const command of [["ci"], ["ci", "--offline"], ["install"], ["install", "--frozen"]])
  test(`${command.join(" ")} takes it over: a record is written, nothing is fetched, copies and links are known`, async () => {
    const lock = await project.read("paks.lock");
    await project.ok(...command);
    expect(project.registry.requests).toEqual([]);
    expect(await project.read("paks.lock")).toBe(lock);
    expect(await project.json("verify", "--offline")).toMatchObject({ exit: 0 });
    expect(await project.json("list")).toMatchObject({
      installed: [
        { state: "intact", links: [claude("pdf")] },
        { state: "intact", links: [claude("text")] },
      ],
    });
    await project.ok("remove", "pdf", "text");
    for (const path of [project.skill("pdf"), project.skill("text"), claude("pdf"), claude("text")])
      expect(await exists(path), path).toBe(false);
  });

test("other files are not taken over", async () => {
  await edit();
  for (const command of ["ci", "install"])
    expect(await failure(command)).toMatchObject({ exit: 6, code: "ALREADY_EXISTS" });
  expect(await readFile(project.skill("pdf", "SKILL.md"), "utf8")).toBe("mine");
  expect(await exists(project.skill(".paks", "pdf.json"))).toBe(false);
});

test("update takes it over and replaces it; --dry-run writes nothing", async () => {
  await project.registry.add("acme/pdf", "1.1.0");
  expect(await project.json("update", "--dry-run")).toMatchObject({ updated: [{ from: "1.0.0", to: "1.1.0" }] });
  expect(await exists(project.skill(".paks"))).toBe(false);
  await project.ok("update", "pdf");
  expect(await readFile(claude("pdf", "SKILL.md"), "utf8")).toContain("# pdf 1.1.0");
});

test("remove takes all of it away: the folder, links and copies", async () => {
  await project.ok("remove", "pdf");
  expect(await exists(project.skill("pdf"))).toBe(false);
  expect(await exists(claude("pdf"))).toBe(false);
  expect(await exists(claude("text"))).toBe(true);
  await project.ok("remove", "text");
  expect(await exists(project.skill("text"))).toBe(false);
  expect(await exists(claude("text"))).toBe(false);
});

test("remove refuses what has other files than the locked ones, and with --force keeps it aside", async () => {
  await edit();
  expect(await failure("remove", "pdf")).toMatchObject({ exit: 6, code: "LOCAL_CHANGES" });
  expect(await exists(claude("pdf"))).toBe(true);
  expect((await project.lock()).paks["pdf"]).toBeDefined();
  const { removed } = await project.json<{ removed: { backups: string[] }[] }>("remove", "pdf", "--force");
  expect(await readFile(join(removed[0]!.backups[0]!, "SKILL.md"), "utf8")).toBe("mine");
  expect(await exists(project.skill("pdf"))).toBe(false);
  expect(await exists(claude("pdf"))).toBe(false);
});

test("what nothing asks for any more goes as well", async () => {
  await project.write("paks.jsonc", '{"paks": ["acme/text"]}');
  await project.ok("install");
  expect(await exists(project.skill("pdf"))).toBe(false);
  expect(await exists(claude("pdf"))).toBe(false);
});

test("a link in its place is not taken over, wherever it leads", async () => {
  await mkdir(join(project.cwd, "elsewhere"));
  await cp(project.skill("pdf"), join(project.cwd, "elsewhere", "pdf"), { recursive: true });
  await rm(project.skill("pdf"), { recursive: true });
  await symlink("../../elsewhere/pdf", project.skill("pdf"));
  expect(await failure("ci")).toMatchObject({ exit: 6, code: "ALREADY_EXISTS" });
  expect((await lstat(project.skill("pdf"))).isSymbolicLink()).toBe(true);
  expect(await failure("remove", "pdf")).toMatchObject({ exit: 6, code: "LOCAL_CHANGES" });
  await project.ok("remove", "pdf", "--force");
  expect(await exists(project.skill("pdf"))).toBe(false);
  expect(await exists(join(project.cwd, "elsewhere", "pdf", "SKILL.md"))).toBe(true);
});

test("remove leaves no link behind to what was deleted by hand", async () => {
  await rm(project.skill("pdf"), { recursive: true });
  expect(await project.json("list")).toMatchObject({ installed: [{ name: "pdf", state: "missing" }, {}] });
  await project.ok("remove", "pdf");
  expect(await exists(claude("pdf"))).toBe(false);
});

test("a commit or tree that was changed in the lock is noticed where the record of the install is at hand", async () => {
  await project.ok("ci");
  for (const facts of [{ commit: "a".repeat(40) }, { tree: "b".repeat(40) }]) {
    const before = await project.read("paks.lock");
    await project.editLock((paks) => Object.assign(paks["pdf"]!["resolved"] as object, facts));
    expect(await failure("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
    expect(await failure("install")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
    expect(await project.json("verify", "--offline")).toMatchObject({
      exit: 7,
      problems: [{ code: "LOCKFILE_MISMATCH", folder: "pdf" }],
    });
    await project.write("paks.lock", before);
  }
});
