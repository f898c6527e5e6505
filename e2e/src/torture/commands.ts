import { type Lab, type PakName, type Place, type Start, endWell, pakNames } from "./lab.ts";
import type { ProjectState, States } from "./state.ts";

/** A command that meets faults, and what it is to come to. */
export interface Tortured {
  readonly name: string;
  readonly start: Start;
  readonly words: readonly string[];
  readonly before: States;
  readonly after: States;
  /** Compiled code is kept in the cache too. */
  readonly keepsCode?: boolean;
  /** The lock is what is to be installed, and stays. */
  readonly isLockGiven?: boolean;
  /** Begins with what this command left, which was killed before its first such call. */
  readonly killedIn?: {
    readonly words: readonly string[];
    readonly at: RegExp;
    /** One of several that Bun's pool makes, and which of its threads makes which is luck: it cannot be met there. */
    readonly isOneOfMany?: boolean;
  };
  /** What may come next, instead of the same words. */
  readonly next?: readonly string[];
  /** Runs it again when it was not over; absent: the same words. */
  readonly again?: (lab: Lab, place: Place, now: ProjectState) => Promise<void>;
}

const both = (version: States[PakName]): States => ({ pdf: version, text: version });

const removeRest = async (lab: Lab, place: Place, { installed }: ProjectState): Promise<void> => {
  const left = pakNames.filter((name) => installed[name] !== "absent");
  if (left.length > 0) await endWell(lab, place, ["remove", ...left]);
};

/** With an empty cache, or one in which killed commands have left something. */
export const torturedCaches: readonly Tortured[] = [
  {
    name: "first install with drafts of killed commands in the cache",
    start: "stale",
    words: ["install", "acme/pdf", "acme/text", "--agent", "claude-code"],
    before: both("absent"),
    after: both("2.0.0"),
  },
  {
    name: "ci that keeps compiled code",
    start: "clone",
    words: ["ci", "--agent", "claude-code"],
    before: both("absent"),
    after: both("2.0.0"),
    isLockGiven: true,
    keepsCode: true,
  },
];

export const tortured: readonly Tortured[] = [
  {
    name: "first install",
    start: "empty",
    words: ["install", "acme/pdf", "acme/text", "--agent", "claude-code"],
    before: both("absent"),
    after: both("2.0.0"),
  },
  {
    name: "install --upgrade",
    start: "old",
    words: ["install", "--upgrade"],
    before: both("1.0.0"),
    after: both("2.0.0"),
  },
  {
    name: "install --upgrade of copies",
    start: "copies",
    words: ["install", "--upgrade"],
    before: both("1.0.0"),
    after: both("2.0.0"),
  },
  {
    name: "install --upgrade --force of what was edited",
    start: "edited",
    words: ["install", "--upgrade", "--force"],
    before: { pdf: "edited", text: "1.0.0" },
    after: both("2.0.0"),
  },
  {
    name: "remove --force of what was edited",
    start: "edited",
    words: ["remove", "pdf", "--force"],
    next: ["list"],
    before: { pdf: "edited", text: "1.0.0" },
    after: { pdf: "absent", text: "1.0.0" },
  },
  { name: "update", start: "old", words: ["update"], before: both("1.0.0"), after: both("2.0.0") },
  {
    name: "remove",
    start: "old",
    words: ["remove", "pdf"],
    next: ["install"],
    before: both("1.0.0"),
    after: { pdf: "absent", text: "1.0.0" },
  },
  {
    name: "remove of everything",
    start: "old",
    words: ["remove", "pdf", "text"],
    next: ["install"],
    before: both("1.0.0"),
    after: both("absent"),
    again: removeRest,
  },
  {
    name: "rollback",
    start: "new",
    words: ["rollback", "pdf"],
    next: ["install"],
    before: both("2.0.0"),
    after: { pdf: "1.0.0", text: "2.0.0" },
  },
  {
    name: "ci from a cold store",
    start: "clone",
    words: ["ci", "--agent", "claude-code"],
    before: both("absent"),
    after: both("2.0.0"),
    isLockGiven: true,
  },
  {
    name: "ci from a warm store",
    start: "pulled",
    words: ["ci"],
    before: both("1.0.0"),
    after: both("2.0.0"),
    isLockGiven: true,
  },
  {
    name: "ci after a colleague removed a pak",
    start: "fewer",
    words: ["ci"],
    before: both("1.0.0"),
    after: { pdf: "absent", text: "1.0.0" },
    isLockGiven: true,
  },
  {
    name: "install after a colleague removed a pak",
    start: "fewer",
    words: ["install"],
    before: both("1.0.0"),
    after: { pdf: "absent", text: "1.0.0" },
    isLockGiven: true,
  },
  {
    name: "install after an upgrade that was killed between its renames",
    start: "old",
    killedIn: { words: ["install", "--upgrade"], at: /^rename .*new-0 → .*skills\/pdf$/ },
    words: ["install"],
    before: both("1.0.0"),
    after: both("1.0.0"),
  },
  {
    name: "install after an upgrade that was killed before its records",
    start: "old",
    killedIn: { words: ["install", "--upgrade"], at: /^rename .*skills\/pdf\.json$|^rename .*\.paks\/pdf\.json$/ },
    words: ["install"],
    before: both("1.0.0"),
    after: both("2.0.0"),
  },
  {
    name: "install after a remove that was killed before the link went",
    start: "old",
    killedIn: { words: ["remove", "pdf"], at: /^unlink(at)? .*\.claude\/skills\/pdf$/ },
    words: ["install"],
    before: both("1.0.0"),
    after: { pdf: "absent", text: "1.0.0" },
  },
  {
    name: "install after an upgrade of copies that was killed between the renames of a copy",
    start: "copies",
    killedIn: {
      words: ["install", "--upgrade"],
      at: /^rename .*new → .*\.claude\/skills\/pdf$/,
      isOneOfMany: true,
    },
    words: ["install"],
    before: both("1.0.0"),
    after: both("2.0.0"),
  },
];
