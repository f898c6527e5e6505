import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { mustEndWell, openLabLoggedIn, pushedRepository } from "../harness/journey.ts";
import type { Lab } from "../harness/lab.ts";
import { type FarAway, moveAway } from "./far-away.ts";
import { skillText } from "./git-lab.ts";
import { type Measured, type Side, measureInTurn, putAway } from "./measure.ts";
import { type Program, programs } from "./programs.ts";
import type { Comparison } from "./report.ts";
import { compareWithSkillsCli } from "./skills-cli.ts";

/** 12 KB that do not compress: text that repeats would flatter the clone. */
const incompressible = (): string => randomBytes(9000).toString("base64");
const longSkill = (name: string): string => skillText(name, incompressible());

/** With twenty more files beside SKILL.md: about what a skill of a well-known public collection weighs when packed. */
const realSkills = (count: number): Record<string, string> =>
  Object.fromEntries(
    Object.keys(manySkills(count)).flatMap((path) => [
      [path, longSkill(path.split("/")[1]!)],
      ...Array.from({ length: 20 }, (_, at) => [
        path.replace("SKILL.md", `references/part-${at}.md`),
        incompressible(),
      ]),
    ]),
  );

const manySkills = (count: number): Record<string, string> =>
  Object.fromEntries(
    Array.from({ length: count }, (_, at) => [`skills/skill-${at}/SKILL.md`, longSkill(`skill-${at}`)]),
  );

/** Waits until the registry shows the releases. */
async function publish(lab: Lab, cwd: string, ...args: string[]): Promise<void> {
  const words = ["publish", ...args, "--bump", "patch", "--yes"];
  mustEndWell("paks publish", await lab.paks(cwd, words, { timeout: 600_000 }));
}

/** One skill into an empty folder with an empty store, CLI start-up included, against what one types without paks. */
export async function compareInstall(runs: number): Promise<Comparison[]> {
  const lab = await openLabLoggedIn();
  const far: FarAway[] = [];
  try {
    const single = await pushedRepository(lab, "single", { "SKILL.md": longSkill("single") });
    const many = await pushedRepository(lab, "many", manySkills(300));
    await publish(lab, single.dir);
    const real = await pushedRepository(lab, "real", realSkills(300));
    await publish(lab, many.dir, "skills/skill-7");
    await publish(lab, real.dir, "skills/skill-8");
    const oneOf = (name: string) => ({ name, tag: `${name}--v0.1.1`, path: `skills/${name}` });
    const one = { name: "single", tag: "v0.1.1", path: "" };
    const [registry, gitHost] = [await moveAway(lab.registry.url, away), await moveAway(lab.gitUrl, away)];
    far.push(registry, gitHost);
    return await compareAll(lab, runs, [
      // First the small ones: what the others write keeps the disk busy for a while.
      { ...one, what: "single skill", remote: single.remote, atMost: 1, onNodeAtMost: 2 },
      {
        ...one,
        what: `single skill, ${away} ms away`,
        remote: single.remote.replace(lab.gitUrl, gitHost.url),
        registry: registry.url,
        atMost: 1,
        onNodeAtMost: 1.25,
      },
      // Without a network in between, starting any program is a tenth of this clone: only reported. The promise needs a
      // clone of about a second.
      { ...oneOf("skill-7"), what: "1 of 300 skills of 12 KB", remote: many.remote },
      { ...oneOf("skill-8"), what: "1 of 300 skills of 250 KB", remote: real.remote, atMost: 0.1, onNodeAtMost: 0.15 },
    ]);
  } finally {
    for (const server of far) await server.close();
    await lab.close({ keepFiles: true });
  }
}

/** Milliseconds there and back, as to a server in one's own country. */
const away = 20;

/** Milliseconds. We wait until what we wrote is on the disk, and would wait for what git's side has just written, too. */
const settle = 100;

interface Cloned {
  readonly what: string;
  readonly name: string;
  readonly tag: string;
  readonly path: string;
  readonly remote: string;
  /** Absent: the lab's, without a network in between. */
  readonly registry?: string;
  /** Absent: only reported. */
  readonly atMost?: number;
  /** For paks on Node, whose start alone is a third of a small clone. */
  readonly onNodeAtMost?: number;
}

async function compareAll(lab: Lab, runs: number, all: readonly Cloned[]): Promise<Comparison[]> {
  const compared: { readonly comparison: Comparison; readonly third?: Parameters<typeof compareWithSkillsCli>[2] }[] =
    [];
  for (const cloned of all) {
    const { paks, git, copy } = await installSides(lab, cloned);
    const [theirs, ...ours] = await measured(runs, git, ...paks.map(({ side }) => side));
    for (const [at, { program, side }] of paks.entries()) {
      const what = `install ${cloned.what}, ${program.name} / clone + copy`;
      const atMost = program.isFastest ? cloned.atMost : cloned.onNodeAtMost;
      const promise = atMost === undefined ? {} : { atMost };
      const comparison = { what, ours: ours[at]!, theirs: theirs!, ...promise };
      const third = { ...cloned, paks: side, copy };
      compared.push(program.isFastest ? { comparison, third } : { comparison });
    }
  }
  // Afterwards: what it writes and deletes would slow down what comes next, git's clones most of all.
  const withThird: Comparison[] = [];
  for (const { comparison, third } of compared)
    withThird.push(third ? { ...comparison, third: await compareWithSkillsCli(lab, runs, third) } : comparison);
  return withThird;
}

interface InstallSides {
  /** The same with each of our programs. */
  readonly paks: readonly { readonly program: Program; readonly side: Side }[];
  readonly git: Side;
  /** What git's side leaves: the files of the tag. */
  readonly copy: string;
}

async function installSides(lab: Lab, cloned: Cloned): Promise<InstallSides> {
  const { what, name, tag, path, remote } = cloned;
  const cwd = await lab.folder(`install ${what}`);
  const [installed, clone, copy] = [join(cwd, "skills"), join(cwd, "clone"), join(cwd, "copy")];
  const script = `set -e
git clone --quiet --depth 1 --branch "$0" "$1" "$2"
cp -r "$2/$3" "$4"`;
  const paks = programs().map((program) => ({
    program,
    side: {
      ...paksSide(lab, program, { cwd, words: ["install", `acme/${name}`, "--dir", installed] }),
      env: lab.env({ PAKS_REGISTRY: cloned.registry ?? lab.registry.url }),
      before: () => putAway(lab.root, installed, ...fetched(lab)),
      rest: settle,
    },
  }));
  const git = {
    name: "git clone --depth 1 + cp",
    file: "sh",
    args: ["-c", script, tag, remote, clone, path, copy],
    cwd,
    env: lab.env(),
    before: () => putAway(lab.root, clone, copy),
    rest: settle,
  };
  return { paks, git, copy };
}

/** What was fetched; not what Node made of the program's own code, which any earlier command left. */
const fetched = (lab: Lab): string[] => ["store", "answers"].map((name) => join(lab.home, ".cache", "paks", name));

const paksSide = (lab: Lab, program: Program, run: { readonly cwd: string; readonly words: string[] }): Side => ({
  name: `paks ${run.words[0]} ${program.name}`,
  file: program.file,
  args: [...program.args, ...run.words],
  cwd: run.cwd,
  env: lab.env({ PAKS_REGISTRY: lab.registry.url }),
});

const measured = (runs: number, ...sides: Side[]): Promise<Measured[]> => measureInTurn(sides, runs);

const locked = 100;

/** A lock of 100 paks: with an empty store, with a full one and no network, and one install after the other. */
export async function compareCi(runs: number): Promise<Comparison[]> {
  const lab = await openLabLoggedIn();
  try {
    const many = await pushedRepository(lab, "many", manySkills(locked));
    const names = Array.from({ length: locked }, (_, at) => `skill-${at}`);
    await publish(lab, many.dir, "--all");
    const cwd = await lab.folder("project");
    const paks = names.map((name) => `acme/${name}`);
    await writeFile(join(cwd, "paks.jsonc"), JSON.stringify({ paks }, null, 2));
    await mkdir(join(cwd, ".claude"), { recursive: true });
    mustEndWell("paks install", await lab.paks(cwd, ["install"]));
    const all: Comparison[] = [];
    for (const program of programs()) all.push(...(await compareCiOf(lab, program, { cwd, names, runs })));
    return all;
  } finally {
    await lab.close({ keepFiles: true });
  }
}

interface LockedProject {
  readonly cwd: string;
  readonly names: readonly string[];
  readonly runs: number;
}

async function compareCiOf(lab: Lab, program: Program, { cwd, names, runs }: LockedProject): Promise<Comparison[]> {
  const installed = [join(cwd, ".agents"), join(cwd, ".claude", "skills")];
  const cold = {
    ...paksSide(lab, program, { cwd, words: ["ci"] }),
    before: () => putAway(lab.root, ...installed, ...fetched(lab)),
    rest: 1000,
  };
  const warm = {
    ...paksSide(lab, program, { cwd, words: ["ci", "--offline"] }),
    before: () => putAway(lab.root, ...installed),
    rest: 1000,
  };
  const each = await installEach(lab, program, names);
  const [coldTimes, warmTimes] = await measured(runs, cold, warm);
  const [again, eachTimes] = await measured(Math.min(runs, 2), cold, each);
  if (!coldTimes || !warmTimes || !again || !eachTimes) throw new Error("a side is missing");
  const what = `ci of ${locked} ${program.name}`;
  return [
    {
      what: `${what}, full store, offline / empty store`,
      ours: warmTimes,
      theirs: coldTimes,
      atMost: program.isFastest ? 0.5 : 0.65,
    },
    { what: `${what}, empty store / ${locked} installs`, ours: again, theirs: eachTimes, atMost: 0.2 },
  ];
}

async function installEach(lab: Lab, program: Program, names: readonly string[]): Promise<Side> {
  const cwd = await lab.folder(`apart ${program.name}`);
  const loop = `set -e
for name in ${names.join(" ")}; do "$@" install acme/$name --agent claude-code --no-save; done`;
  return {
    name: `${names.length} × paks install`,
    file: "sh",
    args: ["-c", loop, "sh", program.file, ...program.args],
    cwd,
    env: lab.env({ PAKS_REGISTRY: lab.registry.url }),
    before: () => putAway(lab.root, join(cwd, ".agents"), join(cwd, ".claude"), ...fetched(lab)),
  };
}
