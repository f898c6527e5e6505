import type { TagForm } from "@paks/git/work-tree";
import type { Bump } from "@paks/schema";
import { findUnsafeCharacter, formatCodePoint, PaksError } from "@paks/schema";
import type { Config } from "../config.ts";

/** What the author asked for. */
export interface PublishOptions {
  /** The pak's folder, as typed. */
  readonly dir: string;
  readonly bump?: Bump | undefined;
  readonly preid?: string | undefined;
  readonly version?: string | undefined;
  readonly tagPrefix?: string | undefined;
  readonly account?: string | undefined;
  readonly remote?: string | undefined;
  /** Push to this branch over there, whatever the one here follows. */
  readonly branch?: string | undefined;
  readonly tagForm: TagForm;
  /** A tag that is taken gives way, as long as the registry has not recorded it. */
  readonly force?: boolean | undefined;
  /** False: the manifest stays as it is; without a version in it, the tag alone says which one it is. */
  readonly commit: boolean;
  /** Fingerprints of findings that are no secrets. */
  readonly allowedSecrets: readonly string[];
  /** The author's own text for the tag. */
  readonly message?: string | undefined;
  /** False: commit and tag stay on this machine, and nothing is asked of remote or registry. */
  readonly push: boolean;
  readonly skipRegistry: boolean;
  /** What HEAD's commit has released did not change since: it gets no next version. */
  readonly onlyChanged?: boolean | undefined;
  readonly wait: boolean;
}

/**
 * Between any two steps that change something: where a test ends the process. Several paks pass `manifest-edited`,
 * `tag-made` and `notified` once for each, and `group-pushed` once for each push.
 */
export const faultPoints = [
  "planned",
  "manifest-edited",
  "edited",
  "committed",
  "verified",
  "tag-made",
  "tagged",
  "group-pushed",
  "pushed",
  "notified",
] as const;
/** `put-aside`: only where files were stashed first. */
export type FaultPoint = (typeof faultPoints)[number] | "put-aside";
export type Fault = (point: FaultPoint) => void;

/** Stands for the end of the process: nothing is taken back, as nothing could be. */
export class EndedHere extends Error {}

/**
 * `PAKS_FAULT=<point>:kill`, `:end` (the same to a test in this process) or `:throw`, heeded only together with
 * `PAKS_ENABLE_FAULTS=1`. `<point>@<n>` is the n-th time that the point is passed; without it, the first.
 */
export function readFault(config: Pick<Config, "variable">): Fault {
  const [where = "", how] = (config.variable("PAKS_FAULT") ?? "").split(":");
  if (config.variable("PAKS_ENABLE_FAULTS") !== "1") return () => undefined;
  const [wanted, nth = "1"] = where.split("@");
  let passed = 0;
  return (point) => {
    if (point !== wanted) return;
    passed += 1;
    if (passed !== Number(nth)) return;
    if (how === "kill") process.kill(process.pid, "SIGKILL");
    if (how === "end") throw new EndedHere(`fault at ${point}`);
    throw new Error(`fault at ${point}`);
  };
}

/** A branch name that git takes, without what it could misread in a refspec. */
const branchName = /^(?![-/.])(?!.*(?:\.\.|\/\/|\/\.|@\{|\.lock(?:\/|$)))[^\s\p{Cc}~^:?*[\\]+(?<![/.])$/u;

/** @throws PaksError USAGE, INVALID_PARAMETER, INVALID_CHARACTERS */
export function requireConsistent(options: PublishOptions): void {
  requireReadable(options.message);
  if (options.tagForm === "lightweight" && options.message !== undefined) {
    throw new PaksError("USAGE", "A lightweight tag has no message.", {
      hint: "Leave out --message or --lightweight.",
    });
  }
  if (options.branch !== undefined && !branchName.test(options.branch)) {
    throw new PaksError("INVALID_PARAMETER", "This is no name of a branch.", {
      hint: "paks publish --branch main",
      details: { field: "branch" },
    });
  }
  if (options.bump !== undefined && options.version !== undefined) {
    throw new PaksError("USAGE", "--bump and --version each choose the version.", { hint: "Give one of them." });
  }
  if (options.preid !== undefined && options.bump !== "prerelease") {
    throw new PaksError("USAGE", "--preid goes with --bump prerelease.", {
      hint: "paks publish --bump prerelease --preid beta",
    });
  }
}

/** Whoever reads the tag in a terminal has to see what is written there. @throws PaksError INVALID_CHARACTERS */
function requireReadable(message: string | undefined): void {
  const unsafe = findUnsafeCharacter(message?.replaceAll(/[\t\r\n]/g, " ") ?? "");
  if (!unsafe) return;
  throw new PaksError("INVALID_CHARACTERS", `The message holds the character ${formatCodePoint(unsafe.codePoint)}.`, {
    hint: "Remove it: readers of the tag would not see it, or would see something else.",
    details: { field: "message" },
  });
}

/** The flags without which the same command would mean another release or another registry. */
export function listRerunFlags(config: Pick<Config, "registry">, options: PublishOptions): string[] {
  const named: readonly (readonly [flag: string, value: string | undefined])[] = [
    ["--account", options.account],
    ["--remote", options.remote],
    ["--branch", options.branch],
    ["--tag-prefix", options.tagPrefix],
    ["--registry", config.registry.from === "flag" ? config.registry.url : undefined],
  ];
  return [
    ...named.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag}=${value}`])),
    ...(options.commit ? [] : ["--no-commit"]),
    ...options.allowedSecrets.map((print) => `--allow-secret=${print}`),
  ];
}
