import { mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type PulledProject, makePulledProject } from "../life/testing/pulled.ts";
import { runPaks } from "../testing/index.ts";
import { entryPath } from "../store/store.ts";
import { exists } from "./installed-state.ts";

/** What a record says of whether the project's files named it, and what is believed of that. */
let project: PulledProject;
beforeEach(async () => void (project = await makePulledProject()));

const listBackups = () => readdir(join(project.cwd, ".agents", ".paks", "backups")).catch(() => []);

describe("what nobody wrote down", () => {
  async function makeOutside(): Promise<void> {
    await mkdir(join(project.cwd, "..", "out"));
    const text = '---\nname: out\ndescription: Elsewhere.\ndependencies: ["acme/text@^1"]\n---\n';
    await writeFile(join(project.cwd, "..", "out", "SKILL.md"), text);
  }

  test("stays with all that it needs, and verify has no word for it", async () => {
    await makeOutside();
    await project.ok("install", "acme/own");
    await project.ok("install", "acme/csv", "--no-save");
    await project.ok("install", "../out");
    for (const command of ["ci", "install"]) expect(await project.json(command)).toMatchObject({ removed: [] });
    expect(await project.there()).toEqual(["csv", "out", "own", "text"]);
    expect(await project.isSaved("text")).toBe(false);
    await project.ok("verify");
  });

  test("has from then on what only it still needs", async () => {
    await makeOutside();
    await project.ok("install", "acme/own");
    const before = await project.readFiles();
    await project.ok("install", "acme/pdf");
    await project.ok("install", "../out");
    expect(await project.isSaved("text")).toBe(true);
    await project.pull(before);
    expect(await project.json("ci")).toMatchObject({ removed: ["pdf"] });
    expect([await project.there(), await project.isSaved("text")]).toEqual([["out", "own", "text"], false]);
    await project.ok("verify");
  });

  test("is kept apart from what is locked by each command that places it, also where no byte changes", async () => {
    await project.ok("install", "acme/pdf", "--no-save");
    expect([await project.isSaved("pdf"), await project.isSaved("text")]).toEqual([false, false]);
    await project.ok("install", "acme/pdf");
    expect([await project.isSaved("pdf"), await project.isSaved("text")]).toEqual([true, true]);
    await project.ok("install", "acme/csv", "--no-save");
    expect([await project.isSaved("csv"), await project.isSaved("text")]).toEqual([false, true]);
    await makeOutside();
    await project.write("paks.jsonc", "{}");
    await project.editLock((paks) => delete paks["pdf"]);
    await project.ok("install", "../out");
    expect([Object.keys((await project.lock()).paks), await project.isSaved("text")]).toEqual([[], false]);
  });

  test("stays, like all that was installed before records told the two apart", async () => {
    await project.pullWithout("acme/pdf");
    for (const folder of ["pdf", "text"]) await project.changeRecord(folder, { saved: undefined });
    expect(await project.json("ci")).toMatchObject({ removed: [] });
    expect(await project.there()).toEqual(["own", "pdf", "text"]);
  });

  test("stays in the folder of what is no longer asked for, and is not called edited", async () => {
    await project.registry.add("acme/own", "1.1.0");
    await project.ok("install", "acme/csv", "acme/own@1.0.0");
    await project.ok("install", "acme/own@1.1.0", "--no-save");
    await project.write("paks.jsonc", '{ "paks": ["acme/csv"] }');
    const { stderr } = await project.ok("install");
    expect(stderr).toContain("own is no longer asked for, but what is there was never saved: it stays.");
    expect(await project.there()).toContain("own");
  });

  test("is what -g and --dir install, wherever that is", async () => {
    await project.ok("install", "acme/own");
    await project.ok("install", "acme/csv", "--dir", ".agents/skills");
    expect(await project.isSaved("acme--csv")).toBe(false);
    expect(await project.json("ci")).toMatchObject({ removed: [] });
  });
});

test("update, rollback and ci mark what they put in place", async () => {
  await project.ok("install", "acme/own");
  await project.registry.add("acme/own", "1.1.0");
  for (const line of ["update", "rollback own", "ci"]) {
    await project.changeRecord("own", { saved: undefined });
    await project.ok(...line.split(" "));
    expect(await project.isSaved("own"), line).toBe(true);
  }
  await rm(project.recordFile("own"));
  await project.ok("ci");
  expect(await project.isSaved("own")).toBe(true);
});

describe("a record that a stranger wrote", () => {
  beforeEach(async () => {
    await project.pullWithout("acme/csv", "--agent", "claude-code");
  });

  test("takes no bytes away that it does not list", async () => {
    await rm(project.skill("csv"), { recursive: true });
    await mkdir(project.skill("csv"));
    await writeFile(project.skill("csv", "thesis.md"), "mine");
    expect(await project.json("ci")).toMatchObject({ removed: ["text"] });
    expect(await readFile(project.skill("csv", "thesis.md"), "utf8")).toBe("mine");
  });

  test("is not believed where it contradicts itself", async () => {
    const { digest } = await project.readRecord("own");
    await project.changeRecord("csv", { digest });
    const { stdout, stderr } = await project.ok("ci");
    expect(stdout).not.toContain("csv");
    expect(stderr).toContain("paks.lock no longer names csv, but its record contradicts itself: it stays.");
    expect(stderr).not.toContain("edited");
    expect(await project.there()).toEqual(["csv", "own"]);
  });

  test("is not believed by install either, where the lock still names the folder", async () => {
    await project.ok("install", "acme/csv");
    await project.write("paks.jsonc", '{ "paks": ["acme/own"] }');
    const { digest } = await project.readRecord("own");
    await project.changeRecord("csv", { digest });
    const { stderr } = await project.ok("install");
    expect(stderr).toContain("csv is no longer asked for, but its record contradicts itself: it stays.");
    expect(await project.there()).toContain("csv");
  });

  test("puts nothing into the store, which all projects share and which has modes that no digest covers", async () => {
    const { digest, files } = await project.readRecord("csv");
    const executable = (files as object[]).map((file) => ({ ...file, executable: true }));
    await project.changeRecord("csv", { files: executable });
    await rm(join(project.home, ".cache", "paks", "store"), { recursive: true });
    expect(await project.json("ci")).toMatchObject({ removed: ["csv", "text"] });
    expect(await exists(entryPath(join(project.home, ".cache", "paks", "store"), digest))).toBe(false);
    const backups = await listBackups();
    for (const folder of ["csv-", "text-"]) expect(backups).toContainEqual(expect.stringContaining(folder));
  });

  test.each(["ci", "install"])("that leads through a link is named by %s, which goes on", async (command) => {
    const outside = join(project.home, "docs");
    await mkdir(outside);
    await rename(project.skill("csv"), join(outside, "csv"));
    await symlink(outside, project.skill("evil"), "junction");
    const record = { ...(await project.readRecord("csv")), folder: "evil/csv", saved: true };
    await writeFile(project.recordFile("evil--csv"), JSON.stringify(record));
    const { stderr } = await project.ok(command);
    expect(stderr).toContain("paks.lock no longer names evil/csv, but it is behind a link: it stays.");
    expect(await readdir(join(outside, "csv"))).toContain("SKILL.md");
  });

  test("one that cannot be read keeps nobody from installing", async () => {
    await writeFile(project.recordFile("csv"), "{");
    expect(await project.json("ci")).toMatchObject({ exit: 0, removed: ["text"] });
    expect(await project.there()).toEqual(["csv", "own"]);
  });

  test("leads to nothing behind a link", async () => {
    const elsewhere = join(project.home, "csv");
    await rename(project.skill("csv"), elsewhere);
    await symlink(elsewhere, project.skill("csv"), "junction");
    expect(await project.json("ci")).toMatchObject({ removed: ["text"] });
    expect([await exists(join(elsewhere, "SKILL.md")), await exists(project.skill("csv"))]).toEqual([true, true]);
  });

  test("links that it names elsewhere stay", async () => {
    await symlink(project.skill("csv"), join(project.cwd, "csv"), "junction");
    await project.changeRecord("csv", { links: ["../../csv", "../../.claude/skills/csv"] });
    await project.ok("ci");
    expect(await readdir(project.cwd)).toContain("csv");
    expect(await exists(project.link("csv"))).toBe(false);
  });

  test("what the store cannot keep is moved aside instead", async () => {
    const cache = join(project.home, "no-folder");
    await writeFile(cache, "");
    const environment = { ...project.options.environment, XDG_CACHE_HOME: cache };
    const done = await runPaks(["ci"], { ...project.options, environment });
    expect([done.exit, await project.there()]).toEqual([0, ["own"]]);
    const [kept] = (await listBackups()).filter((name) => name.startsWith("csv-"));
    expect(done.stderr).toContain(kept);
    expect(await readdir(join(project.cwd, ".agents", ".paks", "backups", kept!))).toContain("SKILL.md");
  });
});
