import { rm } from "node:fs/promises";
import { expect } from "vitest";
import type { Tortured } from "./commands.ts";
import { type Lab, type PakName, type Place, copyStart, endWell, openLab, pakNames, processOf } from "./lab.ts";
import { type ProjectState, type States, readCache, readState } from "./state.ts";
import { type Injected, type Target, inject, listTargets, runCommand } from "./strace.ts";

const wanted = process.env["PAKS_TORTURE"] ?? "14";
/** Faults that each command meets, spread over all there are; `PAKS_TORTURE=all` is every one of them. */
const most = wanted === "all" ? Infinity : Number(wanted);
/** Each is a process that mostly waits. */
const atOnce = Number(process.env["PAKS_TORTURE_AT_ONCE"] ?? 2);
/** How often one thread wakes the other differs a little, so a call may have another number the next time. */
const shifts = [0, 0, -1, 1, -2, 2, -3, 3, 0];

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
  const targets = (await listTargets(processOf(lab, await copyStart(lab, command.start, "count"), command))).filter(
    isChosen,
  );
  const queue = sample(targets, most);
  const tally = { targets: queue.length, injected: 0, missed: [] as string[], failures: [] as string[] };
  const met: Record<string, number> = {};
  const worker = async (name: string): Promise<void> => {
    for (let target = queue.shift(); target !== undefined; target = queue.shift()) {
      const tries = await meet(lab, command, { target, name, failures: tally.failures });
      tally.injected += tries.count;
      const kind = `${target.group} ${target.fault.replace(/.*=/, "")}`;
      if (tries.isHit) met[kind] = (met[kind] ?? 0) + 1;
      else tally.missed.push(describe(target));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, (_, index) => worker(`run-${index}`)));
  return { ...tally, met };
}

/** Over all of them; one more each time, so that every kind of fault comes. Everything when everything is wanted. */
export function sample(targets: readonly Target[], count: number): Target[] {
  if (most === Infinity || targets.length <= count) return [...targets];
  const indexOf = (step: number) => Math.floor((step * targets.length) / count) + (step % 3);
  return Array.from({ length: count }, (_, step) => targets[indexOf(step) % targets.length]!);
}

const describe = ({ group, thread, at, call, fault }: Target): string =>
  `${fault} at ${group} ${at} (${thread}): ${call}`;

interface Meeting {
  readonly target: Target;
  readonly name: string;
  readonly failures: string[];
}

async function meet(lab: Lab, command: Tortured, { target, name, failures }: Meeting) {
  let count = 0;
  for (const shift of shifts.filter((one) => target.at + one > 0)) {
    count += 1;
    const place = await copyStart(lab, command.start, name);
    const result = await inject(processOf(lab, place, command), { ...target, at: target.at + shift });
    try {
      await checkRun(lab, place, { command, target, result });
    } catch (error) {
      const said = (result.stdout + result.stderr).replaceAll(/\s+/g, " ").slice(0, 400);
      failures.push(
        `${command.name}: ${describe(target)}${result.isHit ? "" : " (met another call)"}: ${String(error)} [exit ${result.exit}: ${said}]`,
      );
    }
    await rm(place.folder, { recursive: true });
    if (result.isHit) return { count, isHit: true };
  }
  return { count, isHit: false };
}

interface Checking {
  readonly command: Tortured;
  readonly target: Target;
  readonly result: Injected;
}

async function checkRun(lab: Lab, place: Place, { command, target, result }: Checking): Promise<void> {
  const isKilled = target.fault === "signal=KILL";
  const isOfCache = result.isHit && target.call.includes("/.cache/");
  const { before, after } = command;
  const left = await readState(place);
  expectOneOf(left.installed, [before, after, absent], "right after");
  if (!command.isLockGiven) expectOneOf(left.locked, [before, after], "the lock right after");
  if (result.exit === 0) expect(left.installed, "after a run that says it went well").toEqual(after);
  // No install fails for the cache.
  if (isOfCache && !isKilled) expect(result.exit, "a cache that cannot be written").toBe(0);
  if (!isKilled && result.exit !== 0) expectTold(target, result);
  expect((await readCache(place)).damaged, "cache").toEqual([]);

  await endWell(lab, place, ["list"]);
  const ended = await readState(place);
  expectOneOf(ended.installed, [before, after], "after the next command");
  expectAgreement(command, ended);

  if (!isEqual(ended.installed, after))
    await (command.again?.(lab, place, ended) ?? endWell(lab, place, command.words));
  const done = await readState(place);
  expect(done.installed, "in the end").toEqual(after);
  expect(done.locked, "the lock in the end").toEqual(after);
  expectAgreement(command, done);
  const cache = await readCache(place);
  expect(cache.damaged, "cache in the end").toEqual([]);
  const mayLeave = isKilled || target.group === "unlink" || command.start === "stale";
  if (!mayLeave) expect(cache.drafts, "drafts").toEqual([]);
  if (cache.drafts.length > 0) await expectSwept(lab, place, command);
}

const absent: States = { pdf: "absent", text: "absent" };
const isEqual = (a: States, b: States): boolean => pakNames.every((name) => a[name] === b[name]);

function expectOneOf(states: States, allowed: readonly States[], when: string): void {
  for (const name of pakNames)
    expect(
      allowed.map((one) => one[name]),
      `${name} ${when}`,
    ).toContain(states[name]);
}

/** Folder, link, lock and `paks.jsonc` say the same of each pak, and nothing is on its way. */
function expectAgreement(command: Tortured, state: ProjectState): void {
  expect(state.linked, "links").toEqual(state.installed);
  const locked = command.isLockGiven ? command.after : state.installed;
  expect(state.locked, "lock").toEqual(locked);
  const asked = Object.fromEntries(pakNames.map((name: PakName) => [name, locked[name] !== "absent"]));
  expect(state.asked, "paks.jsonc").toEqual(asked);
  expect(state.temporary, "temporary files").toEqual([]);
}

/** A full disk and one that may not be written are nothing that is wrong inside paks. */
function expectTold({ fault }: Target, { stdout, isHit, exit }: Injected): void {
  // Node ends itself when its threads cannot wake each other.
  if (!isHit) return;
  expect(exit).not.toBeNull();
  const { error } = JSON.parse(stdout) as { error?: { code?: string } };
  const codes = { "error=ENOSPC": ["DISK_FULL"], "error=EACCES": ["READ_ONLY_TARGET"] } as const;
  if (fault === "error=ENOSPC" || fault === "error=EACCES") expect(codes[fault]).toContain(error?.code);
  else expect(error?.code).toBeTypeOf("string");
}

/** What was killed on its way into the cache goes with the next release that is kept, a day later; code, at once. */
async function expectSwept(lab: Lab, place: Place, command: Tortured): Promise<void> {
  if (command.keepsCode === true) expect((await runCommand(processOf(lab, place, command))).exit).toBe(0);
  const later = new Date(Date.now() + 25 * 3_600_000);
  await endWell(lab, place, ["install", "acme/pdf", "--no-cache", "--dir", "elsewhere"], later);
  expect((await readCache(place)).drafts, "drafts a day later").toEqual([]);
}
