import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchData, mustEndWell, openLabLoggedIn, pushedRepository, skillText, until } from "./harness/journey.ts";
import { chooseSeed, countKills, isFull, killAt, seededRandom } from "./harness/kill-moments.ts";
import type { Lab } from "./harness/lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await openLabLoggedIn();
});
afterAll(() => lab.close());

interface Author {
  readonly dir: string;
  readonly args: readonly string[];
  /** Name of each pak → its folder; "" is the root. */
  readonly paks: ReadonlyMap<string, string>;
  /** Name of each pak → how often it was to be released. */
  readonly intended: Map<string, number>;
  /** Subjects of all commits that were to be made, the first one first. */
  readonly subjects: string[];
}

const fileIn = (folder: string, file: string) => (folder === "" ? file : `${folder}/${file}`);
const tagOf = (folder: string, name: string, at: number) => (folder === "" ? `v0.1.${at}` : `${name}--v0.1.${at}`);
const upTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);

async function openAuthor(repository: string, paks: Author["paks"], args: readonly string[]): Promise<Author> {
  const files = [...paks].map(([name, folder]) => [fileIn(folder, "SKILL.md"), skillText(name)] as const);
  const { dir } = await pushedRepository(lab, repository, Object.fromEntries(files));
  const intended = new Map([...paks.keys()].map((name) => [name, 0]));
  return { dir, args, paks, intended, subjects: ["first"] };
}

const git = async ({ dir }: Author, ...args: string[]) =>
  mustEndWell(`git ${args[0]}`, await lab.git(dir, ...args)).stdout.trim();

/** Something new in these paks, committed and not pushed: the next release has to take it along. */
async function change(author: Author, names: readonly string[]): Promise<void> {
  const { dir, paks, intended, subjects } = author;
  for (const name of names) {
    const count = intended.get(name)! + 1;
    intended.set(name, count);
    await writeFile(join(dir, fileIn(paks.get(name)!, "notes.md")), `release ${count}\n`);
  }
  const subject = `change ${subjects.length}`;
  await git(author, "add", "--all");
  await git(author, "commit", "--quiet", "--message", subject);
  const one = names.length === 1 ? `chore: bump version to 0.1.${intended.get(names[0]!)}` : undefined;
  subjects.push(subject, one ?? `chore: bump versions of ${names.length} paks`);
}

/** Exactly the intended commits here and there, a tag on both sides and a release for each intended version. */
async function expectReleases(author: Author): Promise<void> {
  expect((await git(author, "log", "--reverse", "--format=%s")).split("\n")).toEqual(author.subjects);
  const tags = [...author.paks].flatMap(([name, folder]) =>
    upTo(author.intended.get(name)!).map((at) => tagOf(folder, name, at)),
  );
  const local = await git(author, "for-each-ref", "--format=%(objectname)\t%(refname)", "refs/heads/main", "refs/tags");
  expect(local.match(/refs\/tags\/\S+/g)?.toSorted()).toEqual(tags.map((tag) => `refs/tags/${tag}`).toSorted());
  const remote = await git(author, "ls-remote", "--refs", "origin");
  expect(remote.split("\n").toSorted()).toEqual(local.split("\n").toSorted());
  expect(await git(author, "status", "--porcelain")).toBe("");
}

/** The registry has each intended version, and no other; told without waiting, it needs its time. */
async function expectRegistered({ paks, intended }: Author): Promise<void> {
  for (const name of paks.keys()) {
    const wanted = upTo(intended.get(name)!).map((at) => `0.1.${at}`);
    const listed = async () => {
      const versions = await fetchData<{ version: string }[]>(lab, `/api/skills/acme/${name}/versions`);
      return versions.map(({ version }) => version);
    };
    await until(
      `${name} in the registry`,
      async () => ((await listed()).length >= wanted.length ? true : undefined),
      isFull ? 1_500_000 : 120_000,
    );
    expect((await listed()).toSorted()).toEqual(wanted.toSorted());
  }
}

/** The same command once more. A git whose parent died may itself have died with its lock, which paks names and never removes. */
async function runAgain({ dir, args }: Author): Promise<{ readonly locked: boolean }> {
  const again = await lab.paks(dir, args);
  const locked = again.exitCode === 10 && again.stdout.includes("LOCK_BUSY");
  if (!locked) {
    mustEndWell("publish", again);
    return { locked };
  }
  expect(again.stdout).toContain(join(dir, ".git", "index.lock"));
  await rm(join(dir, ".git", "index.lock"));
  mustEndWell("publish", await lab.paks(dir, args));
  return { locked };
}

/**
 * @param choose the paks of a round
 * @returns how many kills hit a running publish
 */
async function killAndRepeat(author: Author, kills: number, choose: () => readonly string[]): Promise<number> {
  const seed = chooseSeed();
  const random = seededRandom(seed);
  const whole = await releaseUndisturbed(author, choose());
  const seen = { killed: 0, locked: 0 };
  for (let round = 1; round <= kills; round += 1) {
    // A little longer than the whole, so that the end is among the moments too.
    const milliseconds = Math.floor(random() * whole * 1.05);
    try {
      await change(author, choose());
      if (await killAt(lab, { ...author, milliseconds })) seen.killed += 1;
      if ((await runAgain(author)).locked) seen.locked += 1;
      await expectReleases(author);
    } catch (cause) {
      throw new Error(`PAKS_SEED=${seed}, kill ${round}: after ${milliseconds} of ${whole} ms: ${String(cause)}`, {
        cause,
      });
    }
  }
  await expectRegistered(author);
  if (isFull) {
    process.stderr.write(
      `${kills} kills over ${whole} ms with PAKS_SEED=${seed}: ${seen.killed} hit a running publish, `,
    );
    process.stderr.write(`${seen.locked} left an index.lock; ${author.subjects.length} commits, `);
    process.stderr.write(`${[...author.intended.values()].reduce((sum, each) => sum + each)} tags and releases\n`);
  }
  return seen.killed;
}

/** @returns milliseconds of a run that nobody kills */
async function releaseUndisturbed(author: Author, names: readonly string[]): Promise<number> {
  await change(author, names);
  const started = performance.now();
  mustEndWell("publish", await lab.paks(author.dir, author.args));
  const whole = Math.round(performance.now() - started);
  await expectReleases(author);
  return whole;
}

const publish = ["publish", "--bump", "patch", "--yes", "--json"];
const perKill = 20_000;
// Most kills have to hit something, else the moments are wrong.

test(
  "a publish killed at any moment is finished by the same command: one commit, one tag, one release",
  async () => {
    const author = await openAuthor("single", new Map([["single", ""]]), publish);
    const killed = await killAndRepeat(author, countKills(25), () => ["single"]);
    expect(killed).toBeGreaterThan(countKills(25) / 2);
  },
  countKills(25) * perKill,
);

/** The registry takes a second for three releases: what every test run does has to be less than all twenty. */
const changed = isFull ? 20 : 5;

test(
  "a release of several of twenty paks killed at any moment is finished by the same command, each of them once",
  async () => {
    const names = upTo(20).map((at) => `pak-${String(at).padStart(2, "0")}`);
    const paks = new Map(names.map((name) => [name, `skills/${name}`]));
    const author = await openAuthor("monorepo", paks, [...publish, "--changed", "--no-wait"]);
    await releaseUndisturbed(author, names);
    let from = 0;
    const choose = () => {
      from += changed;
      return upTo(changed).map((at) => names[(from + at) % names.length]!);
    };
    const killed = await killAndRepeat(author, countKills(10), choose);
    expect(killed).toBeGreaterThan(countKills(10) / 2);
  },
  countKills(10) * perKill,
);
