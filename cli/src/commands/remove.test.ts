import { chmod, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { exists } from "../install/installed-state.ts";
import { type Project, makeProject } from "../life/testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  await registry.add("acme/base", "1.0.0");
  await registry.add("acme/lib", "1.0.0", { dependencies: { "acme/base": "^1" } });
  await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/lib": "^1" } });
  await registry.add("acme/doc", "1.0.0", { dependencies: { "acme/base": "^1" } });
});

const skillsLeft = async () => (await readdir(project.skill())).filter((name) => !name.startsWith("."));

test("a pak goes with its links, its source, its lock entry and the dependencies that only it needed", async () => {
  await project.ok("install", "acme/pdf", "acme/doc", "--agent", "claude-code");
  expect((await skillsLeft()).sort()).toEqual(["base", "doc", "lib", "pdf"]);
  const done = await project.json("remove", "acme/pdf");
  expect(done).toMatchObject({
    exit: 0,
    removed: [
      { name: "acme/pdf", dependency: false, backups: [] },
      { name: "acme/lib", dependency: true, backups: [] },
    ],
  });
  expect((await skillsLeft()).sort()).toEqual(["base", "doc"]);
  expect((await readdir(join(project.cwd, ".claude", "skills"))).sort()).toEqual(["base", "doc"]);
  expect(Object.keys((await project.lock()).paks).sort()).toEqual(["base", "doc"]);
  expect(await project.read("paks.jsonc")).not.toContain("acme/pdf");
  await project.ok("ci");
});

test("what another pak needs is refused as a dependency, and stays when it was asked for as well", async () => {
  await project.ok("install", "acme/lib");
  const refused = await project.json("remove", "base");
  expect(refused).toMatchObject({ exit: 6, error: { code: "STILL_NEEDED", details: { dependents: ["lib"] } } });
  expect((await skillsLeft()).sort()).toEqual(["base", "lib"]);

  await project.ok("install", "acme/base");
  expect(await project.json("remove", "base")).toMatchObject({
    exit: 0,
    removed: [],
    kept_as_dependency: [{ folder: "base" }],
  });
  expect((await project.lock()).paks["base"]).toMatchObject({ source: null });
  expect(await project.read("paks.jsonc")).not.toContain("acme/base");
  await project.ok("ci");
  // With both named nothing is left.
  await project.ok("remove", "lib");
  expect(await project.json("list")).toMatchObject({ installed: [] });
});

test("edits survive, also in a dependency that would go; with --force a copy is kept and told", async () => {
  await project.ok("install", "acme/pdf");
  await writeFile(project.skill("lib", "SKILL.md"), "mine");
  const before = await project.read("paks.lock");
  expect(await project.json("remove", "pdf")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
  expect((await skillsLeft()).sort()).toEqual(["base", "lib", "pdf"]);
  expect(await project.read("paks.lock")).toBe(before);

  const forced = await project.json<{ removed: { folder: string; backups: string[] }[] }>("remove", "pdf", "--force");
  expect(forced.exit).toBe(0);
  const backup = forced.removed.find(({ folder }) => folder === "lib")!.backups[0]!;
  expect(await readFile(join(backup, "SKILL.md"), "utf8")).toBe("mine");
});

test("a broken record of another pak is no obstacle; its own is refused and set aside with --force", async () => {
  await project.ok("install", "acme/doc", "--agent", "claude-code", "--no-save");
  await project.ok("install", "acme/lib", "--no-save");
  await writeFile(project.skill(".paks", "doc.json"), "{");
  await project.ok("remove", "lib");
  expect(await project.json("remove", "doc")).toMatchObject({ exit: 7, error: { code: "INTEGRITY_MISMATCH" } });
  expect(await exists(project.skill("doc"))).toBe(true);
  const forced = await project.json<{ removed: { backups: string[] }[] }>("remove", "doc", "--force");
  expect(forced.exit).toBe(0);
  expect(await readdir(forced.removed[0]!.backups[0]!)).toContain("SKILL.md");
  expect(await exists(project.skill("doc"))).toBe(false);
  expect(await exists(join(project.cwd, ".claude", "skills", "doc"))).toBe(false);
  expect(await project.json("list")).not.toMatchObject({ installed: [{ folder: "doc" }] });
});

test("a name that is not there changes nothing, also not those that are", async () => {
  await project.ok("install", "acme/lib");
  expect(await project.json("remove", "lib", "nothing")).toMatchObject({ exit: 3, error: { code: "PAK_NOT_FOUND" } });
  expect((await skillsLeft()).sort()).toEqual(["base", "lib"]);
});

test("from a folder inside the project, and what is only in the lock", async () => {
  await project.ok("install", "acme/lib", "acme/doc");
  await rm(project.skill(), { recursive: true });
  await mkdir(join(project.cwd, "src"));
  const { runPaks } = await import("../testing/index.ts");
  const run = await runPaks(["remove", "lib"], { ...project.options, cwd: join(project.cwd, "src") });
  expect(run.exit, run.stderr).toBe(0);
  expect(Object.keys((await project.lock()).paks).sort()).toEqual(["base", "doc"]);
});

test("a lock that cannot be read stops it before anything is removed", async () => {
  await project.ok("install", "acme/lib");
  await project.write("paks.lock", "<<<<<<< ours\n");
  expect(await project.json("remove", "lib")).toMatchObject({ exit: 7, error: { code: "LOCKFILE_MISMATCH" } });
  expect((await skillsLeft()).sort()).toEqual(["base", "lib"]);
});

test("all in one go: a pak and the one that needs it, in any order", async () => {
  await project.ok("install", "acme/lib", "acme/base");
  await project.ok("remove", "base", "lib");
  expect(await project.lock()).toMatchObject({ paks: {} });
});

test.skipIf(process.getuid?.() === 0)(
  "a folder that cannot be written is said, and nothing is half removed",
  async () => {
    await project.ok("install", "acme/doc");
    await chmod(project.skill(), 0o500);
    try {
      expect(await project.json("remove", "doc")).toMatchObject({ exit: 10, error: { code: "READ_ONLY_TARGET" } });
    } finally {
      await chmod(project.skill(), 0o700);
    }
    expect(await project.json("verify")).toMatchObject({ exit: 0 });
  },
);

test.skipIf(process.getuid?.() === 0)(
  "where only the workspace's files cannot be written, nothing is removed and no edit moved",
  async () => {
    await project.ok("install", "acme/pdf", "acme/doc", "--agent", "claude-code");
    await writeFile(project.skill("lib", "SKILL.md"), "mine");
    await chmod(project.cwd, 0o500);
    try {
      const refused = await project.json("remove", "doc", "pdf", "--force");
      expect(refused).toMatchObject({ exit: 10, error: { code: "READ_ONLY_TARGET" } });
    } finally {
      await chmod(project.cwd, 0o700);
    }
    expect((await skillsLeft()).sort()).toEqual(["base", "doc", "lib", "pdf"]);
    expect(await readFile(project.skill("lib", "SKILL.md"), "utf8")).toBe("mine");
    expect((await readdir(join(project.cwd, ".claude", "skills"))).sort()).toEqual(["base", "doc", "lib", "pdf"]);
  },
);

test("what is asked for and was never installed is asked for no more", async () => {
  await project.write("paks.jsonc", '{\n  // ours\n  "paks": ["acme/pdf@^1", "acme/doc"]\n}\n');
  expect(await project.json("remove", "acme/pdf")).toMatchObject({ exit: 0, removed: [{ name: "acme/pdf@^1" }] });
  const left = await project.read("paks.jsonc");
  expect(left).toContain("// ours");
  expect(left).toMatch(/"paks": \[\s*"acme\/doc"\s*\]/);
  expect(await readdir(project.cwd)).toEqual(["paks.jsonc"]);
});

test("a pak that is not there is told with the one that was meant, and a broken entry with where it stands", async () => {
  await project.ok("install", "acme/doc");
  expect((await project.paks("remove", "dco")).stderr).toContain("Did you mean doc?");
  await project.write("paks.jsonc", '{ "paks": ["acme/doc", "acme/report@@"] }');
  expect((await project.paks("ci")).stderr).toContain('paks.jsonc asks for "acme/report@@": ');
});

test("a refused remove leaves no folder behind", async () => {
  expect((await project.paks("remove", "nothing")).exit).toBe(3);
  expect((await project.paks("pin", "nothing")).exit).toBe(3);
  expect(await readdir(project.cwd)).toEqual([]);
});

test("a dependency with a broken record does not keep the pak that needed it", async () => {
  await project.ok("install", "acme/doc");
  await writeFile(project.skill(".paks", "base.json"), "{");
  const run = await project.ok("remove", "doc");
  expect(run.stderr).toContain("base stays");
  expect(await exists(project.skill("base"))).toBe(true);
  expect((await project.lock()).paks).toEqual({});
});
