import { rm } from "node:fs/promises";
import { type Next, checkRun, nexts } from "./check.ts";
import type { Tortured } from "./commands.ts";
import { type Lab, type Place, copyPlace, openLab, processOf, startOf } from "./lab.ts";
import { type Target, inject, listTargets } from "./strace.ts";

const wanted = process.env["PAKS_TORTURE"] ?? "10";
/** Faults that each command meets, spread over all there are; `PAKS_TORTURE=all` is every one of them. */
const most = wanted === "all" ? Infinity : Number(wanted);
/** Each is a process that mostly waits. */
const atOnce = Number(process.env["PAKS_TORTURE_AT_ONCE"] ?? 2);
/** How often one thread wakes the other differs a little, so a call may have another number the next time. */
const shifts = [0, 0, -1, 1, -2, 2, 0, -1, 1, -3, 3, -4, 4, -2, 2, -5, 5, 0, -1, 1];

export interface Tally {
  readonly targets: number;
  readonly injected: number;
  /** Calls that the fault did not meet in any of the tries. */
  readonly missed: readonly string[];
  readonly failures: readonly string[];
  /** Faults that were met, by group and fault. */
  readonly met: Readonly<Record<string, number>>;
}

/** Meets the command with its faults, one in each run, and looks what it leaves each time. */
export async function torture(command: Tortured, isChosen: (target: Target) => boolean = () => true): Promise<Tally> {
  const lab = await openLab();
  const start = await makeStart(lab, command);
  const targets = await listTargets(processOf(lab, await copyPlace(lab, start, "count"), command));
  // What comes next is to find its way from everything that is left.
  const all = targets.filter(isChosen).flatMap((target) => nexts.map((next) => ({ target, next })));
  const queue = sample(all, most);
  const tally = { targets: queue.length, injected: 0, missed: [] as string[], failures: [] as string[] };
  const met: Record<string, number> = {};
  const worker = async (name: string): Promise<void> => {
    for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
      const { target } = one;
      const tries = await meet(lab, command, { ...one, start, name, failures: tally.failures });
      tally.injected += tries.count;
      const kind = `${target.group} ${target.fault.replace(/.*=/, "")}`;
      if (tries.isHit) met[kind] = (met[kind] ?? 0) + 1;
      else tally.missed.push(describe(target));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, index) => worker(`run-${index}`)));
  return { ...tally, met };
}

/** Where the command begins, with what another one left that was killed on its way. */
async function makeStart(lab: Lab, { start, killedIn }: Tortured): Promise<Place> {
  if (killedIn === undefined) return startOf(lab, start);
  for (let tries = 0; ; tries += 1) {
    const count = await copyPlace(lab, startOf(lab, start), `killed-count-${tries}`);
    const targets = await listTargets(processOf(lab, count, killedIn));
    const target = targets.find(({ call, fault }) => killedIn.at.test(call) && fault === "signal=KILL");
    if (target === undefined) throw new Error(`No call like ${killedIn.at.source}.`);
    const place = await copyPlace(lab, startOf(lab, start), `killed-${tries}`);
    const { isHit, met = target.call } = await inject(processOf(lab, place, killedIn), target);
    if (isHit && met === target.call) return place;
    if (tries === shifts.length) throw new Error(`${describe(target)} was not met.`);
  }
}

/** Spread over all of them, every kind of fault among them; everything when everything is wanted. */
export function sample<T>(all: readonly T[], count: number): T[] {
  if (most === Infinity || all.length <= count) return [...all];
  // Steps without a common divisor come by everything; of the golden ratio, evenly.
  let stride = Math.floor(all.length * 0.618);
  while (divisor(stride, all.length) > 1) stride += 1;
  return Array.from({ length: count }, (_, step) => all[(step * stride) % all.length]!);
}

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b));

const describe = ({ thread, at, call, fault }: Target): string => `${fault} at ${at} (${thread}): ${call}`;

interface Meeting {
  readonly start: Place;
  readonly target: Target;
  readonly next: Next;
  readonly name: string;
  readonly failures: string[];
}

async function meet(lab: Lab, command: Tortured, { start, target, next, name, failures }: Meeting) {
  let count = 0;
  for (const shift of shifts.filter((one) => target.at + one > 0)) {
    count += 1;
    const place = await copyPlace(lab, start, name);
    const result = await inject(processOf(lab, place, command), { ...target, at: target.at + shift });
    try {
      await checkRun(lab, place, { command, target, result, next });
    } catch (error) {
      const said = (result.stdout + result.stderr).replaceAll(/\s+/g, " ").slice(0, 400);
      failures.push(
        `${command.name}: ${describe(target)}${result.isHit ? "" : " (met another call)"}, then ${next}: ${String(error)} [exit ${result.exit}: ${said}]`,
      );
    }
    await rm(place.folder, { recursive: true });
    if (result.isHit) return { count, isHit: true };
  }
  return { count, isHit: false };
}
