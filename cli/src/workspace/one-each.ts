import { PaksError } from "@paks/schema";
import type { PlannedPak } from "./plan-install.ts";

/**
 * What is named takes the place of the same pak of the same repository, however the workspace has its address.
 * @throws PaksError USAGE for two that are one pak
 */
export function withoutRespelt(paks: readonly PlannedPak[]): {
  readonly fixed: readonly PlannedPak[];
  /** Their texts in the workspace's file. */
  readonly respelt: readonly string[];
} {
  const named = new Set<string>();
  for (const { wish, identity } of paks) {
    if (wish?.isNamed !== true) continue;
    if (named.has(identity)) throw namedTwice(wish.text);
    named.add(identity);
  }
  const isRespelt = ({ wish, identity }: PlannedPak): boolean => wish?.isNamed === false && named.has(identity);
  return {
    fixed: paks.filter((pak) => !isRespelt(pak)),
    respelt: paks.filter(isRespelt).flatMap(({ wish }) => wish?.text ?? []),
  };
}

export const namedTwice = (text: string): PaksError =>
  new PaksError("USAGE", `${text} is named twice.`, { hint: "Name each pak once." });

/** Two paks of one name cannot have one folder. @throws PaksError ALREADY_EXISTS */
export function requireOneEach(paks: readonly PlannedPak[]): void {
  const seen = new Map<string, PlannedPak>();
  for (const pak of paks) {
    const other = seen.get(pak.folder);
    seen.set(pak.folder, pak);
    if (!other) continue;
    throw inOneFolder(other, pak);
  }
}

function inOneFolder(one: PlannedPak, other: PlannedPak): PaksError {
  const pair = [one, other];
  const names = pair.map(({ wish, identity }) => wish?.text ?? identity);
  // What is in use keeps its name; a dependency can be given one as well, by naming it.
  const moving = pair.find(({ wish }) => wish?.isNamed) ?? pair.find(({ before }) => before === undefined) ?? other;
  // Of two that are named, neither takes the place of the other, also with it.
  const isOneNamed = pair.filter(({ wish }) => wish?.isNamed === true).length === 1;
  const force = isOneNamed && pair.every(({ wish }) => wish) ? "; --force puts it in the place of the other one" : "";
  return new PaksError("ALREADY_EXISTS", `${names.join(" and ")} would both be in the folder ${one.folder}.`, {
    hint: `Install one of them under another name: paks install ${names[pair.indexOf(moving)]} --as <name>${force}.`,
    details: { folder: one.folder, sources: names },
  });
}
