import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunOptions, runPaks, tempFolder } from "../testing/index.ts";

async function open(config?: string) {
  const root = await tempFolder();
  const home = join(root, "home");
  const cwd = join(root, "project");
  const file = join(home, ".config/paks/config.toml");
  await Promise.all([mkdir(join(home, ".config/paks"), { recursive: true }), mkdir(cwd)]);
  if (config !== undefined) await writeFile(file, config);
  const run = async (argv: string[], options: Partial<RunOptions> = {}) =>
    await runPaks(argv, { cwd, home, ...options });
  const json = async (...argv: string[]) => {
    const result = await run([...argv, "--json"]);
    return { exit: result.exit, data: result.json() as Record<string, never> };
  };
  return { home, cwd, run, json, text: () => readFile(file, "utf8") };
}

interface Listed {
  agents: { id: string; detected: boolean; default: boolean; global_dir: string }[];
}

test("agent list shows what is here; with --all all 81 and the user's own", async () => {
  const { home, json, run } = await open('[agents.mine]\nskills_dir = "/srv/mine"\n');
  await mkdir(join(home, ".claude"));
  const here = (await json("agent", "list")).data as unknown as Listed;
  expect(here.agents.map(({ id, detected }) => [id, detected])).toEqual([
    ["claude-code", true],
    ["mine", false],
  ]);
  const all = (await json("agent", "ls", "--all")).data as unknown as Listed;
  expect(all.agents.length).toBe(82);
  const { stdout } = await run(["agent", "list"]);
  expect(stdout).toMatch(/^✓ +claude-code +Claude Code +\.claude\/skills +\S+\/home\/\.claude\/skills$/m);
});

test("the environment's folders are shown", async () => {
  const { run } = await open();
  const { json } = await run(["agent", "show", "claude", "--json"], { environment: { CLAUDE_CONFIG_DIR: "/srv/c" } });
  expect(json()).toMatchObject({ id: "claude-code", global_dir: "/srv/c/skills", environment: ["CLAUDE_CONFIG_DIR"] });
  const { stdout } = await run(["agent", "show", "cursor"]);
  expect(stdout).toContain("its own folder");
  expect(stdout).toContain(".cursor/skills");
});

test("an agent of one's own is added, changed, listed, used and removed, and the file's comments stay", async () => {
  const { cwd, home, json, run, text } = await open("# mine\n");
  const added = await json("agent", "add", "mine", "--skills-dir", join(home, "tool"), "--project-dir", ".tool/skills");
  expect(added).toMatchObject({ exit: 0, data: { action: "added", id: "mine" } });
  expect(await text()).toBe('# mine\n\n[agents.mine]\nskills_dir = "~/tool"\nproject_dir = ".tool/skills"\n');
  expect((await json("agent", "add", "mine", "--name", "M", "--skills-dir", "/x")).data).toMatchObject({
    action: "changed",
  });
  expect(await text()).toContain('skills_dir = "/x"\nproject_dir');

  await mkdir(join(cwd, "pdf"));
  await writeFile(join(cwd, "pdf/SKILL.md"), "---\nname: pdf\ndescription: Use when a PDF is there.\n---\n");
  expect((await run(["install", "./pdf", "--agent", "mine"])).exit).toBe(0);
  expect(await readFile(join(cwd, ".tool/skills/pdf/SKILL.md"), "utf8")).toContain("name: pdf");

  expect((await json("agent", "remove", "mine")).exit).toBe(0);
  expect(await text()).toBe("# mine\n\n");
  expect((await run(["install", "./pdf", "--agent", "mine"])).stderr).toContain('There is no agent "mine"');
});

test.each([
  ["an alias of a known one", ["add", "claude", "--skills-dir", "/x"], 6],
  ["an id that is none", ["add", "My Tool", "--skills-dir", "/x"], 2],
  ["no folder at all", ["add", "mine"], 2],
  ["a folder that is relative to nothing", ["add", "mine", "--skills-dir", "x"], 5],
  ["a project folder that leads out", ["add", "mine", "--project-dir", "../x"], 5],
  ["removing a known one", ["remove", "codex"], 2],
  ["removing one that is not there", ["remove", "nobody"], 3],
  ["an unknown default", ["default", "nobody"], 2],
  ["showing an unknown one", ["show", "claud-code"], 2],
])("%s is refused and changes nothing", async (_, argv, exit) => {
  const { run, text } = await open("# mine\n");
  expect((await run(["agent", ...argv])).exit).toBe(exit);
  expect(await text()).toBe("# mine\n");
});

test("the remembered agents are those that install uses, and are cleared again", async () => {
  const { home, cwd, json, run, text } = await open();
  await mkdir(join(home, ".claude"));
  expect((await json("agent", "default", "goose,claude")).data).toMatchObject({
    default_agents: ["goose", "claude-code"],
  });
  expect(await text()).toBe('default_agents = ["goose", "claude-code"]\n');
  await mkdir(join(cwd, "pdf"));
  await writeFile(join(cwd, "pdf/SKILL.md"), "---\nname: pdf\ndescription: Use when a PDF is there.\n---\n");
  expect((await run(["install", "./pdf"])).stdout).toContain(".goose/skills/pdf");
  await json("agent", "default", "codex");
  expect(await text()).toBe('default_agent = "codex"\n');
  expect((await json("agent", "default")).data).toMatchObject({ default_agents: ["codex"] });
  await json("agent", "default", "--clear");
  expect(await text()).toBe("");
});

test("an own agent that is removed is no longer a default", async () => {
  const { json, text } = await open('default_agents = ["mine", "goose"]\n[agents.mine]\nskills_dir = "/x"\n');
  expect((await json("agent", "remove", "mine")).data).toMatchObject({ default_agents: ["goose"] });
  expect(await text()).toBe('default_agent = "goose"\n');
});

test("an install without --agent makes no folder for a tool that this project does not use, and says so", async () => {
  const { cwd, home, run } = await open();
  for (const folder of [".config/goose", ".augment", ".claude", ".cursor", ".stakpak"])
    await mkdir(join(home, folder), { recursive: true });
  for (const folder of ["pdf", ".augment"]) await mkdir(join(cwd, folder));
  await writeFile(join(cwd, "pdf/SKILL.md"), "---\nname: pdf\ndescription: Use when a PDF is there.\n---\n");
  const { stdout, stderr, exit } = await run(["install", "./pdf"]);
  expect([exit, stdout.match(/linked from .*/g)]).toEqual([
    0,
    ["linked from .augment/skills/pdf", "linked from .claude/skills/pdf"],
  ]);
  expect(stderr).toContain("Goose. --agent goose installs for them too.");
  const all = await run(["install", "./pdf", "--agent", "*"]);
  expect(all.stdout).toContain("linked from .goose/skills/pdf");
  expect((await run(["install", "./pdf", "--agent", "*,goose"])).exit).toBe(2);
});

test.each([
  ["--skills-dir", "rel", "~/"],
  ["--project-dir", "/abs", "relative"],
  ["--project-dir", "../up", "relative"],
])("agent add %s %s: the argument is to blame, not the configuration", async (flag, value, hint) => {
  const { run } = await open();
  const { exit, stderr } = await run(["agent", "add", "mine", flag, value]);
  expect(exit).toBe(5);
  expect(stderr).toContain(`${flag} ${value}`);
  expect(stderr).toContain(hint);
  expect(stderr).not.toContain("config.toml");
});
