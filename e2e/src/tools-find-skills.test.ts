import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { paksCommand } from "@paks/cli/testing";
import { expect, onTestFinished, test } from "vitest";
import { type CodingTool, codingTools } from "./harness/coding-tools.ts";
import { requireNode22, requireNpmPackage } from "./harness/npm-packages.ts";
import { run } from "./harness/run.ts";

/**
 * The coding tools themselves, asked for the skills that they see. They are no dependencies of paks and take 2 GB:
 * `npm run test:tools` has npm install them all and asks each (`PAKS_TEST_TOOLS=npm`). Otherwise those are asked that
 * are in a folder which `PAKS_TEST_TOOLS` names (several as in PATH).
 */
const given = process.env["PAKS_TEST_TOOLS"] ?? "";
const fromNpm = given === "npm";
const findTool = (name: string): string | undefined =>
  given
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));

/** Its program, and the folder of the Node that it needs. */
async function requireTool(tool: CodingTool): Promise<{ readonly program: string; readonly node: string }> {
  if (!fromNpm) return { program: findTool(tool.program)!, node: dirname(process.execPath) };
  const modules = await requireNpmPackage(tool.package);
  return { program: join(modules, ".bin", tool.program), node: dirname(await requireNode22()) };
}

/** A model that writes down what it is asked and lets nobody in. */
async function openModel() {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    request.setEncoding("utf8").on("data", (chunk: string) => asked.push(chunk));
    request.on("end", () => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: "nobody", type: "authentication_error" } }));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    takeAsked: () => asked.splice(0).join(""),
  };
}

async function open(node: string) {
  const root = await realpath(await mkdtemp(join(tmpdir(), "paks-tools-")));
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const home = join(root, "home");
  const project = join(root, "project");
  for (const folder of [home, project]) await mkdir(folder);
  const env = (extra: Readonly<Record<string, string>> = {}) => ({
    PATH: [node, process.env["PATH"] ?? ""].join(delimiter),
    HOME: home,
    NO_COLOR: "1",
    DO_NOT_TRACK: "1",
    PAKS_KEYCHAIN: "file",
    PAKS_OFFLINE: "1",
    // Turns to nobody, whatever it would like to ask.
    HTTPS_PROXY: "http://127.0.0.1:9",
    NO_PROXY: "127.0.0.1",
    ...extra,
  });
  const paks = async (...args: string[]) => {
    const [program, ...words] = paksCommand(...args);
    const finished = await run(program, words, { cwd: project, env: env() });
    expect(finished.exitCode, finished.stderr).toBe(0);
  };
  return { home, project, env, paks };
}

const names = ["seen-everywhere", "seen-in-project"];

/** Not the name: that stands in listings of folders too. */
const described = (name: string): string => `Tells that ${name} was found`;

async function writeSkill(project: string, name: string) {
  await mkdir(join(project, "own", name), { recursive: true });
  const text = `---\nname: ${name}\ndescription: ${described(name)}. Use when a test asks for it.\n---\n# Test\n`;
  await writeFile(join(project, "own", name, "SKILL.md"), text);
}

/** What is edited where it is installed is put aside by `--force`, and is not to be found there. */
const edited = "Tells that an edit was found";

async function editInstalled(root: string, name: string) {
  const path = join(root, ".agents", "skills", name, "SKILL.md");
  await writeFile(path, (await readFile(path, "utf8")).replace(described(name), edited));
}

for (const tool of codingTools) {
  test.runIf(fromNpm || findTool(tool.program) !== undefined)(
    `${tool.agent} itself lists what was installed for it, in the project and globally, until it is removed, and nothing that --force put aside`,
    async () => {
      const { program, node } = await requireTool(tool);
      const { home, project, env, paks } = await open(node);
      const model = await openModel();
      const asked = { home, project, modelUrl: model.url };
      await run("git", ["init", "--quiet", project], { cwd: project, env: env() });
      for (const name of names) await writeSkill(project, name);
      const edit = async () => {
        await editInstalled(project, "seen-in-project");
        await editInstalled(home, "seen-everywhere");
      };
      for (const force of [[], ["--force"]]) {
        await paks("install", "./own/seen-in-project", "--agent", tool.agent, ...force);
        await paks("install", "./own/seen-everywhere", "--global", "--agent", tool.agent, ...force);
        if (force.length === 0) await edit();
      }
      await tool.prepare?.(asked);
      const ask = async () => {
        const listed = await run(program, tool.args, { cwd: project, env: env(tool.env?.(asked)), timeout: 90_000 });
        return listed.stdout + listed.stderr + model.takeAsked();
      };
      const before = await ask();
      const shows = tool.shows ?? ((name) => new RegExp(described(name)));
      const seen = (text: string) => names.filter((name) => shows(name).test(text));
      expect(seen(before), before.slice(0, 2000)).toEqual(names);
      expect(before).not.toMatch(/skill conflict/i);
      expect(before).not.toContain(edited);
      await edit();
      await paks("remove", "seen-in-project", "--force");
      await paks("remove", "seen-everywhere", "--global", "--force");
      const after = await ask();
      expect(seen(after)).toEqual([]);
      expect(after).not.toContain(edited);
    },
    900_000,
  );
}
