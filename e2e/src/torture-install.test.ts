import { spawnSync } from "node:child_process";
import { cp, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { builtCli, runProcess, serveRegistry, skillFiles, tempFolder } from "@paks/cli/testing";
import { describeFiles, emptyLock, formatLock, parseLock } from "@paks/schema";
import { expect, test } from "vitest";

/** Node keeps compiled code in files of its own; here only what paks does to a project counts. */
const still = { NODE_DISABLE_COMPILE_CACHE: "1", UV_THREADPOOL_SIZE: "1", PAKS_KEYCHAIN: "file", CI: "1" };

const groups = {
  rename: "?rename,?renameat,?renameat2",
  write: "?write,?pwrite64",
  unlink: "?unlink,?unlinkat,?rmdir",
  fsync: "?fsync,?fdatasync",
  mkdir: "?mkdir,?mkdirat,?link,?linkat,?symlink,?symlinkat",
} as const;
const faults = ["signal=KILL", "error=EIO", "error=ENOSPC"] as const;

/** How many calls of each kind are tried for each fault, spread over the whole install. */
const most = Number(process.env["PAKS_TORTURE"] ?? 4);

const paks = { pdf: { "run.sh!": "echo pdf\n", "docs/a.md": "a" }, text: { "b.md": "b" } };
const names = Object.keys(paks) as (keyof typeof paks)[];
const digestOf = (name: keyof typeof paks, version: string) =>
  describeFiles(skillFiles(name, version, { files: paks[name] })).digest;

interface Lab {
  readonly root: string;
  readonly environment: Record<string, string>;
}

async function openLab(): Promise<Lab> {
  const registry = await serveRegistry();
  const root = await tempFolder();
  const lab = { root, environment: { ...still, HOME: join(root, "home"), PAKS_REGISTRY: registry.url } };
  await mkdir(join(root, "old", ".claude"), { recursive: true });
  for (const name of names) await registry.add(`acme/${name}`, "1.0.0", { files: paks[name] });
  await endWell(lab, "old", "install", "acme/pdf", "acme/text", "--agent", "claude-code");
  for (const name of names) await registry.add(`acme/${name}`, "2.0.0", { files: paks[name] });
  // Fetched once, so that the runs below differ in nothing but the fault.
  await cp(join(root, "old"), join(root, "warm"), { recursive: true, verbatimSymlinks: true });
  await endWell(lab, "warm", "install", "--upgrade");
  return lab;
}

const run = (lab: Lab, project: string, ...words: string[]) =>
  runProcess([process.execPath, builtCli(), ...words, "--json"], {
    cwd: join(lab.root, project),
    environment: lab.environment,
  });

async function endWell(lab: Lab, project: string, ...words: string[]): Promise<void> {
  const { exit, stdout, stderr } = await run(lab, project, ...words);
  expect(exit, stdout + stderr).toBe(0);
}

const upgrade = ["install", "--upgrade"];

/** A command under strace; answers the log. */
async function traced(lab: Lab, project: string, filter: readonly string[], words = upgrade): Promise<string> {
  const log = join(lab.root, `${project}.strace`);
  await runProcess(["strace", "-f", "-qq", "-o", log, ...filter, process.execPath, builtCli(), ...words, "--json"], {
    cwd: join(lab.root, project),
    environment: lab.environment,
  });
  return await readFile(log, "utf8");
}

/** How often the busiest thread makes such a call: strace counts for each thread. */
function countCalls(log: string): number {
  const calls = new Map<string, number>();
  for (const line of log.split("\n")) {
    const thread = /^(\d+) +\w+\(/.exec(line)?.[1];
    if (thread !== undefined) calls.set(thread, (calls.get(thread) ?? 0) + 1);
  }
  return Math.max(0, ...calls.values());
}

const spread = (count: number): number[] => {
  const step = Math.max(1, count / most);
  return [...new Set(Array.from({ length: Math.min(count, most) }, (_, index) => 1 + Math.floor(index * step)))];
};

/** The digest of what is installed; `undefined`: nothing. */
async function installedDigest(folder: string): Promise<string | undefined> {
  const paths = await readdir(folder, { recursive: true }).catch(() => undefined);
  if (!paths) return undefined;
  const files = [];
  for (const path of paths) {
    const facts = await stat(join(folder, path));
    if (facts.isFile())
      files.push({ path, executable: (facts.mode & 0o100) !== 0, bytes: await readFile(join(folder, path)) });
  }
  return describeFiles(files).digest;
}

/** Nothing of a temporary kind anywhere in the project. */
async function listTemporary(folder: string): Promise<string[]> {
  const all = await readdir(folder, { recursive: true });
  return all.filter((path) => /\.new$|\.paks\/(work\/.|lock)|\.tmp/.test(path));
}

/** Old, new, or absent; never half. */
async function expectWhole(lab: Lab, project: string, mayBeAbsent: boolean): Promise<void> {
  const lock = parseLock(await readFile(join(lab.root, project, "paks.lock"), "utf8"), "paks.lock");
  for (const name of names) {
    const digest = await installedDigest(join(lab.root, project, ".agents", "skills", name));
    const whole = [digestOf(name, "1.0.0"), digestOf(name, "2.0.0"), ...(mayBeAbsent ? [undefined] : [])];
    expect(whole, name).toContain(digest);
    expect(mayBeAbsent ? digest : lock.paks[name]?.digest, name).toBe(digest);
  }
}

const hasStrace = spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status === 0;

for (const [group, calls] of Object.entries(groups))
  test.skipIf(!hasStrace)(
    `an install that meets SIGKILL, EIO or ENOSPC at any ${group} leaves the old, the new or nothing, and the next command ends it`,
    { timeout: 600_000 },
    async () => {
      const lab = await openLab();
      await copyProject(lab, "count");
      const count = countCalls(await traced(lab, "count", ["-e", `trace=${calls}`]));
      expect(count).toBeGreaterThan(3);
      let hits = 0;
      for (const fault of faults)
        for (const at of spread(count)) {
          const project = `${fault.replace("=", "-")}-${at}`;
          await copyProject(lab, project);
          const log = await traced(lab, project, ["-e", `trace=${calls}`, "-e", `inject=${calls}:${fault}:when=${at}`]);
          hits += /INJECTED|killed by SIGKILL/.test(log) ? 1 : 0;
          const when = `${group} ${at} of ${count}, ${fault}`;
          await expectWhole(lab, project, true).catch(rename(when));
          await endWell(lab, project, "list").catch(rename(when));
          await expectWhole(lab, project, false).catch(rename(when));
          expect(await listTemporary(join(lab.root, project)), when).toEqual([]);
          await endWell(lab, project, "install", "--upgrade").catch(rename(when));
          const links = join(lab.root, project, ".claude", "skills");
          for (const name of names) {
            expect(await installedDigest(join(links, name)), when).toBe(digestOf(name, "2.0.0"));
          }
          await expectWhole(lab, project, false).catch(rename(when));
          await rm(join(lab.root, project), { recursive: true });
        }
      // Which thread makes a call, and so which number it has, differs from run to run.
      expect(hits).toBeGreaterThan(faults.length * spread(count).length * 0.5);
    },
  );

/** What the lock holds is there to the byte, with its link; what it does not hold is gone, with its link. */
async function expectAllOrNothing(lab: Lab, project: string, when: string): Promise<void> {
  const at = (...path: string[]) => join(lab.root, project, ...path);
  const text = await readFile(at("paks.lock"), "utf8").catch(() => formatLock(emptyLock));
  const lock = parseLock(text, "paks.lock");
  const sources = JSON.parse(await readFile(at("paks.jsonc"), "utf8")) as { paks: string[] };
  for (const name of names) {
    const digest = lock.paks[name]?.digest;
    expect(await installedDigest(at(".agents", "skills", name)), `${when}: ${name}`).toBe(digest);
    expect(await installedDigest(at(".claude", "skills", name)), `${when}: link of ${name}`).toBe(digest);
    expect(sources.paks.includes(`acme/${name}`), `${when}: ${name}`).toBe(digest !== undefined);
  }
  expect(await listTemporary(at()), when).toEqual([]);
}

const killed: readonly (readonly [what: string, from: string, words: string[], exits: readonly number[]])[] = [
  // A killed remove may have taken everything away, or nothing yet.
  ["remove", "old", ["remove", "pdf"], [0, 3]],
  ["first install", "empty", ["install", "acme/pdf", "acme/text", "--agent", "claude-code"], [0]],
];
for (const [what, from, words, exits] of killed)
  test.skipIf(!hasStrace)(
    `a ${what} that is killed anywhere leaves all of a pak or nothing of it after the next command`,
    { timeout: 600_000 },
    async () => {
      const lab = await openLab();
      await mkdir(join(lab.root, "empty", ".claude"), { recursive: true });
      await writeFile(join(lab.root, "empty", "paks.jsonc"), '{"paks": []}');
      for (const [group, calls] of Object.entries(groups)) {
        await copyProject(lab, `count-${group}`, from);
        const count = countCalls(await traced(lab, `count-${group}`, ["-e", `trace=${calls}`], words));
        for (const at of spread(count)) {
          const project = `${group}-${at}`;
          const when = `${group} ${at} of ${count}`;
          await copyProject(lab, project, from);
          await traced(lab, project, ["-e", `trace=${calls}`, "-e", `inject=${calls}:signal=KILL:when=${at}`], words);
          await endWell(lab, project, "list").catch(rename(when));
          await expectAllOrNothing(lab, project, when);
          const { exit, stdout } = await run(lab, project, ...words);
          expect(exits, when + stdout).toContain(exit);
          await expectAllOrNothing(lab, project, when);
        }
      }
    },
  );

const copyProject = (lab: Lab, project: string, from = "old") =>
  cp(join(lab.root, from), join(lab.root, project), { recursive: true, verbatimSymlinks: true });

/** The failure, with where it happened. */
const rename = (when: string) => (error: unknown) => {
  throw new Error(`${when}: ${String(error)}`, { cause: error });
};
