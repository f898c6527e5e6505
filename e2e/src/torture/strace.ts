import { spawnSync } from "node:child_process";
import { readFile, rm, writeFile } from "node:fs/promises";
import {
  type ProcessOptions,
  type ProcessResult,
  isStandaloneTested,
  paksCommand,
  runProcess,
} from "@paks/cli/testing";

/** Ways to change something on a disk. */
const groups = {
  rename: "rename,renameat,renameat2",
  write: "write,writev,pwrite64,pwritev,copy_file_range,sendfile",
  unlink: "unlink,unlinkat,rmdir",
  fsync: "fsync,fdatasync",
  make: "mkdir,mkdirat,link,linkat,symlink,symlinkat",
  create: "open,openat,creat",
  mode: "chmod,fchmod,fchmodat,utimensat",
} as const;
type Group = keyof typeof groups;

export type Fault = "signal=KILL" | `error=${"EIO" | "ENOSPC" | "EACCES"}`;
const faultsOf = (group: Group): readonly Fault[] =>
  group === "create" ? ["signal=KILL", "error=ENOSPC", "error=EACCES"] : ["signal=KILL", "error=EIO", "error=ENOSPC"];

/** One call that changes a file of the run, and the fault that it is to meet. */
export interface Target {
  readonly group: Group;
  /** Node does its file work on these two, and strace counts for each thread. Bun's pool has three threads or more. */
  readonly thread: "main" | "pool";
  /** The system's name of the call; strace counts for each. */
  readonly name: string;
  /** Which of these calls of this thread; the first is 1. */
  readonly at: number;
  /** The call with its paths, without what differs from run to run. */
  readonly call: string;
  readonly fault: Fault;
}

export interface Run {
  /** Everything that the run may change is below it, absolute. */
  readonly folder: string;
  readonly words: readonly string[];
  readonly options: ProcessOptions;
}

export interface Injected extends ProcessResult {
  /** Whether the fault met the call it was meant for. */
  readonly isHit: boolean;
  /** Where it is enough that any call was met: the one that was. */
  readonly met?: string | undefined;
}

/** The filter in the kernel makes it faster, and loses signals that are to be delivered. */
const follow = (fault?: Fault): string[] => (fault === "signal=KILL" ? ["-f"] : ["-f", "--seccomp-bpf"]);
export const hasStrace = spawnSync("strace", [...follow(), "-y", "-qq", "-o", "/dev/null", "true"]).status === 0;

/**
 * All calls that change something below the run's folder, each with all faults. What Node does for itself, at the start
 * and on pipes, sockets and terminals, is none of them.
 */
export async function listTargets(run: Run): Promise<Target[]> {
  // Not every machine has every one of them.
  const all = Object.values(groups).join(",").replaceAll(/\w+/g, "?$&");
  const { log, exit, stdout, stderr } = await trace(run, [...follow(), "-e", `trace=${all}`]);
  if (exit !== 0) throw new Error(`${run.words.join(" ")}: ${exit} ${stdout}${stderr}`);
  const calls = parseLog(log);
  const counts = new Map<string, number>();
  const main = calls[0]?.thread;
  return calls.flatMap(({ thread, name, text }) => {
    const key = `${thread} ${name}`;
    const at = (counts.get(key) ?? 0) + 1;
    counts.set(key, at);
    if (at > idleCalls) throw new Error(`More than ${idleCalls} calls of ${name}.`);
    const call = describeCall(run, name, text);
    if (call === undefined) return [];
    const where = thread === main ? ("main" as const) : ("pool" as const);
    const group = groupOf(name);
    const faults = isOfManyThreads(where) ? (["signal=KILL"] as const) : faultsOf(group);
    return faults.map((fault) => ({ group, thread: where, name, at, call, fault }));
  });
}

/**
 * On Bun nobody knows which thread of the pool makes a call: every thread meets the fault at its call of this number. So
 * they meet only what ends all threads at once: an error would come again while paks takes back what it did.
 */
const isOfManyThreads = (thread: Target["thread"]): boolean => isStandaloneTested && thread === "pool";

/** More than either thread makes of one kind. */
const idleCalls = 600;

/** Runs the command as it is. */
export const runCommand = ({ words, options }: Run): Promise<ProcessResult> =>
  runProcess(paksCommand(...words, "--json"), options);

/** Runs the command with this one fault. */
export async function inject(run: Run, { thread, name, at, call, fault }: Target): Promise<Injected> {
  if (isOfManyThreads(thread)) {
    const { log, ...result } = await trace(run, [...follow(fault), ...filtersOf(name, fault, at)]);
    return { ...result, isHit: isFeltIn(log, fault, result), met: firstToReach(parseLog(log), run, at) };
  }
  const isMain = thread === "main";
  // Only the main thread is looked at without `-f`. The pool's calls come behind so many idle ones that the main thread
  // never gets to this number.
  const number = isMain ? at : idleCalls + at;
  const filters = [...(isMain ? [] : follow(fault)), ...filtersOf(name, fault, number)];
  const { log, ...result } = await trace(run, filters, isMain ? undefined : name);
  const calls = parseLog(log);
  const pool = isMain ? undefined : busiest(calls);
  const met = calls.filter(({ thread: one }) => isMain || one === pool)[number - 1];
  const isHit = met !== undefined && describeCall(run, met.name, met.text) === call;
  if (isHit && !isFeltIn(log, fault, result)) throw new Error(`${fault} did not come at ${call}.`);
  return { ...result, isHit };
}

const filtersOf = (name: string, fault: Fault, number: number): string[] => [
  "-e",
  `trace=${name}`,
  "-e",
  `inject=${name}:${fault}:when=${number}`,
];
const isFeltIn = (log: string, fault: Fault, { exit }: ProcessResult): boolean =>
  fault === "signal=KILL" ? exit === null : log.includes("(INJECTED)");

async function trace(
  { folder, words, options }: Run,
  filters: readonly string[],
  idle?: string,
): Promise<ProcessResult & { readonly log: string }> {
  const log = `${folder}.strace`;
  const hook = `${folder}.idle.cjs`;
  if (idle !== undefined) await writeFile(hook, idleHook(idle));
  const command = ["strace", "-qq", "-y", "-o", log, "-e", "signal=none", ...filters];
  const [program, ...rest] = paksCommand(...words, "--json");
  const node = [program, ...(idle === undefined ? [] : ["--require", hook])];
  try {
    const result = await runProcess([...command, ...node, ...rest], options);
    return { ...result, log: await readFile(log, "utf8") };
  } finally {
    for (const path of [log, hook]) await rm(path, { force: true });
  }
}

/** Loaded before the program: calls on the pool's thread that change nothing. */
const idleHook = (name: string): string => {
  const call = Object.entries(idle).find(([start]) => name.startsWith(start))?.[1] ?? idle.write;
  return `const fs = require("node:fs"); const done = () => {}; const nowhere = "/nowhere/at-all";
const handle = fs.openSync("/dev/null", "a");
for (let count = 0; count < ${idleCalls}; count += 1) fs.${call};`;
};

/** By the beginning of the system's name. */
const idle = {
  rename: "rename(nowhere, nowhere, done)",
  write: 'write(handle, "x", done)',
  unlink: "unlink(nowhere, done)",
  rmdir: "rmdir(nowhere, done)",
  fsync: "fsync(handle, done)",
  fdatasync: "fdatasync(handle, done)",
  mkdir: "mkdir(nowhere, done)",
  link: "link(nowhere, nowhere, done)",
  symlink: "symlink(nowhere, nowhere, done)",
  open: 'open(nowhere, "r", done)',
  chmod: "chmod(nowhere, 0o600, done)",
  fchmod: "fchmod(handle, 0o666, done)",
  utimens: "utimes(nowhere, 0, 0, done)",
};

const groupOf = (name: string): Group =>
  (Object.keys(groups) as Group[]).find((group) => groups[group].split(",").includes(name))!;

interface Logged {
  readonly thread: string;
  readonly name: string;
  readonly text: string;
}

/** The calls in the order in which they began. */
function parseLog(log: string): Logged[] {
  return log.split("\n").flatMap((line) => {
    const [, thread = "", name = "", text = ""] = /^(?:(\d+) +)?(\w+)\((.*)$/.exec(line) ?? [];
    return name === "" ? [] : [{ thread, name, text }];
  });
}

/** The call of a thread that is its so-manieth. */
function firstToReach(calls: readonly Logged[], run: Run, at: number): string | undefined {
  const counts = new Map<string, number>();
  for (const { thread, name, text } of calls) {
    const count = (counts.get(thread) ?? 0) + 1;
    if (count === at) return describeCall(run, name, text);
    counts.set(thread, count);
  }
  return undefined;
}

function busiest(calls: readonly Logged[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { thread } of calls) counts.set(thread, (counts.get(thread) ?? 0) + 1);
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0];
}

/** Locks with their processes, times, drafts of compiled code, and random names. */
const passing = new RegExp(
  [
    String.raw`lock\.[\w-]+`,
    String.raw`\d{4}-\d\d-\d\dT[\d-]+Z`,
    String.raw`(?<=/code/.*\.)\d+`,
    String.raw`(?<=[/.])[0-9a-f]{12,24}(?=[/. ]|$)`,
  ].join("|"),
  "g",
);

/** `undefined`: it changes nothing of the run's. */
function describeCall({ folder }: Run, name: string, text: string): string | undefined {
  if (name.startsWith("open") && !text.includes("O_CREAT")) return undefined;
  // Bun removes a folder's files by their names in it.
  const args = text.replace(/^AT_FDCWD<[^>]*>, /, "").replace(/^\d+<([^>]*)>, "([^/"]+)"/, '"$1/$2"');
  const paths = [...args.matchAll(/(?:^\d+<|")(\/[^">]*)/g)].flatMap(([, path = ""]) =>
    path.startsWith(`${folder}/`) ? [path.slice(folder.length)] : [],
  );
  if (paths.length === 0) return undefined;
  return `${name} ${paths.join(" → ").replaceAll(passing, "*")}`;
}
