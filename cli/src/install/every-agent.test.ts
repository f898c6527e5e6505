import { existsSync } from "node:fs";
import { lstat, mkdir, readFile, readdir, writeFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { targetTable } from "@paks/targets";
import { expect, test } from "vitest";
import { makeProject } from "../life/testing/project.ts";
import { runPaks, tempFolder } from "../testing/index.ts";

const manifest = "---\nname: pdf\ndescription: Use when a PDF has to be filled in.\n---\n# PDF\n";

async function open(environment: Record<string, string> = {}) {
  const root = await tempFolder();
  const [home, cwd] = [join(root, "home"), join(root, "project")];
  await mkdir(home);
  await mkdir(join(cwd, "own/pdf"), { recursive: true });
  await writeFile(join(cwd, "own/pdf/SKILL.md"), manifest);
  const run = async (...argv: string[]) => {
    const result = await runPaks([...argv, "--json"], { cwd, home, environment });
    return { exit: result.exit, data: result.json() as Listed };
  };
  return { root, home, cwd, run };
}

interface Listed {
  readonly installed?: readonly { name: string; state?: string; links: readonly string[] }[];
}

/** Where the table says, without the code that reads the table. */
const folderAt = (home: string, path: string) => join(home, path.replace("~/", ""));

async function expectUsed(base: { home: string; cwd: string }, folder: string, isCopy: boolean) {
  const place = join(folder, "pdf");
  expect(await readFile(join(place, "SKILL.md"), "utf8")).toBe(manifest);
  const isShared = [base.home, base.cwd].some((one) => folder === join(one, ".agents/skills"));
  expect((await lstat(place)).isSymbolicLink()).toBe(!isShared && !isCopy);
}

const inProjects = targetTable.filter(({ projectDir }) => projectDir !== undefined);
test.each(inProjects.map((target) => [target.id, target] as const))(
  "%s finds in a project what was installed for it, and nothing after its removal",
  async (id, { projectDir, copyOnly }) => {
    const { home, cwd, run } = await open();
    const folder = join(cwd, projectDir!);
    const installed = await run("install", "./own/pdf", "--agent", id);
    expect(installed.exit, JSON.stringify(installed.data)).toBe(0);
    await expectUsed({ home, cwd }, folder, copyOnly);
    expect((await run("list")).data.installed).toMatchObject([{ name: "pdf", state: "intact" }]);
    expect((await run("remove", "pdf")).exit).toBe(0);
    expect(existsSync(join(folder, "pdf"))).toBe(false);
    expect(await readdir(home)).toEqual([]);
  },
);

const atHome = targetTable.filter(({ globalDir }) => globalDir !== undefined);
test.each(atHome.map((target) => [target.id, target] as const))(
  "%s finds in all projects what was installed for it, and nothing after its removal",
  async (id, { globalDir, readsSharedHome, copyOnly }) => {
    const { home, cwd, run } = await open();
    const folder = folderAt(home, readsSharedHome ? ".agents/skills" : globalDir!);
    const installed = await run("install", "./own/pdf", "--global", "--agent", id);
    expect(installed.exit, JSON.stringify(installed.data)).toBe(0);
    await expectUsed({ home, cwd }, folder, copyOnly);
    expect((await run("list", "--global")).data.installed).toMatchObject([{ name: "pdf", state: "intact" }]);
    expect((await run("remove", "pdf", "--global")).exit).toBe(0);
    expect(existsSync(join(folder, "pdf"))).toBe(false);
    expect((await readdir(cwd)).filter((name) => name !== "own")).toEqual([]);
  },
);

const moved = atHome.flatMap((target) =>
  target.env
    .filter(({ replaces }) => !target.readsSharedHome && target.globalDir!.startsWith(`${replaces}/`))
    .map((one) => [target.id, one.variable, target, one] as const),
);
test("the variables of the tools that have a folder of their own are tried", () => {
  expect(moved.map(([id, variable]) => `${id} ${variable}`).sort()).toEqual([
    "autohand-code AUTOHAND_HOME",
    "claude-code CLAUDE_CONFIG_DIR",
    "devin XDG_CONFIG_HOME",
    "goose XDG_CONFIG_HOME",
    "grok GROK_HOME",
    "hermes-agent HERMES_HOME",
    "mistral-vibe VIBE_HOME",
  ]);
});
test.each(moved)("%s finds it where %s has moved its folder", async (id, variable, { globalDir }, { replaces }) => {
  const elsewhere = await tempFolder();
  const { home, cwd, run } = await open({ [variable]: elsewhere });
  expect((await run("install", "./own/pdf", "-g", "-a", id)).exit).toBe(0);
  const folder = globalDir!.replace(replaces, elsewhere);
  await expectUsed({ home, cwd }, folder, false);
  expect((await run("remove", "pdf", "-g")).exit).toBe(0);
  expect(existsSync(join(folder, "pdf"))).toBe(false);
});

test.each([
  ["stakpak", [], "reads no skills from a project"],
  ["eve", ["--global"], "reads skills only from a project"],
  ["promptscript", ["--global"], "reads skills only from a project"],
])("%s has no such folder, and %j says so", async (id, flags, message) => {
  const { run } = await open();
  const { exit, data } = await run("install", "./own/pdf", "--agent", id, ...flags);
  expect([exit, JSON.stringify(data)]).toEqual([2, expect.stringContaining(message)]);
});

test("--copy puts a folder where a link would be, for several tools at once, and removes it again", async () => {
  const { cwd, run } = await open();
  expect((await run("install", "./own/pdf", "--agent", "claude-code,goose,zencoder,zenflow", "--copy")).exit).toBe(0);
  for (const folder of [".claude", ".goose", ".zencoder"])
    expect((await lstat(join(cwd, folder, "skills/pdf"))).isDirectory()).toBe(true);
  expect((await run("list")).data.installed?.[0]?.links.length).toBe(3);
  await writeFile(join(cwd, ".goose/skills/pdf/SKILL.md"), "mine\n");
  expect((await run("remove", "pdf")).exit).toBe(6);
  expect((await run("remove", "pdf", "--force")).exit).toBe(0);
  for (const folder of [".claude", ".goose", ".zencoder"]) expect(existsSync(join(cwd, folder))).toBe(false);
});

test("a tool that sorts by account gets <account>/<name>, at every update the same, and loses all of it again", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf", "--global", "--agent", "stakpak,claude-code");
  const place = join(project.home, ".stakpak/skills/acme/pdf");
  expect((await lstat(place)).isSymbolicLink()).toBe(true);
  expect(existsSync(join(place, "SKILL.md"))).toBe(true);
  expect(existsSync(join(project.home, ".claude/skills/pdf/SKILL.md"))).toBe(true);
  await project.registry.add("acme/pdf", "1.1.0");
  await project.ok("install", "acme/pdf@1.1.0", "--global", "--agent", "stakpak");
  expect(existsSync(join(place, "SKILL.md"))).toBe(true);
  await project.ok("remove", "acme/pdf", "--global");
  expect([existsSync(place), existsSync(join(project.home, ".claude/skills/pdf"))]).toEqual([false, false]);
});

test("the agents of paks.jsonc, by id or alias, come before the remembered ones and those that are found", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await mkdir(join(project.home, ".claude"));
  await project.ok("agent", "default", "goose");
  await project.write("paks.jsonc", '{ "paks": ["acme/pdf"], "agents": ["windsurf", "vibe"] }\n');
  await project.ok("install");
  expect((await readdir(project.cwd)).filter((name) => name.startsWith(".")).sort()).toEqual([
    ".agents",
    ".vibe",
    ".windsurf",
  ]);
});

test.each([["install"], ["ci"], ["install", "--agent", "goose"]])(
  "%s %s says which agent of paks.jsonc there is not, and which was meant, before anything is written",
  async (...argv) => {
    const project = await makeProject();
    await project.registry.add("acme/pdf", "1.0.0");
    await project.ok("install", "acme/pdf");
    await rm(join(project.cwd, ".agents"), { recursive: true });
    await project.write("paks.jsonc", '{ "paks": ["acme/pdf"], "agents": ["cluade-code"] }\n');
    const run = await project.paks(...argv);
    expect([run.exit, run.stderr]).toEqual([2, expect.stringContaining("Did you mean claude-code?")]);
    expect(run.stderr).toContain('paks.jsonc names the agent "cluade-code"');
    expect((await readdir(project.cwd)).sort()).toEqual(["paks.jsonc", "paks.lock"]);
  },
);

test("install says what is a link, what a copy, and which tools read the folder itself", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  const linked = await project.ok("install", "acme/pdf", "--agent", "claude-code,cursor");
  expect(linked.stdout).toContain(`linked from ${join(".claude", "skills", "pdf")}`);
  expect(linked.stdout).toContain(`read by Cursor from ${join(".agents", "skills")}\n`);
  expect((await project.ok("list")).stdout).toMatch(/claude-code,cursor +/);
  const copied = await project.ok("install", "acme/pdf", "--agent", "claude-code", "--copy");
  expect(copied.stdout).toContain(`copied to ${join(".claude", "skills", "pdf")}`);
  await project.write(".claude/skills/pdf/SKILL.md", "mine\n");
  expect((await project.ok("list")).stdout).toContain("intact, 1 copy edited");
  expect((await project.paks("verify", "--offline")).stdout).toContain("copies of it were edited");
});

test("where no tool is found, install says how to name one, and says nothing of that with --dir", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  expect((await project.ok("install", "acme/pdf")).stdout).toContain("hint: no coding tool was found");
  expect((await project.ok("install", "acme/pdf", "--dir", "there")).stdout).not.toContain("coding tool");
});

test("list names a tool that is found here and reads the folder itself", async () => {
  const project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await mkdir(join(project.home, ".cursor"));
  expect((await project.ok("install", "acme/pdf")).stdout).toContain("read by Cursor from");
  expect(await project.json("list")).toMatchObject({ installed: [{ agents: ["cursor"], links: [] }] });
});

test("a project's own folder of a tool is enough, in the project and not for all projects", async () => {
  const project = await makeProject();
  await project.registry.add("acme/text", "1.0.0");
  for (const folder of [".claude", ".cursor"]) await mkdir(join(project.cwd, folder));
  const run = await project.ok("install", "acme/text");
  expect(run.stdout).toContain(`linked from ${join(".claude", "skills", "text")}`);
  expect(run.stdout).toContain("read by Cursor from");
  expect(run.stderr).not.toContain("no coding tool was found");
  expect(await project.json("list")).toMatchObject({ installed: [{ agents: ["claude-code", "cursor"] }] });
  await project.ok("remove", "text");
  expect((await project.ok("install", "acme/text", "--global")).stdout).not.toContain("linked from");
  expect(existsSync(join(project.home, ".claude"))).toBe(false);
});
