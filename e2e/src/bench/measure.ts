import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";

/** One side of a comparison: a whole process, from start to exit. */
export interface Side {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Run before each measured run, not counted. */
  readonly before?: () => void;
  /** Milliseconds before each run in which what the runs before have left may end: a registry that still counts downloads. */
  readonly rest?: number;
  /** Run after each measured run, not counted; throws when it has not done what is measured. */
  readonly after?: () => void;
}

export interface Measured {
  readonly name: string;
  /** Milliseconds, sorted. */
  readonly times: readonly number[];
  readonly median: number;
}

const median = (sorted: readonly number[]): number => sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;

/** Extra certificates are parsed at every start of Node and would be most of what is measured. */
const cleanEnv = (): Record<string, string | undefined> => {
  const { NODE_EXTRA_CA_CERTS: _, NODE_OPTIONS: __, ...env } = process.env;
  return env;
};

/** What is still to be written would be written while the next one is measured. */
async function rest(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  // There is none on Windows.
  spawnSync("sync");
}

let away = 0;

/**
 * Takes away what a run has left, into `root`, which is deleted when everything is measured: before it makes a file,
 * ext4 without a journal looks at all that was deleted in the last five minutes, and that was most of what was measured.
 */
export function putAway(root: string, ...paths: readonly string[]): void {
  const folder = join(root, "put-away");
  mkdirSync(folder, { recursive: true });
  for (const path of paths) if (existsSync(path)) renameSync(path, join(folder, String((away += 1))));
}

/** Not synchronous: the servers that a side talks to may live in this process. */
const once = (side: Side): Promise<number> =>
  new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const child = spawn(side.file, side.args, {
      cwd: side.cwd,
      env: { ...cleanEnv(), ...side.env },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (chunk: Buffer) => (stderr = (stderr + chunk.toString("utf8")).slice(-4000)));
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const took = Number(process.hrtime.bigint() - started) / 1e6;
      if (code === 0) resolve(took);
      else
        reject(new Error(`${side.name}: ${side.file} ${side.args.join(" ")} ended with ${code ?? signal}\n${stderr}`));
    });
  });

/** Runs all sides in turn, A B C A B C …, so that a machine that slows down slows all of them. The first round is not counted. */
export async function measureInTurn(sides: readonly Side[], runs: number): Promise<Measured[]> {
  const times = sides.map((): number[] => []);
  for (let run = -1; run < runs; run += 1)
    for (const [index, side] of sides.entries()) {
      side.before?.();
      if (side.rest !== undefined) await rest(side.rest);
      const time = await once(side);
      side.after?.();
      if (run >= 0) times[index]!.push(time);
    }
  return sides.map((side, index) => {
    const sorted = times[index]!.sort((a, b) => a - b);
    return { name: side.name, times: sorted, median: median(sorted) };
  });
}
