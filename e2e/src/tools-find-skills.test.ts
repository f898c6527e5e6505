import { existsSync } from "node:fs";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { executables } from "./harness/executables.ts";
import { run } from "./harness/run.ts";

/**
 * The coding tools themselves, asked for the skills that they see. They are no dependencies of paks: where one is on
 * PATH, or in a folder that `PAKS_TEST_TOOLS` names (`…/node_modules/.bin`, several as in PATH), it is asked.
 */
const folders = [process.env["PAKS_TEST_TOOLS"] ?? "", process.env["PATH"] ?? ""]
  .join(delimiter)
  .split(delimiter)
  .filter((folder) => folder !== "");
const findTool = (name: string): string | undefined =>
  folders.map((folder) => join(folder, name)).find((path) => existsSync(path));

interface Tool {
  readonly agent: string;
  readonly program: string;
  /** Lists skills without a login and without a network. */
  readonly args: readonly string[];
  /** Turns to nobody, whatever it would like to ask. */
  readonly env?: Readonly<Record<string, string>>;
  /** What has to be there for a project's skills to be believed. */
  readonly prepare?: (home: string, project: string) => Promise<void>;
}

const nowhere = "http://127.0.0.1:9";
const tools: readonly Tool[] = [
  {
    agent: "gemini-cli",
    program: "gemini",
    args: ["skills", "list"],
    prepare: async (home, project) => {
      await mkdir(join(home, ".gemini"), { recursive: true });
      await writeFile(join(home, ".gemini/trustedFolders.json"), JSON.stringify({ [project]: "TRUST_FOLDER" }));
    },
  },
  { agent: "github-copilot", program: "copilot", args: ["skill", "list"] },
  { agent: "opencode", program: "opencode", args: ["debug", "skill"] },
  { agent: "codex", program: "codex", args: ["debug", "prompt-input"] },
  {
    agent: "claude-code",
    program: "claude",
    // Its first message says what it found; the second would be the answer of a model that it cannot reach.
    args: ["-p", "hello", "--output-format", "stream-json", "--verbose"],
    env: {
      ANTHROPIC_API_KEY: "sk-ant-none",
      ANTHROPIC_BASE_URL: nowhere,
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
      CLAUDE_CODE_MAX_RETRIES: "0",
    },
  },
];

async function open() {
  const root = await realpath(await mkdtemp(join(tmpdir(), "paks-tools-")));
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const home = join(root, "home");
  const project = join(root, "project");
  for (const folder of [home, project]) await mkdir(folder);
  const env = (extra: Readonly<Record<string, string>> = {}) => ({
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    NO_COLOR: "1",
    PAKS_KEYCHAIN: "file",
    PAKS_OFFLINE: "1",
    HTTPS_PROXY: nowhere,
    ...extra,
  });
  const paks = async (...args: string[]) => {
    const finished = await run(process.execPath, [executables.paks, ...args], { cwd: project, env: env() });
    expect(finished.exitCode, finished.stderr).toBe(0);
  };
  return { home, project, env, paks };
}

async function writeSkill(project: string, name: string) {
  await mkdir(join(project, "own", name), { recursive: true });
  const text = `---\nname: ${name}\ndescription: Tells that ${name} was found. Use when a test asks for it.\n---\n# Test\n`;
  await writeFile(join(project, "own", name, "SKILL.md"), text);
}

for (const tool of tools) {
  const program = findTool(tool.program);
  test.runIf(program !== undefined)(
    `${tool.agent} itself lists what was installed for it, in the project and globally, each once`,
    async () => {
      const { home, project, env, paks } = await open();
      await run("git", ["init", "--quiet", project], { cwd: project, env: env() });
      for (const name of ["seen-in-project", "seen-everywhere"]) await writeSkill(project, name);
      await paks("install", "./own/seen-in-project", "--agent", tool.agent);
      await paks("install", "./own/seen-everywhere", "--global", "--agent", tool.agent);
      await tool.prepare?.(home, project);
      const ask = async () => {
        const listed = await run(program!, tool.args, { cwd: project, env: env(tool.env), timeout: 90_000 });
        return listed.stdout + listed.stderr;
      };
      const before = await ask();
      expect(before).toContain("seen-in-project");
      expect(before).toContain("seen-everywhere");
      expect(before).not.toMatch(/skill conflict/i);
      await paks("remove", "seen-in-project");
      await paks("remove", "seen-everywhere", "--global");
      expect(await ask()).not.toMatch(/seen-(?:in-project|everywhere)/);
    },
    240_000,
  );
}
