import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type PulledProject, makePulledProject } from "../life/testing/pulled.ts";
import { entryPath } from "../store/store.ts";
import { exists } from "./installed-state.ts";

let project: PulledProject;
beforeEach(async () => void (project = await makePulledProject()));

const isKept = (digest: string) => exists(entryPath(join(project.home, ".cache", "paks", "store"), digest));

const oursText = (description: string) => `---\nname: ours\ndescription: ${description}\n---\n`;

/** Of the one that was kept of a folder, and whose place was told. */
async function readBackup(folder: string, told: string): Promise<string> {
  const backups = join(project.cwd, ".agents", ".paks", "backups");
  const [kept = ""] = (await readdir(backups).catch(() => [])).filter((name) => name.startsWith(`${folder}-`));
  expect(told).toContain(`was moved to ${join(backups, kept)}.`);
  return await readFile(join(backups, kept, "SKILL.md"), "utf8");
}

describe("a pak that a colleague removed", () => {
  test.each(["ci", "install", "install --frozen"])("%s takes it away with its links and dependencies", async (line) => {
    const after = await project.pullWithout("acme/pdf", "--agent", "claude-code");
    const done = await project.ok(...line.split(" "));
    expect(done.stdout).toContain("✓ Removed pdf: paks.lock no longer names it\n");
    expect(done.stdout).toContain("✓ Removed text: paks.lock no longer names it\n");
    expect(await project.there()).toEqual(["own"]);
    expect([
      await exists(project.link("pdf")),
      await exists(project.link("text")),
      await exists(project.recordFile("pdf")),
    ]).toEqual([false, false, false]);
    expect((await project.ok("list")).stdout).not.toContain("pdf");
    await project.pull(after);
    expect(await project.json("ci", "--offline")).toMatchObject({ exit: 0, removed: [] });
    expect(await project.there()).toEqual(["own", "pdf", "text"]);
  });

  test("ci says which it was, and writes nothing to the lock", async () => {
    await project.pullWithout("acme/pdf");
    const before = await project.readFiles();
    expect(await project.json("ci")).toMatchObject({ exit: 0, removed: ["pdf", "text"] });
    expect(await project.json("ci")).toMatchObject({ exit: 0, removed: [] });
    expect(await project.readFiles()).toEqual(before);
  });

  test("goes when it was the last one", async () => {
    await project.ok("install", "acme/pdf");
    await project.write("paks.jsonc", "{}");
    await project.editLock((paks) => Object.keys(paks).forEach((folder) => delete paks[folder]));
    expect(await project.json("ci")).toMatchObject({ removed: ["pdf", "text"] });
    expect(await project.there()).toEqual([]);
  });

  test("stays where another one is installed by its name, or newer ones are looked for", async () => {
    await project.pullWithout("acme/pdf");
    await project.ok("install", "acme/csv");
    await project.ok("update");
    expect(await project.there()).toEqual(["csv", "own", "pdf", "text"]);
    expect(await project.json("install")).toMatchObject({ removed: ["pdf"] });
    expect(await project.there()).toEqual(["csv", "own", "text"]);
  });

  test("goes from its old folder when the colleague gave it another name", async () => {
    await project.ok("install", "acme/own");
    const named = await project.readFiles();
    await project.ok("install", "acme/own", "--as", "mine");
    await project.pull(named);
    expect(await project.json("ci")).toMatchObject({ removed: ["mine"], installed: [{ folder: "own" }] });
  });

  test("goes also where another version of it was locked meanwhile", async () => {
    await project.registry.add("acme/own", "1.1.0");
    await project.ok("install", "acme/csv", "acme/own@1.0.0");
    const old = project.skill("..", "old");
    await rename(project.skill(), old);
    await project.ok("install", "acme/own@1.1.0");
    await rm(project.skill(), { recursive: true });
    await rename(old, project.skill());
    await project.write("paks.jsonc", '{ "paks": ["acme/csv"] }');
    expect(await project.json("install")).toMatchObject({ removed: ["own"] });
    expect(await project.there()).toEqual(["csv", "text"]);
  });

  test("stays one when update takes a newer version of it first", async () => {
    await project.pullWithout("acme/pdf");
    await project.registry.add("acme/pdf", "1.1.0", { dependencies: { "acme/text": "^1.0" } });
    await project.ok("update", "pdf");
    expect([(await project.readRecord("pdf"))["version"], await project.isSaved("pdf")]).toEqual(["1.1.0", true]);
    expect(await project.json("ci")).toMatchObject({ removed: ["pdf", "text"] });
    await project.ok("install", "acme/csv@1.0.0", "--no-save");
    await project.registry.add("acme/csv", "1.1.0");
    await project.ok("update", "csv");
    expect([(await project.readRecord("csv"))["version"], await project.isSaved("csv")]).toEqual(["1.1.0", false]);
  });

  test("a folder of the project that was copied is moved aside, as it can be had from nowhere else", async () => {
    await mkdir(join(project.cwd, "ours"));
    await project.write("ours/SKILL.md", oursText("Of this project."));
    await project.pullWithout("./ours");
    const { digest } = await project.readRecord("ours");
    await rm(join(project.cwd, "ours"), { recursive: true });
    const done = await project.ok("ci");
    expect(done.stdout).toContain("✓ Removed ours");
    expect([await project.there(), await isKept(digest)]).toEqual([["own"], false]);
    expect(await readBackup("ours", done.stderr)).toBe(oursText("Of this project."));
  });

  test("a folder in a state that the lock does not name is moved aside, as nobody else has it", async () => {
    await mkdir(join(project.cwd, "ours"));
    await project.write("ours/SKILL.md", oursText("State one."));
    await project.ok("install", "acme/own", "./ours");
    const { lock } = await project.readFiles();
    await project.write("ours/SKILL.md", oursText("State two."));
    await project.ok("install");
    await project.pull({ lock, workspace: '{ "paks": ["acme/own"] }' });
    await rm(join(project.cwd, "ours"), { recursive: true });
    const done = await project.ok("install");
    expect(done.stdout).toContain("✓ Removed ours");
    expect(await readBackup("ours", done.stderr)).toBe(oursText("State two."));
  });

  test("stays with a warning where it was edited, and everything else goes on", async () => {
    await project.pullWithout("acme/pdf");
    await writeFile(project.skill("pdf", "notes.md"), "mine");
    for (const command of ["ci", "install"]) {
      const done = await project.ok(command);
      expect(done.stderr).toContain("paks.lock no longer names pdf, but it was edited: it stays.");
    }
    expect(await project.there()).toEqual(["own", "pdf"]);
    expect(await project.json("verify")).toMatchObject({ exit: 9 });
    await project.ok("remove", "pdf", "--force");
    expect(await project.there()).toEqual(["own"]);
    await project.ok("verify");
  });

  test("stays where a tool's copy of it was edited", async () => {
    await project.pullWithout("acme/pdf", "--agent", "claude-code", "--copy");
    await writeFile(join(project.link("pdf"), "SKILL.md"), "mine");
    expect((await project.ok("ci")).stderr).toContain("pdf, but it was edited");
    expect([await exists(project.link("pdf")), await exists(project.link("text")), await project.there()]).toEqual([
      true,
      false,
      ["own", "pdf"],
    ]);
  });

  test("links go also where the folder was deleted by hand", async () => {
    await project.pullWithout("acme/pdf", "--agent", "claude-code");
    await rm(project.skill("pdf"), { recursive: true });
    expect(await project.json("ci")).toMatchObject({ removed: ["pdf", "text"] });
    expect([await exists(project.link("pdf")), await exists(project.recordFile("pdf"))]).toEqual([false, false]);
  });

  test("verify and doctor say what to do also on a branch that has no paks", async () => {
    await project.ok("install", "acme/own");
    await rm(join(project.cwd, "paks.jsonc"));
    await rm(join(project.cwd, "paks.lock"));
    expect(await project.json("verify")).toMatchObject({
      exit: 9,
      problems: [{ folder: "own", hint: "Have it taken away: paks remove own." }],
    });
    expect((await project.json<{ checks: unknown[] }>("doctor")).checks).toContainEqual(
      expect.objectContaining({ name: "project", state: "warn", hint: "Run `paks remove own`." }),
    );
    await project.ok("remove", "own");
    expect((await readdir(project.cwd)).filter((name) => name.startsWith("paks"))).toEqual([]);
  });

  test("verify and doctor tell it until it is gone", async () => {
    await project.pullWithout("acme/own", "acme/csv");
    const drift = { code: "DRIFT", message: "is installed, and paks.lock no longer names it" };
    expect(await project.json("verify")).toMatchObject({
      exit: 9,
      problems: [
        { ...drift, folder: "csv" },
        { ...drift, folder: "text" },
      ],
    });
    const row = { name: "project", state: "warn", detail: expect.stringMatching(/no longer names it: csv, text$/) };
    expect((await project.json<{ checks: unknown[] }>("doctor")).checks).toContainEqual(expect.objectContaining(row));
    await project.ok("ci");
    await project.ok("verify");
    const { checks } = await project.json<{ checks: { name: string; state: string }[] }>("doctor");
    expect(checks.find(({ name }) => name === "project")?.state).toBe("ok");
  });
});

test("another pak in the folder of the one before is refused with the way that takes it, and that way works", async () => {
  await project.registry.add("other/own", "2.0.0");
  const theirs = await project.pullWithout("acme/own");
  await project.ok("remove", "own");
  await project.ok("install", "other/own");
  const ours = await project.readFiles();
  await project.ok("remove", "own");
  await project.pull(theirs);
  await project.ok("ci");
  await project.pull(ours);
  const refused = await project.json<{ error: { code: string; hint: string } }>("ci");
  expect(refused).toMatchObject({ exit: 6, error: { code: "ALREADY_EXISTS" } });
  expect(refused.error.hint).toContain("--force");
  expect(refused.error.hint).not.toContain("remove");
  await project.ok("ci", "--force");
  expect(await project.json("list")).toMatchObject({ installed: [{ name: "own", version: "2.0.0", state: "intact" }] });
});
