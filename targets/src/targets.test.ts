import { expect, test } from "vitest";
import { targetTable } from "./table.ts";
import type { Target } from "./target.ts";
import { detectTargets, findTarget, targetFolder } from "./targets.ts";
import { listTargets } from "./user-targets.ts";

const place = { home: "/home/ada", cwd: "/work/app" };
const ids = (targets: readonly Target[]) => targets.map(({ id }) => id);
const detect = async (paths: readonly string[], variables: Record<string, string> = {}, packages: string[] = []) =>
  await detectTargets({
    ...place,
    env: (name) => variables[name],
    exists: async (path) => paths.includes(path),
    dependencies: async () => packages,
  });
const detectWith = async (...args: Parameters<typeof detect>) => ids(await detect(...args));
const globalFolder = (id: string, variables: Record<string, string> = {}) =>
  targetFolder(findTarget(id)!, { ...place, global: true, env: (name) => variables[name] });

test("the table has the tools of the ecosystem, each once, the shared folder first", () => {
  expect(targetTable.length).toBe(81);
  expect(targetTable[0]?.id).toBe("universal");
  expect(ids(targetTable)).toEqual(
    expect.arrayContaining(["claude-code", "cursor", "vscode", "github-copilot", "codex", "goose", "stakpak"]),
  );
});

test("no id or alias means two targets", () => {
  const all = targetTable.flatMap(({ id, aliases }) => [id, ...aliases]);
  expect(new Set(all).size).toBe(all.length);
  expect(all.filter((name) => !/^[a-z][a-z-]*$/.test(name))).toEqual([]);
});

test("every path of the table is of a form that can be resolved, and stays below its base", () => {
  for (const { projectDir, globalDir, detect, env, olderHomes, dependency } of targetTable) {
    expect(projectDir ?? "x").toMatch(/^[.\w][\w./-]*$/);
    expect(globalDir ?? "~/x").toMatch(/^~\/[\w./-]+$/);
    expect(projectDir ?? globalDir).toBeDefined();
    expect([projectDir, globalDir, ...detect, ...olderHomes].join("/")).not.toContain("..");
    expect(detect.filter((path) => !/^(?:~\/|\.\/|\/|\$\w+\/)/.test(path))).toEqual([]);
    for (const { replaces } of env)
      expect([globalDir, ...detect].some((path) => path?.startsWith(replaces))).toBe(true);
    expect(dependency ?? "x").toMatch(/^[a-z]+$/);
  }
});

test.each([
  ["claude", "claude-code"],
  ["Claude-Code", "claude-code"],
  ["copilot", "github-copilot"],
  ["open-code", "opencode"],
  ["agents", "universal"],
  ["moltbot", "openclaw"],
  ["stakpak", "stakpak"],
])("%s means %s", (name, id) => {
  expect(findTarget(name)?.id).toBe(id);
});

test.each(["", "emacs", "claude code", "__proto__", "constructor"])("%j means no target", (name) => {
  expect(findTarget(name)).toBeUndefined();
});

test.each([
  ["universal", ".agents/skills", ".agents/skills"],
  ["claude-code", ".claude/skills", ".claude/skills"],
  ["cursor", ".agents/skills", ".agents/skills"],
  ["amp", ".agents/skills", ".agents/skills"],
  ["vscode", ".agents/skills", ".agents/skills"],
  ["goose", ".goose/skills", ".config/goose/skills"],
  ["windsurf", ".windsurf/skills", ".codeium/windsurf/skills"],
  ["cortex", ".cortex/skills", ".snowflake/cortex/skills"],
  ["openclaw", "skills", ".openclaw/skills"],
  ["eve", "agent/skills", undefined],
  ["promptscript", ".agents/skills", undefined],
  ["stakpak", undefined, ".stakpak/skills"],
])("%s looks into %s of a project and %s of the home", (id, project, home) => {
  const target = findTarget(id)!;
  expect(targetFolder(target, { ...place, global: false })).toBe(project && `/work/app/${project}`);
  expect(targetFolder(target, { ...place, global: true })).toBe(home && `/home/ada/${home}`);
});

test.each([
  ["claude-code", "CLAUDE_CONFIG_DIR", "/srv/claude", "/srv/claude/skills"],
  ["goose", "XDG_CONFIG_HOME", "/srv/config", "/srv/config/goose/skills"],
  ["devin", "XDG_CONFIG_HOME", "/srv/config/", "/srv/config/devin/skills"],
  ["goose", "XDG_CONFIG_HOME", "", "/home/ada/.config/goose/skills"],
  ["goose", "XDG_CONFIG_HOME", "relative/config", "/home/ada/.config/goose/skills"],
  ["grok", "GROK_HOME", "/srv/grok", "/srv/grok/skills"],
  ["mistral-vibe", "VIBE_HOME", "/srv/vibe", "/srv/vibe/skills"],
  ["crush", "XDG_CONFIG_HOME", "/srv/config", "/home/ada/.config/crush/skills"],
  ["cursor", "XDG_CONFIG_HOME", "/srv/config", "/home/ada/.agents/skills"],
  ["codex", "CODEX_HOME", "/srv/codex", "/home/ada/.agents/skills"],
  ["amp", "XDG_CONFIG_HOME", "/srv/config", "/home/ada/.agents/skills"],
])("%s with %s=%j has its global folder at the right place", (id, variable, value, folder) => {
  expect(globalFolder(id, { [variable]: value })).toBe(folder);
});

test("a variable moves no folder of a project", () => {
  const env = () => "/srv/elsewhere";
  expect(targetFolder(findTarget("claude-code")!, { ...place, global: false, env })).toBe("/work/app/.claude/skills");
});

test("a target is detected by its traces, wherever a variable moved them", async () => {
  expect(await detectWith([])).toEqual([]);
  expect(await detectWith(["/home/ada/.claude", "/home/ada/.stakpak"])).toEqual(["claude-code", "stakpak"]);
  expect(await detectWith(["/etc/codex"])).toEqual(["codex"]);
  expect(await detectWith(["/srv/codex"], { CODEX_HOME: "/srv/codex" })).toEqual(["codex"]);
  expect(await detectWith(["/home/ada/.codex"], { CODEX_HOME: "/srv/codex" })).toEqual([]);
  expect(await detectWith(["/work/app/.replit"])).toEqual(["replit"]);
  expect(await detectWith(["/roaming/Zed"], { APPDATA: "/roaming" })).toEqual(["zed"]);
  expect(await detectWith(["/work/app/Zed", "/Zed"])).toEqual([]);
});

test("a tool's own folder in the project shows that it is used there, and there alone", async () => {
  expect(await detectWith(["/work/app/.claude", "/work/app/.cursor", "/work/app/.roo"])).toEqual([
    "claude-code",
    "cursor",
    "roo",
  ]);
  const exists = async (path: string) => path.startsWith("/work/app/");
  expect(await detectTargets({ ...place, global: true, exists })).toEqual([]);
});

test("every folder with a dot of its own is one tool's trace, of tools that share one the first's", () => {
  const folders = targetTable.flatMap(({ projectDir = "", detect }) => {
    const folder = projectDir.replace(/\/skills$/, "");
    if (!folder.startsWith(".") || folder === ".agents") return [];
    return [{ folder, isTrace: detect.includes(`./${folder}`) }];
  });
  for (const { folder } of folders)
    expect([folder, folders.filter((one) => one.folder === folder && one.isTrace).length]).toEqual([folder, 1]);
});

test("a trace that could be anybody's counts only with the package that belongs to it", async () => {
  expect(await detectWith(["/work/app/agent"])).toEqual([]);
  expect(await detectWith(["/work/app/agent"], {}, ["eve"])).toEqual(["eve"]);
  expect(await detectWith([], {}, ["eve"])).toEqual([]);
});

test("of a tool that was renamed, the older home is used while there is no newer one", async () => {
  const folderOf = async (...paths: string[]) =>
    targetFolder((await detect(paths.map((path) => `/home/ada/${path}`)))[0]!, { ...place, global: true });
  expect(await folderOf(".moltbot")).toBe("/home/ada/.moltbot/skills");
  expect(await folderOf(".moltbot", ".clawdbot")).toBe("/home/ada/.clawdbot/skills");
  expect(await folderOf(".moltbot", ".openclaw")).toBe("/home/ada/.openclaw/skills");
});

test("the shared folder is never detected: its being there says nothing about a tool", async () => {
  expect(await detectWith(["/work/app/.agents", "/home/ada/.agents", "/work/app/.agents/skills"])).toEqual([]);
});

test("a tool of the user's own is listed last, found by id, and there when its folder is", async () => {
  const targets = listTargets({ mine: { name: "My tool", skillsDir: "/srv/mine", projectDir: ".mine/skills" } });
  expect(targets.length).toBe(targetTable.length + 1);
  const mine = findTarget("MINE", targets)!;
  expect([mine, targetFolder(mine, { ...place, global: true })]).toEqual([targets.at(-1), "/srv/mine"]);
  expect(targetFolder(mine, { ...place, global: false })).toBe("/work/app/.mine/skills");
  const found = async (path: string) =>
    ids(await detectTargets({ ...place, exists: async (one) => one === path }, targets));
  expect(await found("/srv/mine")).toEqual(["mine"]);
  expect(await found("/work/app/.mine/skills")).toEqual(["mine"]);
  expect(await found("/srv")).toEqual([]);
});

test("a row that the user changed keeps what the user did not name, and its folder is used even if it reads the shared one", () => {
  const codex = findTarget("codex-cli", listTargets({ codex: { skillsDir: "~/.codex/skills" } }))!;
  expect(codex).toMatchObject({ id: "codex", name: "Codex", projectDir: ".agents/skills" });
  expect(targetFolder(codex, { ...place, global: true, env: () => "/srv/codex" })).toBe("/srv/codex/skills");
  expect(listTargets({}).length).toBe(targetTable.length);
});

test("an id of the user's own wins over an alias", () => {
  expect(findTarget("claude", listTargets({ claude: { skillsDir: "/x" } }))?.globalDir).toBe("/x");
  expect(findTarget("claude")?.id).toBe("claude-code");
});
