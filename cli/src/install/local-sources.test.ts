import { cp, mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type RunOptions, runPaks, tempFolder } from "../testing/index.ts";

const skill = (name: string) =>
  `---\nname: ${name}\ndescription: Does what ${name} does, and says so at length.\n---\n`;

let options: RunOptions;
let outside: string;

beforeEach(async () => {
  const root = await tempFolder();
  const [cwd, home] = [join(root, "project"), join(root, "home")];
  outside = join(root, "outside");
  await Promise.all([cwd, home, outside].map((folder) => mkdir(folder)));
  options = { cwd, home };
});

async function write(files: Record<string, string>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(options.cwd, path)), { recursive: true });
    await writeFile(join(options.cwd, path), content);
  }
}
const paks = async (args: readonly string[], more: Partial<RunOptions> = {}) =>
  await runPaks(["install", "--no-save", ...args], { ...options, ...more });
const installed = () =>
  readdir(join(options.cwd, ".agents", "skills")).then((names) => names.filter((one) => one !== ".paks"));

const two = { "repo/skills/pdf/SKILL.md": skill("pdf"), "repo/skills/csv/SKILL.md": skill("csv") };

test("a folder that holds one pak is that pak, wherever in it the pak lies", async () => {
  await write({ "repo/skills/pdf/SKILL.md": skill("pdf"), "repo/README.md": "x" });
  expect((await paks(["./repo"])).exit).toBe(0);
  expect(await installed()).toEqual(["pdf"]);
});

test("in a copy of the project its own folders are the same sources, and another folder is another", async () => {
  await write({ "own/pdf/SKILL.md": skill("pdf"), "else/pdf/SKILL.md": skill("pdf") });
  expect((await runPaks(["install", "./own/pdf"], options)).exit).toBe(0);
  const copy = join(dirname(options.cwd), "copy");
  await cp(options.cwd, copy, { recursive: true, verbatimSymlinks: true });
  const there = { ...options, cwd: copy };
  for (const words of [["install"], ["update"], ["ci"], ["install", "./own/pdf"]])
    expect((await runPaks(words, there)).exit, words.join(" ")).toBe(0);
  const other = await runPaks(["install", "./else/pdf", "--json"], there);
  expect(other.json()).toMatchObject({ error: { code: "ALREADY_EXISTS" } });
});

test("of several the named ones are installed", async () => {
  await write(two);
  const run = await paks(["./repo", "--path", "skills/csv", "--path", "skills/pdf"]);
  expect(run.exit, run.stderr).toBe(0);
  expect(await installed()).toEqual(["csv", "pdf"]);
});

test("several are never guessed where nobody can be asked, and --list shows them", async () => {
  await write(two);
  const run = await paks(["./repo"]);
  expect(run.exit).toBe(5);
  expect(run.stderr).toContain("AMBIGUOUS_MANIFEST");
  expect(run.stderr).toContain("./repo/skills/csv");
  expect((await paks(["./repo", "--list"])).stdout).toMatch(/csv[^]*pdf/);
  expect(await readdir(options.cwd)).toEqual(["repo"]);
});

test("at a terminal the person chooses which ones", async () => {
  await write(two);
  // Blank marks the first one, down and blank the second.
  const run = await paks(["./repo"], { terminal: true, stdin: [" \u001b[B \r"] });
  expect(run.exit, run.stderr).toBe(0);
  expect(await installed()).toEqual(["csv", "pdf"]);
});

test("who chooses nothing installs nothing", async () => {
  await write(two);
  const run = await paks(["./repo"], { terminal: true, stdin: ["\u0003"] });
  expect(run.exit).toBe(130);
  expect(await readdir(options.cwd)).toEqual(["repo"]);
});

test("a hostile description paints nothing into the question or the list", async () => {
  await write({
    ...two,
    "repo/skills/csv/SKILL.md": `---\nname: csv\ndescription: "a\\e[35mpurple\\e]0;title\\a\\u202Eb"\n---\n`,
  });
  const list = await paks(["./repo", "--list"]);
  expect(list.stdout).not.toMatch(/[\u001b\u0007\u202E]/);
  const asked = await paks(["./repo"], { terminal: true, stdin: ["\u0003"] });
  expect(asked.stderr).not.toMatch(/\u001b\[35m|\u001b\]|\u202E/);
});

test("a link in the folder leads nowhere outside it", async () => {
  await write({ "repo/README.md": "x" });
  await writeFile(join(outside, "SKILL.md"), skill("secret"));
  await symlink(outside, join(options.cwd, "repo", "skills"));
  await symlink(outside, join(options.cwd, "repo", "pdf"));
  expect((await paks(["./repo"])).stderr).toContain("MANIFEST_MISSING");
  expect((await paks(["./repo", "--list"])).stdout).toContain("no paks");
  expect(await readdir(options.cwd)).toEqual(["repo"]);
});

test("a repository without a work tree is no folder of paks, and the address that would do is named", async () => {
  await write({ "my repo.git/HEAD": "ref: refs/heads/main\n", "my repo.git/config": "[core]\n\tbare = true\n" });
  for (const one of ["objects", "refs"]) await mkdir(join(options.cwd, "my repo.git", one));
  for (const more of [[], ["--list"]]) {
    const { exit, stderr } = await paks(["./my repo.git", ...more]);
    expect([exit, stderr]).toEqual([5, expect.stringMatching(/There is no SKILL\.md in .*without a work tree/)]);
    expect(stderr).toMatch(/paks install file:\/\/\/.*\/project\/my%20repo\.git\n/);
  }
});

test("a folder that is not there, and one without a pak, are told apart from each other", async () => {
  await write({ "empty/README.md": "x" });
  expect((await paks(["./nowhere"])).stderr).toContain("There is no folder ");
  const listed = await paks(["./nowhere", "--list"]);
  expect([listed.exit, listed.stderr]).toEqual([5, expect.stringContaining("There is no folder ")]);
  expect((await paks(["./empty"])).stderr).toContain("There is no SKILL.md in");
  expect(await readFile(join(options.cwd, "empty", "README.md"), "utf8")).toBe("x");
});

test("a file is told which folder it is in, and where what cannot be read is", async () => {
  await write({ "repo/pdf/SKILL.md": "---\nname: [pdf\n---\n" });
  const file = await paks(["./repo/pdf/SKILL.md"]);
  expect([file.exit, file.stderr]).toEqual([5, expect.stringMatching(/Name the folder that it is in: .*repo\/pdf\n/)]);
  const broken = await paks(["./repo"]);
  expect([broken.exit, broken.stderr]).toEqual([5, expect.stringContaining("at repo/pdf/SKILL.md:")]);
  await write({ "repo/pdf/SKILL.md": "---\nname: Odd Name\n---\n" });
  expect((await paks(["./repo"])).stderr).toMatch(/at repo\/pdf\/SKILL.md[^]*⚠ repo\/pdf\/SKILL.md:2/);
});

test.each([
  { what: "a pak around the place", folder: "", source: ".", says: "cannot be installed into itself" },
  { what: "what lies in it", folder: ".agents/skills/own", source: "./.agents/skills/own", says: "its own source" },
  { what: "a tool's own", folder: ".claude/skills/own", source: "./.claude/skills/own", says: "its own source" },
])("a folder is never installed into itself, nor from where it is put: $what", async ({ folder, source, says }) => {
  await write({ [`${folder}/SKILL.md`]: skill("own") });
  for (const more of [[], ["--force"]]) {
    const run = await paks([source, ...more]);
    expect([run.exit, run.stderr]).toEqual([10, expect.stringContaining(says)]);
  }
  expect((await paks([source, "--force"])).stderr).toContain("hint: Move");
  // A place that is elsewhere will do.
  const run = await paks([source, "--dir", outside]);
  expect(run.exit, run.stderr).toBe(0);
});
