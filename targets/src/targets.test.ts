import { expect, test } from "vitest";
import { type Target, targetTable } from "./table.ts";
import { detectTargets, findTarget, listTargets, targetFolder } from "./targets.ts";

const place = { home: "/home/ada", cwd: "/work/app" };
const ids = (targets: readonly Target[]) => targets.map(({ id }) => id);
const detectWith = async (paths: readonly string[], variables: Record<string, string> = {}) =>
  ids(await detectTargets({ ...place, env: (name) => variables[name], exists: async (path) => paths.includes(path) }));

test("the agents of the roadmap and the shared folder are there", () => {
  expect(ids(listTargets())).toEqual([
    "agents",
    "claude-code",
    "cursor",
    "vscode",
    "copilot",
    "codex",
    "goose",
    "opencode",
    "amp",
    "stakpak",
  ]);
});

test("no id or alias means two targets", () => {
  const all = targetTable.flatMap(({ id, aliases }) => [id, ...aliases]);
  expect(new Set(all).size).toBe(all.length);
  expect(all.every((name) => /^[a-z][a-z-]*$/.test(name))).toBe(true);
});

test("every path of the table is of a form that can be resolved, and stays below its base", () => {
  for (const { projectDir, globalDir, detect, env } of targetTable) {
    expect(projectDir ?? "x").toMatch(/^[.\w][\w./-]*$/);
    expect(globalDir).toMatch(/^~\/[\w./-]+$/);
    expect([projectDir, globalDir, ...detect].join("/")).not.toContain("..");
    expect(detect.every((path) => /^(?:~\/|\.\/|\/)/.test(path))).toBe(true);
    expect(env === undefined || [globalDir, ...detect].some((path) => path.startsWith(env.replaces))).toBe(true);
  }
});

test.each([
  ["claude", "claude-code"],
  ["Claude-Code", "claude-code"],
  ["github-copilot", "copilot"],
  ["open-code", "opencode"],
  ["universal", "agents"],
  ["stakpak", "stakpak"],
])("%s means %s", (name, id) => {
  expect(findTarget(name)?.id).toBe(id);
});

test.each(["", "emacs", "claude code", "__proto__"])("%j means no target", (name) => {
  expect(findTarget(name)).toBeUndefined();
});

test("folders of a project and of the user, by id", () => {
  const folders = (global: boolean) =>
    Object.fromEntries(listTargets().map((target) => [target.id, targetFolder(target, { ...place, global })]));
  expect(folders(false)).toEqual({
    agents: "/work/app/.agents/skills",
    "claude-code": "/work/app/.claude/skills",
    cursor: "/work/app/.agents/skills",
    vscode: "/work/app/.agents/skills",
    copilot: "/work/app/.agents/skills",
    codex: "/work/app/.agents/skills",
    goose: "/work/app/.goose/skills",
    opencode: "/work/app/.agents/skills",
    amp: "/work/app/.agents/skills",
    stakpak: "/home/ada/.stakpak/skills",
  });
  expect(folders(true)).toEqual({
    agents: "/home/ada/.agents/skills",
    "claude-code": "/home/ada/.claude/skills",
    cursor: "/home/ada/.cursor/skills",
    vscode: "/home/ada/.copilot/skills",
    copilot: "/home/ada/.copilot/skills",
    codex: "/home/ada/.agents/skills",
    goose: "/home/ada/.config/goose/skills",
    opencode: "/home/ada/.config/opencode/skills",
    amp: "/home/ada/.config/agents/skills",
    stakpak: "/home/ada/.stakpak/skills",
  });
});

test.each([
  ["claude-code", "CLAUDE_CONFIG_DIR", "/srv/claude", "/srv/claude/skills"],
  ["goose", "XDG_CONFIG_HOME", "/srv/config", "/srv/config/goose/skills"],
  ["amp", "XDG_CONFIG_HOME", "/srv/config/", "/srv/config/agents/skills"],
  ["goose", "XDG_CONFIG_HOME", "", "/home/ada/.config/goose/skills"],
  ["goose", "XDG_CONFIG_HOME", "relative/config", "/home/ada/.config/goose/skills"],
  ["cursor", "XDG_CONFIG_HOME", "/srv/config", "/home/ada/.cursor/skills"],
  ["codex", "CODEX_HOME", "/srv/codex", "/home/ada/.agents/skills"],
])("%s with %s=%j has its global folder at the right place", (id, variable, value, folder) => {
  const env = (name: string) => (name === variable ? value : undefined);
  expect(targetFolder(findTarget(id)!, { ...place, global: true, env })).toBe(folder);
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
});

test("the shared folder is never detected: its being there says nothing about a tool", async () => {
  expect(await detectWith(["/work/app/.agents", "/home/ada/.agents", "/work/app/.agents/skills"])).toEqual([]);
});
