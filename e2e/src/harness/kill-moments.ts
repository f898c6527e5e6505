import { execFile, spawn } from "node:child_process";
import { promisify } from "node:util";
import { executables } from "./executables.ts";
import type { Lab } from "./lab.ts";

const execute = promisify(execFile);

/**
 * Starts the CLI and kills that one process, none of its git children, after so many milliseconds. Returns when
 * neither it nor any git that it started works any more.
 * @returns the milliseconds that it took when it had ended before the kill, else `undefined`
 */
export async function killAt(
  lab: Lab,
  {
    dir,
    args,
    milliseconds,
  }: { readonly dir: string; readonly args: readonly string[]; readonly milliseconds: number },
): Promise<number | undefined> {
  const started = performance.now();
  // A group of its own, by which its children are found when it is gone.
  const child = spawn(process.execPath, [executables.paks, ...args], {
    cwd: dir,
    env: lab.env(),
    stdio: "ignore",
    detached: true,
  });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => resolve());
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds);
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

/** `PAKS_KILLS` asks for more than what every test run can afford. */
export const isFull = process.env["PAKS_KILLS"] !== undefined;
export const countKills = (usual: number): number => Number(process.env["PAKS_KILLS"] ?? usual);
