import { chmod, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { testGit, testGitEnv } from "@paks/git/testing";
import { expect, test } from "vitest";
import { renderWorkflow } from "./ci-workflow.ts";
import { publish } from "./commands/publish.ts";
import { validate } from "./commands/validate.ts";
import { parseCommandLine } from "./parse-command-line.ts";
import { parseYaml, runProcess, tempFolder } from "./testing/index.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = async (path: string) => await readFile(join(root, path), "utf8");
const commands = { publish, validate };

interface Step {
  uses?: string;
  run?: string;
  env?: Record<string, string>;
  with?: Record<string, string>;
}

interface Action {
  inputs: Record<string, { default: string }>;
  runs: { using: string; steps: Step[] };
}

interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, { steps: Step[] }>;
}

const readAction = async () => parseYaml(await read("action.yml")) as Action;

/** Fails for a flag that is not there. */
async function parse(line: readonly string[]) {
  const [name = "", ...words] = line;
  return await parseCommandLine(commands[name as keyof typeof commands], words, 80);
}

/** Lines of a shell text or a hook that call paks. */
const calls = (text: string): string[][] =>
  [...text.matchAll(/^[ \t]*(?:\$ |- |entry: |\S+\) )?paks ((?:validate|publish)\b[^#;|&\n]*)/gm)].map(([, line]) =>
    line!
      .trim()
      .split(/\s+/)
      .map((word) => word.replaceAll(/["'`]/g, "")),
  );

test("every action of GitHub's is pinned to one commit, the same in our workflows, in the action and in what users copy", async () => {
  const workflows = (await readdir(join(root, ".github/workflows"))).map((name) => join(".github/workflows", name));
  const texts = [...workflows, "action.yml", "docs/publishing-in-ci.md", "docs/publishing-monorepos.md"].map(read);
  const pins = new Map<string, Set<string>>();
  for (const text of [...(await Promise.all(texts)), renderWorkflow("")])
    for (const [, name = "", pin = ""] of text.matchAll(/uses: (?:https:\/\/github\.com\/)?(actions\/[\w-]+)@(.*)/g))
      pins.set(name, (pins.get(name) ?? new Set()).add(pin));
  expect(pins.size).toBeGreaterThan(2);
  for (const [name, found] of pins) {
    expect([...found], name).toHaveLength(1);
    expect([...found][0], name).toMatch(/^[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  }
});

test("the action is a composite one whose steps are pinned, and no input or secret is read as shell", async () => {
  const { runs, inputs } = await readAction();
  expect(runs.using).toBe("composite");
  expect(Object.keys(inputs)).toEqual(["command", "path", "bump", "version"]);
  const used = runs.steps.flatMap(({ uses }) => uses ?? []);
  expect(used.filter((uses) => !/@[0-9a-f]{40}$/.test(uses))).toEqual([]);
  const shell = runs.steps.map(({ run = "" }) => run).join("\n");
  expect(shell).not.toContain("${{");
  expect(shell).not.toContain("PAKS_TOKEN");
});

test("the workflow of `create --ci` passes only inputs that the action has, and pins foreign actions", async () => {
  const { inputs } = await readAction();
  const { permissions, jobs } = parseYaml(renderWorkflow("skills/pdf")) as Workflow;
  expect(permissions).toEqual({ contents: "read" });
  const steps = Object.values(jobs).flatMap((job) => job.steps);
  expect(steps.filter(({ run }) => run !== undefined)).toEqual([]);
  const isOurs = ({ uses = "" }: Step) => uses.startsWith("stakpak/paks@");
  expect(steps.filter((step) => !isOurs(step) && !/@[0-9a-f]{40}$/.test(step.uses ?? ""))).toEqual([]);
  const given = steps.filter(isOurs).flatMap((step) => Object.keys(step.with ?? {}));
  expect(given).toEqual(["command", "command", "path", "bump"]);
  for (const name of given) expect(inputs).toHaveProperty(name);
});

test.each(["scripts/action.sh", ".pre-commit-hooks.yaml", "docs/publishing-in-ci.md"])(
  "%s calls paks only with flags that it has",
  async (file) => {
    const found = calls(await read(file));
    expect(found.length).toBeGreaterThan(0);
    for (const words of found) {
      const typed = words.map((word) => word.replace(/^\$\{bump:\+(.*)\}$/, "$1").replace("=$bump", "=patch"));
      await expect(parse(typed), typed.join(" ")).resolves.toMatchObject({ type: "run" });
    }
  },
);

test("every example of the CI page is YAML, and the hook file, too", async () => {
  const blocks = [...(await read("docs/publishing-in-ci.md")).matchAll(/^```yaml\n([\s\S]*?)^```/gm)];
  expect(blocks.length).toBeGreaterThan(3);
  for (const [, text] of blocks) expect(parseYaml(text!)).toBeTypeOf("object");
  expect(parseYaml(await read(".pre-commit-hooks.yaml"))).toMatchObject([{ id: "paks-validate", language: "system" }]);
});

const quiet = (cwd: string) => ({ cwd, environment: { ...testGitEnv(), PATH: process.env["PATH"] ?? "" } });

/** A repository with a paks that says what it was called with. */
async function runner() {
  const home = await tempFolder();
  const [bin, work, origin] = [join(home, "bin"), join(home, "work"), join(home, "origin.git")];
  await mkdir(bin);
  await writeFile(join(bin, "paks"), '#!/bin/sh\nfor word in "$@"; do printf "<%s>" "$word"; done\n');
  await chmod(join(bin, "paks"), 0o755);
  await testGit(home, ["init", "-q", "--bare", origin]);
  await testGit(home, ["clone", "-q", origin, work]);
  await testGit(work, ["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-q", "--allow-empty", "-m", "x"]);
  const run = async (environment: Record<string, string>) =>
    await runProcess(["sh", join(root, "scripts/action.sh")], {
      cwd: work,
      environment: { ...testGitEnv(), PATH: `${bin}:${process.env["PATH"]}`, HOME: home, ...environment },
    });
  return { home, work, run };
}

test.skipIf(process.platform === "win32")(
  "the action's script hands paks its inputs as they are, and no option can be smuggled in",
  async () => {
    const { run } = await runner();
    expect((await run({})).stdout).toBe("<validate><./><--all><--strict>");
    const odd = await run({ PAKS_COMMAND: "validate", PAKS_PATH: "--fix $(id) x" });
    expect(odd.stdout).toBe("<validate><./--fix $(id) x><--all><--strict>");
    const token = { PAKS_COMMAND: "publish", PAKS_TOKEN: "paks_x" };
    expect((await run(token)).stdout).toBe("<publish><./><--yes>");
    const bumped = await run({ ...token, PAKS_PATH: "skills/pdf", PAKS_BUMP: "patch --force" });
    expect(bumped.stdout).toBe("<publish><./skills/pdf><--yes><--bump=patch --force>");
  },
);

test.skipIf(process.platform === "win32")(
  "without a token, and with another command, the action's script stops and says why",
  async () => {
    const { run } = await runner();
    expect(await run({ PAKS_COMMAND: "publish" })).toMatchObject({ exit: 4, stdout: "" });
    expect(await run({ PAKS_COMMAND: "rm" })).toMatchObject({ exit: 2, stdout: "" });
  },
);

const text = "Release v1.0.0\n\nSkill: pdf\n";
const trailers = "\nPaks-Package: acme/pdf\nPaks-Path: skills/my pdf\nPaks-Tag-Format: 1\n";
const signature = "-----BEGIN SSH SIGNATURE-----\nU1NI\n-----END SSH SIGNATURE-----\n";
const tags = [
  { what: "an annotated tag", message: text + trailers, path: "skills/my pdf" },
  { what: "a signed tag", message: text + trailers, sign: true, path: "skills/my pdf" },
  { what: "a signed tag of the top folder", message: text, sign: true, path: "" },
  {
    what: "a path in the changelog only",
    message: `${text}\nPaks-Path: elsewhere\n\nPaks-Package: acme/pdf\n`,
    path: "",
  },
  {
    what: "a signature in the changelog",
    message: `${text}\n${signature}${trailers}`,
    sign: true,
    path: "skills/my pdf",
  },
];

test.skipIf(process.platform === "win32").each(tags)(
  "$what: it goes to a branch at the tag and to the folder that the tag's message names",
  async ({ message, path, sign = false }) => {
    const { home, work, run } = await runner();
    const key = join(home, "id");
    const made = await runProcess(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], quiet(home));
    expect(made.exit, made.stderr).toBe(0);
    const who = ["-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "gpg.format=ssh", "-c", `user.signingKey=${key}`];
    const how = [sign ? "--sign" : "--annotate", "--cleanup=verbatim", "-m", message];
    await testGit(work, [...who, "tag", ...how, "pdf--v1.0.0"]);
    await testGit(work, ["push", "-q", "origin", "HEAD:main", "pdf--v1.0.0"]);
    // What the checkout leaves on a tag: no branch, and a plain tag in place of the annotated one.
    await testGit(work, ["checkout", "-q", "--detach"]);
    await testGit(work, ["tag", "-f", "pdf--v1.0.0", "HEAD"]);
    const { stdout, stderr } = await run({
      PAKS_COMMAND: "publish",
      PAKS_TOKEN: "paks_x",
      GITHUB_REF: "refs/tags/pdf--v1.0.0",
    });
    expect(stdout, stderr).toBe(`<publish><./${path}><--yes>`);
    expect((await testGit(work, ["branch", "--show-current"])).trim()).toBe("paks-release");
    const tag = await testGit(work, ["cat-file", "tag", "pdf--v1.0.0"]);
    expect(tag.endsWith("-----END SSH SIGNATURE-----\n")).toBe(sign);
  },
);
