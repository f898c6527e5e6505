import { execFileSync } from "node:child_process";
import { chmod, cp, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, test } from "vitest";
import { paksCommand, paksInShell, runPaks, runProcess, serveRegistry, tempFolder } from "../testing/index.ts";

// What a user or a stranger's project can do to a place that paks reads or makes is never a fault of paks, and never
// makes it wait: not with a pipe in the place either, which is why those commands run as processes of their own.

/** So many also as processes, which take ten times as long. */
const apart = 4;
const inProject = ["list", "install acme/more", "ci", "remove pdf", "verify", "outdated", "update"];
const withSource = ["install ./extra", "install --list ./extra"];
const ofUser = ["list", "doctor", "install acme/more", "config list"];
const ofCache = ["ci", "cache clean", "cache info", "doctor"];

const places: readonly (readonly [place: string, commands: readonly string[]])[] = [
  ["project/paks.jsonc", inProject],
  ["project/paks.lock", inProject],
  ["project/.agents", inProject],
  ["project/.agents/skills", inProject],
  ["project/.agents/skills/.paks", inProject],
  ["project/.agents/skills/.paks/made", inProject],
  ["project/.agents/skills/.paks/lock", inProject],
  ["project/.agents/skills/.paks/work", inProject],
  ["project/.agents/skills/.paks/backups", inProject],
  ["project/.agents/skills/.paks/pdf.json", inProject],
  ["project/.agents/skills/pdf", inProject],
  ["project/.agents/skills/pdf/SKILL.md", inProject],
  ["project/.claude", inProject],
  ["project/.claude/skills", inProject],
  ["project/.claude/skills/pdf", inProject],
  ["project/extra", withSource],
  ["project/extra/SKILL.md", withSource],
  ["home", ofUser],
  ["home/.config/paks", ofUser],
  ["home/.config/paks/config.toml", ofUser],
  ["home/.local/state/paks", ofUser],
  ["home/.cache/paks", ofCache],
  ["home/.cache/paks/store", ofCache],
  ["home/.cache/paks/store/h1", ofCache],
  ["home/.cache/paks/store/tmp", ofCache],
  ["home/.cache/paks/answers", ofCache],
  ["home/.cache/paks/code", ofCache],
  ["tmp", inProject],
];

interface Kind {
  readonly make: (path: string) => unknown;
  /** Runs as a process of its own, as somebody whom the modes of files bind. */
  readonly isApart?: true;
  /** Of code and message of whatever fails. */
  readonly says?: RegExp;
}

const kinds: Readonly<Record<string, Kind>> = {
  "a file": { make: (path) => writeFile(path, "x") },
  "a folder": { make: (path) => mkdir(path) },
  "a link to nowhere": { make: (path) => symlink("nowhere", path) },
  "a link to itself": { make: (path) => symlink(path, path) },
  "a pipe": { make: (path) => execFileSync("mkfifo", [path]), isApart: true },
  nothing: { make: () => undefined },
  "what it was, and nobody may read it": {
    make: (path) => chmod(path, 0),
    isApart: true,
    says: /^READ_ONLY_TARGET .* cannot be (?:read|opened)/,
  },
  "what it was, and nobody may write there": {
    make: (path) => chmod(path, 0o500),
    isApart: true,
    says: /^READ_ONLY_TARGET .* cannot be (?:written|opened)/,
  },
};

const keeps = (kind: string): boolean => kind.startsWith("what it was");

const nobody = process.getuid?.() === 0 ? 65_534 : undefined;
/** A lock that says nothing of its holder is waited for, 30 seconds; and there is one only while a command works. */
const isLeftOut = (place: string, kind: string): boolean =>
  place.endsWith("/lock") && (kind === "a file" || keeps(kind));

test.skipIf(process.platform === "win32").each(places)(
  "%s: whatever is there instead, commands say so by its name, and do not hang",
  { timeout: 300_000 },
  async (place, commands) => {
    const base = await tempFolder();
    const environment = await makeWhole(base);
    const runs = Object.entries(kinds).flatMap(([kind, { isApart = false }]) =>
      commands.slice(0, isApart ? apart : undefined).map((command) => ({ kind, command })),
    );
    const faults: string[] = [];
    const work = async (number: number): Promise<void> => {
      for (let run = runs.shift(); run !== undefined; run = runs.shift())
        if (!isLeftOut(place, run.kind)) {
          const root = join(base, `${number}`);
          await spoil(base, { root, place, kind: kinds[run.kind]!, keep: keeps(run.kind) });
          faults.push(...(await listFaults(root, { ...run, place, environment })));
          if (nobody === undefined) execFileSync("chmod", ["-R", "u+rwX", root]);
          await rm(root, { recursive: true });
        }
    };
    await Promise.all([1, 2, 3, 4].map(work));
    expect(faults).toEqual([]);
  },
);

/** A project with one pak and a home, in `whole`. */
async function makeWhole(base: string): Promise<Record<string, string>> {
  const at = (...path: string[]) => join(base, "whole", ...path);
  for (const folder of ["project/extra", "home/.config/paks", "home/.local/state/paks", "home/.cache/paks/code", "tmp"])
    await mkdir(at(folder), { recursive: true });
  await writeFile(at("project/extra/SKILL.md"), "---\nname: extra\ndescription: x\n---\n");
  await writeFile(at("home/.config/paks/config.toml"), "offline = false\n");
  const registry = await serveRegistry();
  for (const [id, version] of [
    ["acme/pdf", "1.0.0"],
    ["acme/more", "1.0.0"],
  ] as const)
    await registry.add(id, version);
  const environment = { PAKS_REGISTRY: registry.url, PAKS_KEYCHAIN: "file" };
  const words = ["install", "acme/pdf", "--agent", "claude-code"];
  const run = await runPaks(words, { cwd: at("project"), home: at("home"), environment });
  expect(run.exit, run.stderr).toBe(0);
  await registry.add("acme/pdf", "1.1.0");
  return environment;
}

interface Spoiling {
  readonly root: string;
  readonly place: string;
  readonly kind: Kind;
  readonly keep: boolean;
}

async function spoil(base: string, { root, place, kind, keep }: Spoiling): Promise<void> {
  await cp(join(base, "whole"), root, { recursive: true, verbatimSymlinks: true });
  const path = join(root, place);
  if (nobody !== undefined) execFileSync("chmod", ["755", base]);
  if (!keep) await rm(path, { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  // What an install made only where there was something to write down.
  if (keep) await mkdir(path, { recursive: true }).catch(() => undefined);
  await kind.make(path);
  if (nobody !== undefined) execFileSync("chown", ["-hR", `${nobody}:${nobody}`, root]);
}

interface Telling {
  readonly kind: string;
  readonly command: string;
  readonly place: string;
  readonly environment: Record<string, string>;
}

/** What a command says wrongly; nothing when all is well. */
async function listFaults(root: string, { kind, command, place, environment }: Telling): Promise<string[]> {
  const words = [...command.split(" "), "--no-input", "--json"];
  const [cwd, home] = [join(root, "project"), join(root, "home")];
  const run =
    kinds[kind]!.isApart === true
      ? await runProcess(paksCommand(...words), {
          cwd,
          environment: { ...environment, HOME: home, TMPDIR: join(root, "tmp") },
          uid: nobody,
          timeout: 25_000,
        })
      : await runPaks(words, { cwd, home, environment });
  const about = `${kind}: ${command}\n${run.stderr}${run.stdout}`;
  // Killed, or a fault of paks.
  if (run.exit === null || run.exit === 1) return [about];
  const { error } = JSON.parse(run.stdout) as { readonly error?: { readonly code: string; readonly message: string } };
  const isTold = error === undefined || JSON.stringify(error).includes(basename(place));
  const { says } = kinds[kind]!;
  const isRight = error === undefined || says === undefined || says.test(`${error.code} ${error.message}`);
  return isTold && isRight && error?.code !== "INTERNAL" ? [] : [about];
}

test.skipIf(process.platform === "win32")(
  "where a process may have few files open, a pak of many is installed all the same",
  async () => {
    const cwd = await tempFolder();
    await mkdir(join(cwd, "many"));
    await writeFile(join(cwd, "many/SKILL.md"), "---\nname: many\ndescription: Has many files.\n---\n");
    for (let index = 0; index < 99; index += 1) await writeFile(join(cwd, `many/${index}.txt`), `${index}\n`);
    for (const words of ["init -q", "add .", "-c user.name=a -c user.email=a@example.com commit -qm x"])
      execFileSync("git", words.split(" "), { cwd: join(cwd, "many") });
    // Node 20 needs 19 for itself, Node 24 needs 21.
    for (const [limit, source] of [
      [26, "../many"],
      [32, pathToFileURL(join(cwd, "many")).href],
    ]) {
      const script = `ulimit -n ${limit}; rm -rf project; mkdir project; cd project
exec ${paksInShell()} install ${source} --agent claude-code`;
      const run = await runProcess(["bash", "-c", script], { cwd, environment: { HOME: cwd } });
      expect([run.exit, run.stderr]).toEqual([0, ""]);
      expect(await readdir(join(cwd, "project/.agents/skills/many"))).toHaveLength(100);
    }
  },
);
