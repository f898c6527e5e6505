import { execFileSync } from "node:child_process";
import { appendFile, chmod, cp, lstat, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { builtCli, runPaks, runProcess, serveRegistry, tempFolder } from "../testing/index.ts";

// As processes of their own, of somebody whom the modes of files bind.
const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
const isBound = process.platform !== "win32";

interface Sealed {
  readonly project: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** A project with two paks, in two folders of tools, and a home with nothing in it. */
async function makeProject(): Promise<Sealed> {
  const root = await tempFolder();
  await chmod(root, 0o755);
  const [project, home] = [join(root, "project"), join(root, "home")];
  await mkdir(home);
  await mkdir(join(project, ".git"), { recursive: true });
  await mkdir(join(project, "mine"));
  await writeFile(join(project, "mine", "SKILL.md"), "---\nname: mine\ndescription: x\nlicense: MIT\n---\n");
  const registry = await serveRegistry();
  await registry.add("acme/pdf", "1.0.0", { files: { "run.sh!": "#!/bin/sh\n", "a/b.txt": "x" } });
  const environment = { PAKS_REGISTRY: registry.url, PAKS_KEYCHAIN: "file" };
  const made = { project, home, environment };
  const words = ["install", "acme/pdf", "./mine", "--agent", "claude-code,cursor"];
  const run = await runPaks(words, { cwd: project, home: join(root, "maker"), environment });
  expect(run.exit, run.stderr).toBe(0);
  return made;
}

/** From now on only its owner may write there. */
function seal({ project, home }: Sealed): void {
  if (nobody !== undefined) return void execFileSync("chown", [`${nobody}:${nobody}`, home]);
  execFileSync("chmod", ["-R", "a-w", project]);
  onTestFinished(() => void execFileSync("chmod", ["-R", "u+w", project]));
}

async function run({ project, home, environment }: Sealed, command: string) {
  const words = [process.execPath, builtCli(), ...command.split(" "), "--no-input"];
  return await runProcess(words, { cwd: project, environment: { ...environment, HOME: home }, uid: nobody });
}

/** Everything there with the time at which it was changed. */
async function look({ project }: Sealed): Promise<string[]> {
  const paths = (await readdir(project, { recursive: true })).sort();
  return await Promise.all(paths.map(async (path) => `${path} ${(await lstat(join(project, path))).ctimeMs}`));
}

const changing = ["ci", "ci --force", "ci --json", "install", "install --frozen", "install acme/pdf", "update"];
const reading = ["verify", "list", "outdated", "audit", "why pdf", "update --dry-run", "diff pdf", "ci --offline"];

test.runIf(isBound)(
  "in a project that cannot be written, commands that have nothing to write say what they always say",
  { timeout: 60_000 },
  async () => {
    const sealed = await makeProject();
    const said = async () =>
      await Promise.all(
        [...changing, ...reading].map(async (command) => ({ command, ...(await run(sealed, command)) })),
      );
    // As their owner first; one after the other, for each takes the lock.
    const owned: unknown[] = [];
    for (const command of [...changing, ...reading]) {
      const options = { cwd: sealed.project, home: sealed.home, environment: sealed.environment };
      const { exit, stdout, stderr } = await runPaks([...command.split(" "), "--no-input"], options);
      owned.push({ command, exit, stdout, stderr });
    }
    await rm(sealed.home, { recursive: true });
    await mkdir(sealed.home);
    seal(sealed);
    const before = await look(sealed);
    expect(await said()).toEqual(owned);
    expect(await look(sealed)).toEqual(before);
  },
);
