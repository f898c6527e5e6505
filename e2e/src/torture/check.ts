import { expect } from "vitest";
import type { Tortured } from "./commands.ts";
import { type Lab, type PakName, type Place, endWell, pakNames, processOf } from "./lab.ts";
import { type ProjectState, type States, readCache, readState } from "./state.ts";
import { type Injected, type Target, runCommand } from "./strace.ts";

/** The command that comes after the fault: one that only reads, or one that changes the project itself. */
export const nexts = ["list", "again"] as const;
export type Next = (typeof nexts)[number];

interface Checking {
  readonly command: Tortured;
  readonly target: Target;
  readonly result: Injected;
  readonly next: Next;
}

/** Right after the fault, after the next command, and when the command was run to its end. @throws what differs */
export async function checkRun(lab: Lab, place: Place, { command, target, result, next }: Checking): Promise<void> {
  const isKilled = target.fault === "signal=KILL";
  const isOfCache = result.isHit && target.call.includes("/.cache/");
  const { before, after } = command;
  const left = await readState(place);
  expectOneOf(left.installed, [before, after, absent], "right after");
  if (!command.isLockGiven) expectOneOf(left.locked, [unedited(before), after], "the lock right after");
  const edits = command.start === "edited" ? 1 : 0;
  expect(left.edits, "edits right after").toBe(edits);
  if (result.exit === 0) expect(left.installed, "after a run that says it went well").toEqual(after);
  // No install fails for the cache.
  if (isOfCache && !isKilled) expect(result.exit, "a cache that cannot be written").toBe(0);
  if (!isKilled && result.exit !== 0) expectTold(target, result);
  expect((await readCache(place)).damaged, "cache").toEqual([]);

  await endWell(lab, place, next === "list" ? ["list"] : (command.next ?? command.words));
  const ended = await readState(place);
  expectOneOf(ended.installed, [before, after], "after the next command");
  expectAgreement(command, ended);
  expect(ended.edits, "edits after the next command").toBe(edits);

  if (!isEqual(ended.installed, after))
    await (command.again?.(lab, place, ended) ?? endWell(lab, place, command.words));
  const done = await readState(place);
  expect(done.installed, "in the end").toEqual(after);
  expect(done.locked, "the lock in the end").toEqual(after);
  expectAgreement(command, done);
  expect(done.edits, "edits in the end").toBe(edits);
  const cache = await readCache(place);
  expect(cache.damaged, "cache in the end").toEqual([]);
  const mayLeave = isKilled || target.group === "unlink" || command.start === "stale";
  if (!mayLeave) expect(cache.drafts, "drafts").toEqual([]);
  if (cache.drafts.length > 0) await expectSwept(lab, place, command);
}

/** What the lock says of them. */
const unedited = (states: States): States => ({ ...states, ...(states.pdf === "edited" && { pdf: "1.0.0" }) });
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
  for (const name of pakNames)
    if (state.linked[name] !== "absent") expect(state.copied[name], "copy").toBe(command.start === "copies");
  const locked = command.isLockGiven ? command.after : unedited(state.installed);
  expect(state.locked, "lock").toEqual(locked);
  const asked = Object.fromEntries(pakNames.map((name: PakName) => [name, locked[name] !== "absent"]));
  expect(state.asked, "paks.jsonc").toEqual(asked);
  expect(state.temporary, "temporary files").toEqual([]);
}

/** A disk that is full, broken or not to be written is nothing that is wrong inside paks. */
function expectTold({ fault }: Target, { stdout, isHit, exit }: Injected): void {
  // Node ends itself when its threads cannot wake each other.
  if (!isHit) return;
  expect(exit).not.toBeNull();
  const { error } = JSON.parse(stdout) as { error?: { code?: string } };
  expect(error?.code).toBe(fault === "error=ENOSPC" ? "DISK_FULL" : "READ_ONLY_TARGET");
}

/** What was killed on its way into the cache goes with a release that is kept a day later; code, at once. */
async function expectSwept(lab: Lab, place: Place, command: Tortured): Promise<void> {
  if (command.keepsCode === true) expect((await runCommand(processOf(lab, place, command))).exit).toBe(0);
  // The first one of a new store begins to count the days.
  for (const hours of [0, 25]) {
    const later = new Date(Date.now() + hours * 3_600_000);
    await endWell(lab, place, ["install", "acme/pdf", "--no-cache", "--dir", `later-${hours}`], later);
  }
  expect((await readCache(place)).drafts, "drafts a day later").toEqual([]);
}
