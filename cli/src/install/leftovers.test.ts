import { mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { entryPath } from "../store/store.ts";
import { runPaks } from "../testing/index.ts";
import { exists } from "./installed-state.ts";

/** A project whose files a colleague has changed: they come with a pull, and `.agents` does not. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  await registry.add("acme/text", "1.0.0");
  await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1.0" } });
  await registry.add("acme/csv", "1.0.0", { dependencies: { "acme/text": "^1.0" } });
  await registry.add("acme/own", "1.0.0");
});

interface Files {
  readonly workspace: string;
  readonly lock: string;
}
const readFiles = async (): Promise<Files> => ({
  workspace: await project.read("paks.jsonc"),
  lock: await project.read("paks.lock"),
});
async function pull({ workspace, lock }: Files): Promise<void> {
  await project.write("paks.jsonc", workspace);
  await project.write("paks.lock", lock);
}

/** Installs one more pak, and then has the files of before. @returns those of after */
async function pullWithout(...argv: string[]): Promise<Files> {
  await project.ok("install", "acme/own");
  const before = await readFiles();
  await project.ok("install", ...argv);
  const after = await readFiles();
  await pull(before);
  return after;
}

const there = async () => (await readdir(project.skill())).filter((name) => !name.startsWith(".")).sort();
const link = (folder: string) => join(project.cwd, ".claude", "skills", folder);
const recordFile = (folder: string) => project.skill(".paks", `${folder}.json`);
type Recorded = Record<string, unknown> & { readonly digest: string; readonly saved?: boolean };
const readRecord = async (folder: string) => JSON.parse(await readFile(recordFile(folder), "utf8")) as Recorded;
async function changeRecord(folder: string, change: Record<string, unknown>): Promise<void> {
  await writeFile(recordFile(folder), JSON.stringify({ ...(await readRecord(folder)), ...change }));
}
const isSaved = async (folder: string) => (await readRecord(folder)).saved === true;
const isKept = (digest: string) => exists(entryPath(join(project.home, ".cache", "paks", "store"), digest));
const listBackups = () => readdir(join(project.cwd, ".agents", ".paks", "backups")).catch(() => []);

describe("a pak that a colleague removed", () => {
  test.each(["ci", "install", "install --frozen"])("%s takes it away with its links and dependencies", async (line) => {
    const after = await pullWithout("acme/pdf", "--agent", "claude-code");
    const done = await project.ok(...line.split(" "));
    expect(done.stdout).toContain("✓ Removed pdf: paks.lock no longer names it\n");
    expect(done.stdout).toContain("✓ Removed text: paks.lock no longer names it\n");
    expect(await there()).toEqual(["own"]);
    expect([await exists(link("pdf")), await exists(link("text")), await exists(recordFile("pdf"))]).toEqual([
      false,
      false,
      false,
    ]);
    expect((await project.ok("list")).stdout).not.toContain("pdf");
    await pull(after);
    expect(await project.json("ci", "--offline")).toMatchObject({ exit: 0, removed: [] });
    expect(await there()).toEqual(["own", "pdf", "text"]);
  });

  test("ci says which it was, and writes nothing to the lock", async () => {
    await pullWithout("acme/pdf");
    const before = await readFiles();
    expect(await project.json("ci")).toMatchObject({ exit: 0, removed: ["pdf", "text"] });
    expect(await project.json("ci")).toMatchObject({ exit: 0, removed: [] });
    expect(await readFiles()).toEqual(before);
  });

  test("goes when it was the last one", async () => {
    await project.ok("install", "acme/pdf");
    await project.write("paks.jsonc", "{}");
    await project.editLock((paks) => Object.keys(paks).forEach((folder) => delete paks[folder]));
    expect(await project.json("ci")).toMatchObject({ removed: ["pdf", "text"] });
    expect(await there()).toEqual([]);
  });

  test("stays where another one is installed by its name, or newer ones are looked for", async () => {
    await pullWithout("acme/pdf");
    await project.ok("install", "acme/csv");
    await project.ok("update");
    expect(await there()).toEqual(["csv", "own", "pdf", "text"]);
    expect(await project.json("install")).toMatchObject({ removed: ["pdf"] });
    expect(await there()).toEqual(["csv", "own", "text"]);
  });

  test("goes from its old folder when the colleague gave it another name", async () => {
    await project.ok("install", "acme/own");
    const named = await readFiles();
    await project.ok("install", "acme/own", "--as", "mine");
    await pull(named);
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
    expect(await there()).toEqual(["csv", "text"]);
  });

  test("stays one when update takes a newer version of it first", async () => {
    await pullWithout("acme/pdf");
    await project.registry.add("acme/pdf", "1.1.0", { dependencies: { "acme/text": "^1.0" } });
    await project.ok("update", "pdf");
    expect([(await readRecord("pdf"))["version"], await isSaved("pdf")]).toEqual(["1.1.0", true]);
    expect(await project.json("ci")).toMatchObject({ removed: ["pdf", "text"] });
    await project.ok("install", "acme/csv@1.0.0", "--no-save");
    await project.registry.add("acme/csv", "1.1.0");
    await project.ok("update", "csv");
    expect([(await readRecord("csv"))["version"], await isSaved("csv")]).toEqual(["1.1.0", false]);
  });

  test("a folder of the project that was copied is in the store before it goes", async () => {
    await mkdir(join(project.cwd, "ours"));
    await project.write("ours/SKILL.md", "---\nname: ours\ndescription: Of this project.\n---\n");
    await pullWithout("./ours");
    const { digest } = await readRecord("ours");
    await rm(join(project.cwd, "ours"), { recursive: true });
    expect(await isKept(digest)).toBe(false);
    expect(await project.json("ci")).toMatchObject({ removed: ["ours"] });
    expect(await isKept(digest)).toBe(true);
  });

  test("stays with a warning where it was edited, and everything else goes on", async () => {
    await pullWithout("acme/pdf");
    await writeFile(project.skill("pdf", "notes.md"), "mine");
    for (const command of ["ci", "install"]) {
      const done = await project.ok(command);
      expect(done.stderr).toContain("paks.lock no longer names pdf, but it was edited: it stays.");
    }
    expect(await there()).toEqual(["own", "pdf"]);
    expect(await project.json("verify")).toMatchObject({ exit: 9 });
    await project.ok("remove", "pdf", "--force");
    expect(await there()).toEqual(["own"]);
    await project.ok("verify");
  });

  test("stays where a tool's copy of it was edited", async () => {
    await pullWithout("acme/pdf", "--agent", "claude-code", "--copy");
    await writeFile(join(link("pdf"), "SKILL.md"), "mine");
    expect((await project.ok("ci")).stderr).toContain("pdf, but it was edited");
    expect([await exists(link("pdf")), await exists(link("text")), await there()]).toEqual([
      true,
      false,
      ["own", "pdf"],
    ]);
  });

  test("links go also where the folder was deleted by hand", async () => {
    await pullWithout("acme/pdf", "--agent", "claude-code");
    await rm(project.skill("pdf"), { recursive: true });
    expect(await project.json("ci")).toMatchObject({ removed: ["pdf", "text"] });
    expect([await exists(link("pdf")), await exists(recordFile("pdf"))]).toEqual([false, false]);
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
    await pullWithout("acme/own", "acme/csv");
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
    expect(await there()).toEqual(["csv", "out", "own", "text"]);
    expect(await isSaved("text")).toBe(false);
    await project.ok("verify");
  });

  test("has from then on what only it still needs", async () => {
    await makeOutside();
    await project.ok("install", "acme/own");
    const before = await readFiles();
    await project.ok("install", "acme/pdf");
    await project.ok("install", "../out");
    expect(await isSaved("text")).toBe(true);
    await pull(before);
    expect(await project.json("ci")).toMatchObject({ removed: ["pdf"] });
    expect([await there(), await isSaved("text")]).toEqual([["out", "own", "text"], false]);
    await project.ok("verify");
  });

  test("is kept apart from what is locked by each command that places it, also where no byte changes", async () => {
    await project.ok("install", "acme/pdf", "--no-save");
    expect([await isSaved("pdf"), await isSaved("text")]).toEqual([false, false]);
    await project.ok("install", "acme/pdf");
    expect([await isSaved("pdf"), await isSaved("text")]).toEqual([true, true]);
    await project.ok("install", "acme/csv", "--no-save");
    expect([await isSaved("csv"), await isSaved("text")]).toEqual([false, true]);
    await makeOutside();
    await project.write("paks.jsonc", "{}");
    await project.editLock((paks) => delete paks["pdf"]);
    await project.ok("install", "../out");
    expect([Object.keys((await project.lock()).paks), await isSaved("text")]).toEqual([[], false]);
  });

  test("stays, like all that was installed before records told the two apart", async () => {
    await pullWithout("acme/pdf");
    for (const folder of ["pdf", "text"]) await changeRecord(folder, { saved: undefined });
    expect(await project.json("ci")).toMatchObject({ removed: [] });
    expect(await there()).toEqual(["own", "pdf", "text"]);
  });

  test("is what -g and --dir install, wherever that is", async () => {
    await project.ok("install", "acme/own");
    await project.ok("install", "acme/csv", "--dir", ".agents/skills");
    expect(await isSaved("acme--csv")).toBe(false);
    expect(await project.json("ci")).toMatchObject({ removed: [] });
  });
});

test("update, rollback and ci mark what they put in place", async () => {
  await project.ok("install", "acme/own");
  await project.registry.add("acme/own", "1.1.0");
  for (const line of ["update", "rollback own", "ci"]) {
    await changeRecord("own", { saved: undefined });
    await project.ok(...line.split(" "));
    expect(await isSaved("own"), line).toBe(true);
  }
  await rm(recordFile("own"));
  await project.ok("ci");
  expect(await isSaved("own")).toBe(true);
});

describe("a record that a stranger wrote", () => {
  beforeEach(async () => {
    await pullWithout("acme/csv", "--agent", "claude-code");
  });

  test("takes no bytes away that it does not list", async () => {
    await rm(project.skill("csv"), { recursive: true });
    await mkdir(project.skill("csv"));
    await writeFile(project.skill("csv", "thesis.md"), "mine");
    expect(await project.json("ci")).toMatchObject({ removed: ["text"] });
    expect(await readFile(project.skill("csv", "thesis.md"), "utf8")).toBe("mine");
  });

  test("is not believed where it contradicts itself", async () => {
    const { digest } = await readRecord("own");
    await changeRecord("csv", { digest });
    expect(await project.json("ci")).toMatchObject({ removed: ["text"] });
    expect(await there()).toEqual(["csv", "own"]);
  });

  test("one that cannot be read keeps nobody from installing", async () => {
    await writeFile(recordFile("csv"), "{");
    expect(await project.json("ci")).toMatchObject({ exit: 0, removed: ["text"] });
    expect(await there()).toEqual(["csv", "own"]);
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
    await changeRecord("csv", { links: ["../../csv", "../../.claude/skills/csv"] });
    await project.ok("ci");
    expect(await readdir(project.cwd)).toContain("csv");
    expect(await exists(link("csv"))).toBe(false);
  });

  test("what the store cannot keep is moved aside instead", async () => {
    const cache = join(project.home, "no-folder");
    await writeFile(cache, "");
    const environment = { ...project.options.environment, XDG_CACHE_HOME: cache };
    const done = await runPaks(["ci"], { ...project.options, environment });
    expect([done.exit, await there()]).toEqual([0, ["own"]]);
    const [kept] = (await listBackups()).filter((name) => name.startsWith("csv-"));
    expect(done.stderr).toContain(kept);
    expect(await readdir(join(project.cwd, ".agents", ".paks", "backups", kept!))).toContain("SKILL.md");
  });
});
