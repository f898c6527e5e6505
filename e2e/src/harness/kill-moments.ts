import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { paksCommand } from "@paks/cli/testing/paks-command";
import type { Lab } from "./lab.ts";

const execute = promisify(execFile);

/** `paks`: that one process; the gits that it started go on. `group`: all of them at once, as a container ends. */
export type Victim = "paks" | "group";

export interface Kill {
  readonly dir: string;
  readonly args: readonly string[];
  readonly milliseconds: number;
  readonly victim: Victim;
}

/**
 * Starts the CLI and kills it after so many milliseconds. Returns when neither it nor any git that it started works
 * any more.
 * @returns the milliseconds that it took when it had ended before the kill, else `undefined`
 */
export async function killAt(lab: Lab, { dir, args, milliseconds, victim }: Kill): Promise<number | undefined> {
  const started = performance.now();
  // A group of its own, by which its children are found when it is gone.
  const [program, ...words] = paksCommand(...args);
  const child = spawn(program, words, {
    cwd: dir,
    env: lab.env(),
    stdio: "ignore",
    detached: true,
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve());
  });
  const timer = setTimeout(() => {
    // Its end may be known to the system and not to us yet.
    if (child.exitCode !== null || child.signalCode !== null) return;
    if (victim === "group") process.kill(-child.pid!, "SIGKILL");
    else child.kill("SIGKILL");
  }, milliseconds);
  await ended;
  clearTimeout(timer);
  const taken = performance.now() - started;
  await untilGroupIsGone(child.pid!);
  return child.signalCode === "SIGKILL" ? undefined : taken;
}

const patience = 30_000;

async function untilGroupIsGone(group: number): Promise<void> {
  const deadline = Date.now() + patience;
  for (;;) {
    const working = await listGroup(group);
    if (working.length === 0) return;
    if (Date.now() > deadline) throw new Error(`still running after ${patience} ms:\n${working.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Processes of a group; zombies, whose new parent has not looked yet, do nothing any more. */
async function listGroup(group: number): Promise<string[]> {
  const { stdout } = await execute("ps", ["-A", "-o", "pgid=,stat=,args="], { maxBuffer: 16 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => {
    const [id, state = ""] = line.trim().split(/\s+/);
    return Number(id) === group && !state.startsWith("Z");
  });
}

/** Numbers in [0, 1), the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** `PAKS_SEED` repeats a run; without it every run kills at other moments. */
export const chooseSeed = (): number => Number(process.env["PAKS_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** `PAKS_KILLS` asks for so many hits of all tests together, more than what every test run can afford. */
export const isFull = process.env["PAKS_KILLS"] !== undefined;
/** @param o.share of this test */
export const countHits = ({ usual, share }: { readonly usual: number; readonly share: number }): number =>
  isFull ? Math.ceil(Number(process.env["PAKS_KILLS"]) * share) : usual;

/** How long a run of so many paks takes by now, so that the kills are spread over all of it. */
export class Lengths {
  readonly #known: Map<number, number>;

  /** @param measured milliseconds by number of paks, at least one */
  constructor(measured: ReadonlyMap<number, number>) {
    this.#known = new Map(measured);
  }

  of(count: number): number {
    const known = this.#known.get(count);
    if (known !== undefined) return known;
    // What a run takes anyway, and its share for each pak.
    const points = [...this.#known].toSorted(([one], [two]) => one - two);
    const [[less, short], [more, long]] = [points[0]!, points.at(-1)!];
    return Math.max(short / 2, short + ((count - less) * (long - short)) / (more - less));
  }

  /** A machine that gets busier is noticed by no kill that hits: the next ones go a little further. */
  hit(count: number): void {
    this.#known.set(count, this.of(count) * 1.03);
  }

  ended(count: number, milliseconds: number): void {
    this.#known.set(count, (this.of(count) + milliseconds) / 2);
  }
}
