import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOfRun, failureOf, type Lab, openLab, skillText } from "./testing/lab.ts";

const yes = (...more: string[]) => ({ terminal: true, stdin: ["y", ...more, "y"] });
const bump = ["--bump", "patch"];

/** All that is not committed, in index and work tree, whatever is. */
async function uncommitted(lab: Lab): Promise<string> {
  const untracked = (await lab.repo.git("ls-files", "--others", "--exclude-standard", "-z")).split("\0");
  const texts = await Promise.all(
    untracked
      .filter((file) => file !== "")
      .map(async (file) => `${file}: ${await readFile(join(lab.repo.dir, file), "utf8")}`),
  );
  const diffs = [await lab.repo.git("diff", "--cached", "-U0"), await lab.repo.git("diff", "-U0")];
  // The ids of a file that is committed anew in between differ.
  return [await lab.repo.git("status", "--porcelain"), ...diffs, ...texts].join("\n").replaceAll(/^index .*$/gm, "");
}

/** The hook's sign, and what git itself notes for its next merge. */
const withoutNotes = (snapshot: string): string => snapshot.replaceAll(/\n(?:hook-runs|AUTO_MERGE)(?=\n|$)/g, "");

/** Of each kind one: staged, staged and changed again, deleted, new and staged, new, and a folder of new files. */
async function makeDirty(lab: Lab, path: string): Promise<void> {
  const at = (file: string) => (path === "" ? file : `${path}/${file}`);
  await lab.repo.write({
    [at("scripts/run.sh")]: "staged\n",
    [at("added.md")]: "added\n",
    [at("SKILL.md")]: `${skillText("0.1.0")}\nMore.\n`,
  });
  await lab.repo.git("add", "-A");
  await lab.repo.git("rm", "-q", at("gone.md"));
  await lab.repo.write({
    [at("scripts/run.sh")]: "changed again\n",
    [at("new.md")]: "new\n",
    [at("notes/one.md")]: "one\n",
  });
}

const layouts = [
  { what: "a pak at the root", path: "", others: "none" },
  { what: "a pak in a folder", path: "skills/pdf", others: "none" },
  { what: "a pak in a folder, with changes elsewhere", path: "skills/pdf", others: "changed" },
  { what: "a pak in a folder, with work staged elsewhere", path: "skills/pdf", others: "staged" },
];

test.each(layouts)(
  "$what: what is committed is published, and everything else is back, staged as it was",
  async ({ path, others }) => {
    const prefix = path === "" ? "" : `${path}/`;
    const lab = await openLab({ path, files: { [`${prefix}gone.md`]: "gone\n" } });
    await makeDirty(lab, path);
    if (others !== "none") await lab.repo.write({ "other.txt": "others\n", "unknown.txt": "unknown\n" });
    if (others === "staged") await lab.repo.git("add", "other.txt");
    if (others === "staged") await lab.repo.write({ "other.txt": "others again\n" });
    const before = await uncommitted(lab);
    const run = await lab.publish(bump, yes());
    expect({ exit: run.exit, stderr: run.exit === 0 ? "" : run.stderr }).toEqual({ exit: 0, stderr: "" });
    expect(run.stderr).toContain("put aside and put back");
    expect(await uncommitted(lab)).toBe(before);
    expect(await lab.repo.git("stash", "list")).toBe("");
    const tag = path === "" ? "v0.1.1" : "pdf--v0.1.1";
    expect(await lab.remote("show", `${tag}:${prefix}scripts/run.sh`)).toBe("echo hi\n");
    expect(await lab.remote("show", `${tag}:${prefix}SKILL.md`)).toBe(skillText("0.1.1"));
    expect(await lab.remote("ls-tree", "-r", "--name-only", tag)).not.toMatch(/new\.md|added\.md|unknown/);
  },
);

test("own files that are not staged come back beside work that is staged elsewhere, and no entry stays", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  await lab.repo.write({ "other.txt": "others\n" });
  await lab.repo.git("add", "other.txt");
  await lab.repo.write({ "skills/pdf/scripts/run.sh": "changed\n", "skills/pdf/new.md": "new\n" });
  const before = await uncommitted(lab);
  const run = await lab.publish(bump, yes());
  expect(run.exit, run.stderr).toBe(0);
  expect(await uncommitted(lab)).toBe(before);
  expect(await lab.repo.git("stash", "list")).toBe("");
});

test("who declines is told what is not committed, and nothing is touched", async () => {
  const lab = await openLab({ files: { "gone.md": "gone\n" } });
  await makeDirty(lab, "");
  const before = await lab.snapshot();
  const run = await lab.publish(bump, { terminal: true, stdin: "n" });
  expect(run.exit).toBe(6);
  expect(run.stderr).toContain("DIRTY_WORK_TREE");
  expect(await lab.snapshot()).toBe(before);
});

test("who stops at the last question has everything as it was", async () => {
  const lab = await openLab({ files: { "gone.md": "gone\n" } });
  await makeDirty(lab, "");
  const before = await lab.snapshot();
  expect((await lab.publish(bump, { terminal: true, stdin: ["y", "n"] })).exit).toBe(130);
  expect(await lab.snapshot()).toBe(before);
});

test.each([["--json"], ["--yes"], ["--dry-run"]])("%s: nobody is asked, and nothing is put aside", async (flag) => {
  const lab = await openLab();
  await lab.repo.write({ "new.md": "new\n" });
  const before = await lab.snapshot();
  const run = await lab.publish([...bump, flag], flag === "--json" ? {} : { terminal: true });
  expect(run.exit).toBe(6);
  expect(await lab.snapshot()).toBe(before);
});

test("a file that git forgets but the folder keeps is nothing that git could put back, so nobody offers to", async () => {
  const lab = await openLab({ files: { "gone.md": "gone\n" } });
  await lab.repo.git("rm", "-q", "--cached", "gone.md");
  await writeFile(join(lab.repo.dir, ".git", "info", "exclude"), "gone.md\n");
  const before = await lab.snapshot();
  const run = await lab.publish(bump, { terminal: true, stdin: [] });
  expect(run.exit).toBe(6);
  expect(await lab.snapshot()).toBe(before);
});

test("an older entry of the author's own stays where it is", async () => {
  const lab = await openLab();
  await lab.repo.write({ "other.txt": "older\n" });
  await lab.repo.git("stash", "-q");
  await lab.repo.write({ "new.md": "new\n" });
  const before = await lab.repo.git("stash", "list");
  expect((await lab.publish(bump, yes())).exit).toBe(0);
  expect(await lab.repo.git("stash", "list")).toBe(before);
  expect(await readFile(join(lab.repo.dir, "new.md"), "utf8")).toBe("new\n");
});

test("a push that is refused leaves everything as it was before, uncommitted files too", async () => {
  const lab = await openLab({ files: { "gone.md": "gone\n" } });
  await makeDirty(lab, "");
  await writeFile(join(lab.bare, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const before = await lab.snapshot();
  const run = await lab.publish(bump, yes());
  expect(run.stderr).toContain("PUSH_REJECTED");
  expect(withoutNotes(await lab.snapshot())).toBe(before);
});

test("Ctrl-C while it is committed leaves everything as it was before, uncommitted files too", async () => {
  const lab = await openLab({ files: { "gone.md": "gone\n" } });
  await makeDirty(lab, "");
  const sign = join(lab.repo.dir, ".git", "hook-runs");
  const hook = `#!/bin/sh\ntouch '${sign}'\nexec sleep 2\n`;
  await writeFile(join(lab.repo.dir, ".git", "hooks", "pre-commit"), hook, { mode: 0o755 });
  const before = await lab.snapshot();
  const stop = new AbortController();
  const run = lab.publish(bump, { ...yes(), signal: stop.signal });
  await expect.poll(() => existsSync(sign), { timeout: 8000, interval: 20 }).toBe(true);
  expect(await lab.repo.git("stash", "list")).toContain("paks publish acme/pdf@0.1.1");
  stop.abort(new PaksError("CANCELLED", "Stopped."));
  expect((await run).exit).toBe(130);
  expect(withoutNotes(await lab.snapshot())).toBe(before);
});

test.each(["put-aside", "committed", "tagged", "pushed"])(
  "ended at %s, the next publish says where the files are, and what it says brings them back",
  async (point) => {
    const lab = await openLab({ files: { "gone.md": "gone\n" } });
    await makeDirty(lab, "");
    const before = await uncommitted(lab);
    const environment = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:end` };
    await lab.publish(bump, { ...yes(), environment });
    const run = await lab.publish([...bump, "--json"]);
    expect(dataOfRun(run)).toMatchObject({ version: "0.1.1", verified: true });
    expect(run.stderr).toContain("acme/pdf@0.1.1 put aside");
    const [, name = ""] = /git stash pop --index '(stash@\{\d\})'/.exec(run.stderr) ?? [];
    await lab.repo.git("stash", "pop", "-q", "--index", name);
    expect(await uncommitted(lab)).toBe(before);
    expect((await lab.publish([...bump, "--json"])).stderr).not.toContain("put aside");
  },
);

test("ended when only a part was back, the next publish says how to get all of it, and that works", async () => {
  const lab = await openLab({ files: { "gone.md": "gone\n" } });
  await makeDirty(lab, "");
  const before = await uncommitted(lab);
  await lab.publish(bump, { ...yes(), environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "put-aside:end" } });
  // As after a power cut in the middle of git's own work: one file changed, one there again, the others not.
  await lab.repo.write({ "scripts/run.sh": "changed again\n", "new.md": "new\n" });
  const run = await lab.publish([...bump, "--json"]);
  expect(failureOf(run).code).toBe("DIRTY_WORK_TREE");
  expect(run.stderr).toContain("they may be back already");
  const [, name = ""] = /then git stash pop --index '(stash@\{\d\})'/.exec(run.stderr) ?? [];
  await lab.repo.git("stash", "push", "-q", "--include-untracked");
  await lab.repo.git("stash", "pop", "-q", "--index", name);
  expect(await uncommitted(lab)).toBe(before);
});

test("what another pak's publish has put aside is not this pak's news", async () => {
  const lab = await openLab({ path: "skills/pdf", files: { "skills/csv/SKILL.md": skillText("1.0.0", "csv") } });
  await lab.repo.write({ "skills/pdf/new.md": "new\n" });
  await lab.publish(bump, { ...yes(), environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "put-aside:end" } });
  const other = await lab.paks(["publish", "skills/csv", ...bump]);
  expect({ exit: other.exit, stderr: other.stderr }).toEqual({ exit: 0, stderr: "" });
});

test("what cannot be put back cleanly is kept by git, and the way to it is told", async () => {
  const lab = await openLab();
  await lab.repo.write({ "SKILL.md": skillText("0.1.0").replace("# kept", "# my own words") });
  const run = await lab.publish(bump, yes());
  expect(run.exit).toBe(0);
  expect(run.stderr).toContain("git keeps it as stash@{0}");
  expect(await lab.repo.git("stash", "show", "-p", "stash@{0}")).toContain("my own words");
  expect(await lab.remote("tag")).toBe("v0.1.1\n");
});

test("files that git cannot put aside stop the publish before anything is done", async () => {
  const lab = await openLab();
  await lab.repo.write({ "new.md": "new\n" });
  // git stashes no file that is only meant to be added.
  await lab.repo.git("add", "--intent-to-add", "new.md");
  const before = await lab.snapshot();
  const run = await lab.publish([...bump, "--json"], yes());
  expect(failureOf(run)).toMatchObject({ code: "DIRTY_WORK_TREE", hint: expect.stringContaining("Commit") });
  expect(await lab.snapshot()).toBe(before);
});

test("an edit that an ended run has left is finished, not put aside", async () => {
  const lab = await openLab();
  await lab.publish(bump, { environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "edited:end" } });
  const run = await lab.publish(bump, { terminal: true, stdin: ["y"] });
  expect(run.exit).toBe(0);
  expect(run.stderr).not.toContain("Stash");
});
