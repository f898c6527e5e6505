import { readFileSync } from "node:fs";
import { systemErrorCode } from "@paks/schema";

/** As `prlimit` names them. */
export type KernelLimits = Readonly<Record<"fsize" | "as" | "cpu" | "nofile" | "core", number>>;

const names: Readonly<Record<keyof KernelLimits, string>> = {
  fsize: "Max file size",
  as: "Max address space",
  cpu: "Max cpu time",
  nofile: "Max open files",
  core: "Max core file size",
};

/**
 * The limits, and where this process has lower ones itself, those: nobody but root may raise them, and `prlimit` starts
 * nothing when it is asked to.
 */
export function withinOwnLimits(wanted: KernelLimits, own = readOwnLimits()): KernelLimits {
  const entries = Object.entries(names).map(([flag, name]) => {
    const [line = ""] = own.filter((one) => one.startsWith(`${name} `));
    // The soft limit, the hard one, and the unit.
    const [, hard = ""] = line.slice(name.length).trim().split(/\s+/);
    const ours = wanted[flag as keyof KernelLimits];
    return [flag, /^\d+$/.test(hard) ? Math.min(ours, Number(hard)) : ours];
  });
  return Object.fromEntries(entries) as KernelLimits;
}

function readOwnLimits(): readonly string[] {
  try {
    return readFileSync("/proc/self/limits", "utf8").split("\n");
  } catch (error) {
    // Where it cannot be read, ours are tried.
    if (systemErrorCode(error) === undefined) throw error;
    return [];
  }
}
