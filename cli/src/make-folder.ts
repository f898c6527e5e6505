import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { PaksError, systemErrorCode } from "@paks/schema";

/** How often a folder above may be taken away by another command before that is told. */
const mostTries = 20;

/**
 * Makes a folder and those above it; answers the uppermost that was made, `undefined` when none was. Not Node's own
 * `recursive`, which tries for ever where a folder that is there answers ENOENT to whoever makes one in it: `/proc`.
 * @throws PaksError READ_ONLY_TARGET there; what the system says elsewhere
 */
export function makeFolder(path: string): string | undefined {
  let first: string | undefined;
  for (let tries = 1; ; tries += 1) {
    const made = makeChain(path);
    if (typeof made === "string") first = first === undefined || made.length < first.length ? made : first;
    if (made !== false) return first;
    if (tries === mostTries)
      throw new PaksError("READ_ONLY_TARGET", `No folder can be made at ${path}.`, {
        hint: "Name a folder where files can be written.",
        details: { path, system: "ENOENT" },
      });
  }
}

/** `undefined`: it was there; false: one above it is not, though it was made or there a moment ago. */
function makeChain(path: string): string | undefined | false {
  const missing: string[] = [];
  for (let place = path; !isFolder(place); place = dirname(place)) missing.push(place);
  let first: string | undefined;
  for (const place of missing.reverse()) {
    const made = makeOne(place);
    if (made === "no parent") return false;
    if (made === "made") first ??= place;
  }
  return first;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true || dirname(path) === path;
}

function makeOne(path: string): "made" | "there" | "no parent" {
  try {
    mkdirSync(path);
    return "made";
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT") return "no parent";
    if (code === "EEXIST" && isFolder(path)) return "there";
    throw error;
  }
}
