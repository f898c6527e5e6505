import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Author, change, expectRegistered, expectReleases, openAuthor, upTo } from "./harness/author.ts";
import { mustEndWell, openLabLoggedIn } from "./harness/journey.ts";
import { chooseSeed, countKills, isFull, killAt, seededRandom } from "./harness/kill-moments.ts";
import type { Lab } from "./harness/lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await openLabLoggedIn();
});
afterAll(() => lab.close());

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
  /** By the number of paks; a kill that came too late tells it better. */
  const lengths = new Map<number, number>();
  const seen = { killed: 0, locked: 0 };
  for (let round = 1; round <= kills; round += 1) {
    // A little longer than the whole, so that the end is among the moments too.
    const names = choose();
    const length = lengths.get(names.length) ?? whole;
    const milliseconds = Math.floor(random() * length * 1.05);
    try {
      await change(author, names);
      const taken = await killAt(lab, { ...author, milliseconds });
      if (taken === undefined) seen.killed += 1;
      else lengths.set(names.length, (length + taken) / 2);
      if ((await runAgain(author)).locked) seen.locked += 1;
      await expectReleases(author);
    } catch (cause) {
      throw new Error(
        `PAKS_SEED=${seed}, kill ${round}: after ${milliseconds} of ${Math.round(length)} ms: ${String(cause)}`,
        {
          cause,
        },
      );
    }
  }
  await expectRegistered(author, isFull ? 900_000 : 120_000);
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
// Many kills have to hit something, else the moments are wrong; on a busy machine no length stays true for long.

test(
  "a publish killed at any moment is finished by the same command: one commit, one tag, one release",
  async () => {
    const author = await openAuthor(lab, { repository: "single", paks: new Map([["single", ""]]), args: publish });
    const killed = await killAndRepeat(author, countKills(25), () => ["single"]);
    expect(killed).toBeGreaterThan(countKills(25) / 3);
  },
  countKills(25) * perKill,
);

/** One group of tags, part of one, two; the first is the one that is measured. */
const sizes = [5, 1, 3, 4, 2];

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
    await releaseUndisturbed(author, names);
    let round = 0;
    const choose = () => {
      const [from, size] = [round * 7, sizes[round % sizes.length]!];
      round += 1;
      return upTo(size).map((at) => names[(from + at) % names.length]!);
    };
    const killed = await killAndRepeat(author, countKills(10), choose);
    expect(killed).toBeGreaterThan(countKills(10) / 3);
  },
  countKills(10) * perKill,
);
