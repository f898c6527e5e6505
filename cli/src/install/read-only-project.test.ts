import { execFileSync } from "node:child_process";
import { appendFile, chmod, lstat, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatLock, parseLock } from "@paks/schema";
import { expect, onTestFinished, test } from "vitest";
import { paksCommand, runPaks, runProcess, serveRegistry, tempFolder } from "../testing/index.ts";

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
  const words = paksCommand(...command.split(" "), "--no-input");
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

interface Want {
  readonly name: string;
  readonly command?: string;
  /** Done by the owner before. */
  readonly change: (project: string) => unknown;
  readonly exit?: number;
  readonly says: RegExp;
}

const skills = ".agents/skills";
const gone = (path: string) => async (project: string) => await rm(join(project, path), { recursive: true });
const made = (path: string, text?: string) => async (project: string) =>
  text === undefined ? await mkdir(join(project, path)) : await writeFile(join(project, path), text);
const edited = (path: string) => async (project: string) => await appendFile(join(project, path), "edited");
const nothing = () => undefined;
async function forget(project: string): Promise<void> {
  const path = join(project, skills, ".paks", "pdf.json");
  const record = JSON.parse(await readFile(path, "utf8")) as object;
  await writeFile(path, JSON.stringify({ ...record, links: [] }));
}
async function forCursor(project: string): Promise<void> {
  const path = join(project, "paks.lock");
  const lock = (await readFile(path, "utf8")).replaceAll(/"agents": \[[^\]]*\]/g, '"agents": ["cursor"]');
  await writeFile(path, formatLock(parseLock(lock, path)));
}
const unlock = (folder: string) => async (project: string) => {
  const path = join(project, "paks.lock");
  const { paks, ...lock } = parseLock(await readFile(path, "utf8"), path);
  const left = Object.entries(paks).filter(([name]) => name !== folder);
  await writeFile(path, formatLock({ ...lock, paks: Object.fromEntries(left) }));
};
const atWork = /^hint: A paks command of somebody who can write there is at work, or was interrupted/m;

const wants: readonly Want[] = [
  { name: "a pak is not there", change: gone(`${skills}/mine`), says: /^hint: mine would have to be written/m },
  { name: "a link is not there", change: gone(".claude/skills/pdf"), says: /: \S+\/\.claude\/skills\/pdf would/ },
  { name: "a record is not there", change: gone(`${skills}/.paks/mine.json`), says: /: \S+\/\.paks\/mine\.json would/ },
  { name: "a record says less", change: forget, says: /: \S+\/\.paks\/pdf\.json would have to be written/ },
  { name: "a file was edited", change: edited(`${skills}/pdf/a/b.txt`), exit: 6, says: /^error\[LOCAL_CHANGES\]/m },
  { name: "it is to be replaced", command: "ci --force", change: edited(`${skills}/pdf/a/b.txt`), says: /: pdf would/ },
  { name: "links are to be copies", command: "ci --copy", change: nothing, says: /\.claude\/skills\/\w+ would have/ },
  { name: "somebody was interrupted", change: made(".agents/.paks/work/0123"), says: atWork },
  { name: "somebody works there", change: made(`${skills}/.paks/lock`, "{}"), says: atWork },
  { name: "somebody waits there", change: made(`${skills}/.paks/lock.1-a`, "{}"), says: atWork },
  {
    name: "a pak is for fewer tools",
    command: "install --agent cursor",
    change: nothing,
    says: /(?:paks\.lock|\.claude\/skills\/\w+) would have to be written/,
  },
  {
    name: "a tool is left out by the lock",
    command: "install",
    change: forCursor,
    says: /: \S+\/\.claude\/skills\/\w+ would have to be written/,
  },
  {
    name: "a pak is asked for no longer",
    command: "install",
    change: made("paks.jsonc", '{ "paks": ["./mine"] }'),
    says: /: pdf would have to be written/,
  },
  {
    name: "the lock says less",
    command: "install",
    change: made("paks.lock", '{ "lockfileVersion": 1, "paks": {} }'),
    says: /: \S+\/paks\.lock would have to be written/,
  },
  {
    name: "a colleague removed a pak",
    change: async (project) => {
      await made("paks.jsonc", '{ "paks": ["./mine"] }')(project);
      await unlock("pdf")(project);
    },
    says: /: pdf would have to be written/,
  },
  { name: "a pak is to be removed", command: "remove mine", change: nothing, says: /\.paks cannot be written/ },
  { name: "a pak is to be pinned", command: "pin mine", change: nothing, says: /\.paks cannot be written/ },
];

test.runIf(isBound).each(wants)(
  "in a project that cannot be written, a command that would write is refused and writes nothing: $name",
  async ({ command = "ci", change, exit = 10, says }) => {
    const sealed = await makeProject();
    await change(sealed.project);
    seal(sealed);
    const before = await look(sealed);
    const done = await run(sealed, command);
    expect(done.stderr).toMatch(says);
    expect(done.exit).toBe(exit);
    expect(await look(sealed)).toEqual(before);
  },
);

test.runIf(isBound)("where only the lock cannot be taken, nothing is written beside it either", async () => {
  const sealed = await makeProject();
  for (const path of [".claude/skills/pdf", `${skills}/mine`]) await gone(path)(sealed.project);
  seal(sealed);
  const folders = [".", ".agents", skills, ".claude", ".claude/skills"].map((path) => join(sealed.project, path));
  execFileSync(nobody === undefined ? "chmod" : "chown", [nobody === undefined ? "u+w" : `${nobody}`, ...folders]);
  const before = await look(sealed);
  expect(await run(sealed, "ci")).toMatchObject({ exit: 10 });
  expect(await look(sealed)).toEqual(before);
});

test.runIf(isBound)("records of before they said what is saved are as good, where nothing can be written", async () => {
  const sealed = await makeProject();
  for (const folder of ["pdf", "mine"]) {
    const path = join(sealed.project, skills, ".paks", `${folder}.json`);
    const { saved, ...record } = JSON.parse(await readFile(path, "utf8")) as { saved: boolean };
    expect(saved).toBe(true);
    await writeFile(path, JSON.stringify(record));
  }
  seal(sealed);
  for (const command of ["ci", "install"]) expect(await run(sealed, command)).toMatchObject({ exit: 0 });
});
