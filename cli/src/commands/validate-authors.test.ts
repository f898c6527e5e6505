import { chmod, mkdir, readFile, readdir, stat, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { testGit } from "@paks/git/testing";
import { expect, test } from "vitest";
import { runPaks, tempFolder } from "../testing/index.ts";

const skill = (name: string, more = "") =>
  `---\nname: ${name}\ndescription: Fills PDF forms. Use for forms.\nlicense: MIT\n${more}metadata:\n  version: "1.0.0"\n---\n\n# PDF\n`;

async function folderWith(files: Record<string, string>) {
  const home = await tempFolder();
  const folder = join(home, "work");
  await mkdir(folder);
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  const read = async (path: string) => await readFile(join(folder, path), "utf8");
  const run = async (...argv: string[]) => await runPaks(["validate", ...argv], { cwd: folder, home });
  const identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
  const git = async (...args: string[]) => await testGit(folder, [...identity, ...args]);
  return { folder, home, write, read, run, git };
}

const consumersOf = (json: unknown) =>
  (json as { consumers: { id: string; accepts: boolean; reasons: { code: string }[] }[] }).consumers;

test("says who takes a pak and who refuses it and why, also when it is valid", async () => {
  const { run } = await folderWith({ "pdf/SKILL.md": skill("pdf").replaceAll("\n", "\r\n") });
  const { exit, stdout } = await run("pdf");
  expect(exit).toBe(0);
  expect(stdout).toContain("accepted by Agent Skills specification, skills-ref, Claude Code, Cursor");
  expect(stdout).toContain("refused by claude.ai upload: Lines end with CRLF");
  const refusing = consumersOf((await run("pdf", "--json")).json()).filter(({ accepts }) => !accepts);
  expect(refusing).toMatchObject([{ id: "claude-ai", reasons: [{ code: "CRLF" }] }]);
});

test("--for judges by the named consumers only", async () => {
  const { run } = await folderWith({ "pdf/SKILL.md": skill("pdf", "model: small\n") });
  expect((await run("pdf", "--for", "claude-code,cursor")).exit).toBe(0);
  const refused = await run("pdf", "--for", "claude-code", "--for", "claude-ai");
  expect(refused.exit).toBe(5);
  expect(refused.stdout).toContain("✗ pdf 1.0.0 is not for Claude Code, claude.ai upload");
  expect(refused.stdout).toContain("model is no field of the open format");
  const unknown = await run("pdf", "--for", "emacs");
  expect(unknown.exit).toBe(2);
  expect(unknown.stderr).toContain("claude-code");
});

test("what a release may hold is the registry's rule and no tool's", async () => {
  const { run, folder } = await folderWith({ "pdf/SKILL.md": skill("pdf") });
  await symlink("/etc/passwd", join(folder, "pdf/link"));
  expect((await run("pdf", "--for", "claude-code")).exit).toBe(0);
  expect((await run("pdf", "--for", "paks")).exit).toBe(5);
});

test("a repository's root may be called as the clone likes", async () => {
  const { run, git } = await folderWith({ "SKILL.md": skill("pdf") });
  expect((await run("--strict")).exit).toBe(5);
  await git("init", "-q");
  expect((await run("--strict")).exit).toBe(0);
});

test("--fix shows the diff, writes in one step and keeps the file's mode; the second run has nothing to do", async () => {
  const broken = `\uFEFF${skill("other", "compatibility: Needs: node\n").replace('"1.0.0"', "1.0")}`;
  const { run, read, folder } = await folderWith({ "pdf/SKILL.md": broken.replaceAll("\n", "\r\n") });
  await chmod(join(folder, "pdf/SKILL.md"), 0o640);
  const { exit, stdout } = await run("pdf", "--fix", "--strict");
  expect(stdout).toContain("✓ Fixed pdf/SKILL.md: removed the byte order mark, 10 line ends from CRLF to LF");
  expect(stdout).toMatch(/^-name: other$/m);
  expect(stdout).toMatch(/^\+name: pdf$/m);
  expect(exit, stdout).toBe(0);
  expect(await read("pdf/SKILL.md")).toBe(skill("pdf", "compatibility: 'Needs: node'\n").replace('"1.0.0"', "1.0.0"));
  expect((await stat(join(folder, "pdf/SKILL.md"))).mode & 0o777).toBe(0o640);
  expect(await readdir(join(folder, "pdf"))).toEqual(["SKILL.md"]);
  expect((await run("pdf", "--fix")).stdout).toContain("✓ Nothing to fix");
});

test("--fix --dry-run changes nothing and judges what is there", async () => {
  const text = skill("other");
  const { run, read } = await folderWith({ "pdf/SKILL.md": text });
  const { exit, json, stdout } = await run("pdf", "--fix", "--dry-run", "--strict", "--json");
  expect(exit, stdout).toBe(5);
  expect(json()).toMatchObject({
    name: "other",
    fixes: [{ path: "SKILL.md", written: false, changes: [{ kind: "name" }] }],
    not_fixed: null,
  });
  expect(await read("pdf/SKILL.md")).toBe(text);
});

test("--fix adds the version of the pak's last tag, and 0.1.0 where there is none", async () => {
  const without = skill("pdf").replace('metadata:\n  version: "1.0.0"\n', "");
  const { run, read } = await folderWith({ "skills/pdf/SKILL.md": without });
  expect((await run("skills/pdf", "--fix")).exit).toBe(0);
  expect(await read("skills/pdf/SKILL.md")).toContain('version: "0.1.0"');
  const tagged = await folderWith({ "skills/pdf/SKILL.md": without });
  await tagged.git("init", "-q");
  await tagged.git("add", "-A");
  await tagged.git("commit", "-qm", "x");
  for (const tag of ["pdf--v1.9.0", "pdf--v1.10.0", "ocr--v3.0.0"]) await tagged.git("tag", tag);
  expect((await tagged.run("skills/pdf", "--fix")).exit).toBe(0);
  expect(await tagged.read("skills/pdf/SKILL.md")).toContain('version: "1.10.0"');
});

test("--fix leaves a pak alone that a program cannot mend, and says so", async () => {
  const text = skill("pdf").replace("metadata:\n  version:", "metadata:\n  - version:");
  const { run, read } = await folderWith({ "pdf/SKILL.md": text });
  const { stdout, exit } = await run("pdf", "--fix", "--strict");
  expect(exit).not.toBe(1);
  expect(stdout).toContain("⚠ Not fixed: ");
  expect(await read("pdf/SKILL.md")).toBe(text);
});

test("--all finds every pak below, but none that was installed, and shows one table", async () => {
  const { run, write } = await folderWith({
    "skills/pdf/SKILL.md": skill("pdf"),
    "skills/ocr/SKILL.md": skill("ocr").replace(/description.*\n/, ""),
    "node_modules/x/SKILL.md": "not ours",
    ".agents/skills/foreign/SKILL.md": "not ours",
  });
  await write(".agents/skills/.paks/foreign.json", "{}");
  const { exit, stdout } = await run("--all");
  expect(exit).toBe(5);
  expect(stdout).toMatch(/^pdf +1\.0\.0 +ok +skills\/pdf$/m);
  expect(stdout).toMatch(/^✗ skills\/ocr\/SKILL\.md.*description/m);
  expect(stdout).toContain("✗ 1 of 2 paks is not valid");
  const data = (await run("--all", "--json")).json() as { valid: boolean; paks: { valid: boolean }[] };
  expect(data.valid).toBe(false);
  expect(data.paks.map(({ valid }) => valid)).toEqual([false, true]);
  expect((await run("--all", "skills/pdf")).exit).toBe(0);
});

test("two paks with one name are told, and a folder without any", async () => {
  const { run } = await folderWith({ "a/pdf/SKILL.md": skill("pdf"), "b/pdf/SKILL.md": skill("pdf") });
  const { exit, stdout } = await run("--all");
  expect(exit).toBe(5);
  expect(stdout).toContain("[AMBIGUOUS_MANIFEST]");
  const empty = await folderWith({ "README.md": "x" });
  expect((await empty.run("--all")).stderr).toContain("error[MANIFEST_MISSING]");
});

test("--all --fix mends each of them", async () => {
  const { run, read } = await folderWith({ "a/SKILL.md": skill("x"), "b/SKILL.md": skill("y") });
  const { exit, stdout } = await run("--all", "--fix", "--strict");
  expect(exit, stdout).toBe(0);
  expect(await read("a/SKILL.md")).toBe(skill("a"));
  expect(await read("b/SKILL.md")).toBe(skill("b"));
});

test("--staged judges what git would commit, not what lies in the folder", async () => {
  const { run, write, git } = await folderWith({ "pdf/SKILL.md": skill("pdf"), "pdf/a.txt": "x" });
  await git("init", "-q");
  await git("add", "-A");
  await write("pdf/SKILL.md", "broken");
  // A hook that runs at every commit says one line when all is well.
  expect(await run("--staged", "--strict")).toMatchObject({ exit: 0, stdout: "✓ 1 pak is valid\n" });
  await git("add", "-A");
  await write("pdf/SKILL.md", skill("pdf"));
  const { exit, stdout } = await run("--staged");
  expect(exit).toBe(5);
  expect(stdout).toContain("✗ pdf/SKILL.md:1:1");
});

test("--staged sees committed links, and conflicts are told as that", async () => {
  const { run, folder, git } = await folderWith({ "pdf/SKILL.md": skill("pdf") });
  await git("init", "-q");
  await symlink("/etc/passwd", join(folder, "pdf/link"));
  await git("add", "-A");
  expect((await run("--staged")).stdout).toContain("SYMLINK_NOT_ALLOWED");
  const oid = (await git("hash-object", "-w", "pdf/SKILL.md")).trim();
  await git("rm", "-q", "--cached", "pdf/link");
  await testGit(folder, ["update-index", "--index-info"], {
    input: `0 ${"0".repeat(40)}\tpdf/SKILL.md\n100644 ${oid} 1\tpdf/SKILL.md\n100644 ${oid} 2\tpdf/SKILL.md\n`,
  });
  expect((await run("--staged")).stderr).toContain("error[DIRTY_WORK_TREE]");
});

test("a hook lets a repository without any pak commit, and says so; a folder that was named has to have one", async () => {
  const { run, git, write } = await folderWith({ "src/a.txt": "x" });
  await git("init", "-q");
  await git("add", "-A");
  await write("pdf/SKILL.md", "broken, and not staged");
  expect(await run("--staged", "--strict")).toMatchObject({
    exit: 0,
    stdout: "✓ No pak is in git's index, nothing to check\n",
  });
  expect((await run("--staged", "--json")).json()).toMatchObject({ valid: true, findings: [], paks: [] });
  expect((await run("src", "--staged")).stderr).toContain("error[MANIFEST_MISSING]");
});

test("during `git commit -a` the index of that commit counts", async () => {
  const { folder, home, git, write } = await folderWith({ "pdf/SKILL.md": skill("pdf") });
  await git("init", "-q");
  await git("add", "-A");
  await git("commit", "-qm", "x");
  await write("pdf/SKILL.md", "broken");
  const indexFile = join(folder, ".git/other-index");
  await testGit(folder, ["add", "-A"], { env: { GIT_INDEX_FILE: indexFile } });
  const run = async (environment: Record<string, string>) =>
    await runPaks(["validate", "--staged"], { cwd: folder, home, environment });
  expect((await run({})).exit).toBe(0);
  expect((await run({ GIT_INDEX_FILE: ".git/other-index" })).exit).toBe(5);
});

test("flags that contradict each other are refused", async () => {
  const { run } = await folderWith({ "pdf/SKILL.md": skill("pdf") });
  expect((await run("--fix", "--staged")).exit).toBe(2);
  expect((await run("--dry-run")).exit).toBe(2);
});

test("--strict finds the secrets that publish would refuse, and what is allowed there is allowed here", async () => {
  const key = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
  const { run } = await folderWith({ "pdf/SKILL.md": skill("pdf"), "pdf/run.sh": `TOKEN=${key}\n` });
  const strict = await run("pdf", "--strict", "--json");
  expect(strict.exit).toBe(5);
  const [found] = (strict.json() as { findings: { code: string; path: string; line: number; hint: string }[] })
    .findings;
  expect(found).toMatchObject({ code: "SECRET_DETECTED", path: "run.sh", line: 1 });
  expect(strict.stdout).not.toContain(key);
  const print = /--allow-secret ([0-9a-f]+)/.exec(found!.hint)![1]!;
  expect((await run("pdf", "--strict", "--allow-secret", print)).exit).toBe(0);
  expect((await run("--all", "--strict")).exit).toBe(5);
  expect((await run("--all", "--strict", "--allow-secret", print)).exit).toBe(0);
  expect(consumersOf((await run("pdf", "--json")).json()).find(({ id }) => id === "paks")).toMatchObject({
    accepts: false,
    reasons: [{ code: "SECRET_DETECTED" }],
  });
});
