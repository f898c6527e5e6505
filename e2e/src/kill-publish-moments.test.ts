import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Author, change, expectRegistered, expectReleases, openAuthor, upTo } from "./harness/author.ts";
import { mustEndWell, openLabLoggedIn } from "./harness/journey.ts";
import { chooseSeed, countHits, isFull, killAt, Lengths, seededRandom, type Victim } from "./harness/kill-moments.ts";
import type { Lab } from "./harness/lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await openLabLoggedIn();
});
afterAll(() => lab.close());

/** No git runs any more, so that every lock is one that a killed git has left. */
async function listLocks(dir: string): Promise<string[]> {
  const files = await readdir(join(dir, ".git"), { recursive: true });
  return files.filter((file) => file.endsWith(".lock")).map((file) => join(dir, ".git", file));
}

/** The same command once more. Where a killed git left its lock, paks names the file and never removes it: the user does. */
async function runAgain({ dir, args }: Author): Promise<{ readonly locked: boolean }> {
  const again = await lab.paks(dir, args);
  const locked = again.exitCode === 10 && again.stdout.includes("LOCK_BUSY");
  if (!locked) {
    mustEndWell("publish", again);
    return { locked };
  }
  const locks = await listLocks(dir);
  expect(locks.filter((lock) => again.stdout.includes(lock))).not.toEqual([]);
  for (const lock of locks) await rm(lock);
  mustEndWell("publish", await lab.paks(dir, args));
  return { locked };
}

interface Rounds {
  /** Kills that ended a running publish; one that came too late is repeated. */
  readonly hits: number;
  /** By number of paks. */
  readonly measured: ReadonlyMap<number, number>;
  /** The paks of the next round, by the hits so far. */
  readonly choose: (hits: number) => readonly string[];
}

interface Seen {
  readonly hits: Record<Victim, number>;
  late: number;
  locked: number;
  /** Rounds with every pak of the repository that were hit. */
  whole: number;
}

/** Of so many kills some come too late; were it most of them, the moments would be wrong. */
const maxRounds = (hits: number): number => 2 * hits + 10;

async function killAndRepeat(author: Author, { hits, measured, choose }: Rounds): Promise<Seen> {
  const seed = chooseSeed();
  const random = seededRandom(seed);
  const lengths = new Lengths(measured);
  const seen: Seen = { hits: { paks: 0, group: 0 }, late: 0, locked: 0, whole: 0 };
  const countSeen = () => seen.hits.paks + seen.hits.group;
  for (let round = 0; countSeen() < hits && round < maxRounds(hits); round += 1) {
    const names = choose(countSeen());
    const length = lengths.of(names.length);
    // A little longer than the whole, so that the end is among the moments too.
    const milliseconds = Math.floor(random() * length * 1.05);
    const victim = random() < 0.4 ? "group" : "paks";
    try {
      await change(author, names);
      const taken = await killAt(lab, { ...author, milliseconds, victim });
      if (taken === undefined) {
        seen.hits[victim] += 1;
        lengths.hit(names.length);
        if (names.length === author.paks.size) seen.whole += 1;
      } else {
        seen.late += 1;
        lengths.ended(names.length, taken);
      }
      if ((await runAgain(author)).locked) seen.locked += 1;
      await expectReleases(author);
    } catch (cause) {
      const where = `PAKS_SEED=${seed}, round ${round}, ${victim} after ${milliseconds} of ${Math.round(length)} ms`;
      throw new Error(`${where}: ${String(cause)}`, { cause });
    }
  }
  await expectRegistered(author, isFull ? 900_000 : 120_000);
  if (isFull) tell(author, seen, seed);
  return seen;
}

function tell({ paks, subjects, intended }: Author, seen: Seen, seed: number): void {
  const { hits, late, locked, whole } = seen;
  const tags = [...intended.values()].reduce((sum, each) => sum + each);
  process.stderr.write(
    `${paks.size} paks, PAKS_SEED=${seed}: ${hits.paks + hits.group} kills ended a running publish, ${hits.group} of them with its git ` +
      `processes, ${whole} of them in a release of all; ${late} came too late; ${locked} left a lock; ` +
      `${subjects.length} commits, ${tags} tags and releases\n`,
  );
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
const perRound = 20_000;

const singleHits = countHits({ usual: 8, share: 0.5 });

test(
  "a publish killed at any moment is finished by the same command: one commit, one tag, one release",
  async () => {
    const author = await openAuthor(lab, { repository: "single", paks: new Map([["single", ""]]), args: publish });
    const measured = new Map([[1, await releaseUndisturbed(author, ["single"])]]);
    const seen = await killAndRepeat(author, { hits: singleHits, measured, choose: () => ["single"] });
    expect(seen.hits.paks + seen.hits.group).toBe(singleHits);
  },
  maxRounds(singleHits) * perRound,
);

/** All of them, one group of tags, part of one, two. */
const sizes = [20, 5, 1, 3, 4, 2];
const monorepoHits = countHits({ usual: 6, share: 0.5 });

test(
  "a release of several of twenty paks killed at any moment is finished by the same command, each of them once",
  async () => {
    const names = upTo(20).map((at) => `pak-${String(at).padStart(2, "0")}`);
    const paks = new Map(names.map((name) => [name, `skills/${name}`]));
    const author = await openAuthor(lab, {
      repository: "monorepo",
      paks,
      args: [...publish, "--changed", "--no-wait"],
    });
    const choose = (hits: number) => {
      const [from, size] = [hits * 7, sizes[hits % sizes.length]!];
      return upTo(size).map((at) => names[(from + at) % names.length]!);
    };
    const measured = new Map<number, number>();
    for (const some of [names, names.slice(0, 2)]) measured.set(some.length, await releaseUndisturbed(author, some));
    const seen = await killAndRepeat(author, { hits: monorepoHits, measured, choose });
    expect(seen.hits.paks + seen.hits.group).toBe(monorepoHits);
    expect(seen.whole).toBeGreaterThan(0);
  },
  maxRounds(monorepoHits) * perRound,
);
