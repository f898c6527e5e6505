import { appendFile, cp, mkdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type RunResult, type TestRegistry, runPaks, serveRegistry, skillFiles, tempFolder } from "@paks/cli/testing";
import { describeFiles } from "@paks/schema";
import { expect } from "vitest";
import type { Run } from "./strace.ts";

const contents = { pdf: { "run.sh!": "echo pdf\n", "docs/a.md": "a" }, text: { "b.md": "b" } } as const;
export type PakName = keyof typeof contents;
export const pakNames = Object.keys(contents) as PakName[];
export const versions = ["1.0.0", "2.0.0"] as const;

export const digestOf = (name: PakName, version: string): string =>
  describeFiles(skillFiles(name, version, { files: contents[name] })).digest;

/** What somebody has written into an installed SKILL.md. */
export const edit = "\nmine, and nowhere else\n";

/** Of the first version with that. */
export function editedDigest(name: PakName): string {
  const files = skillFiles(name, versions[0], { files: contents[name] });
  const add = (bytes: Uint8Array) => Buffer.concat([bytes, Buffer.from(edit)]);
  return describeFiles(files.map((one) => (one.path === "SKILL.md" ? { ...one, bytes: add(one.bytes) } : one))).digest;
}

/** Projects with their homes, as they are before a command that meets a fault. */
export type Start = "empty" | "stale" | "old" | "edited" | "copies" | "new" | "clone" | "pulled" | "fewer" | "less";

/** One project with a home of its own. */
export interface Place {
  readonly folder: string;
  readonly project: string;
  readonly home: string;
  /** Below the home. */
  readonly cache: string;
}

export interface Lab {
  readonly registry: TestRegistry;
  readonly root: string;
}

const placeAt = (folder: string): Place => ({
  folder,
  project: join(folder, "project"),
  home: join(folder, "home"),
  cache: join(folder, "home", ".cache", "paks"),
});
export const startOf = (lab: Lab, name: Start): Place => placeAt(join(lab.root, "start", name));

/**
 * Two paks with two versions each. `old` has the first ones and `new` the second ones; `clone` is `new` as git brings
 * it, with an empty cache; `pulled` is `old` with the lock of `new`, and `fewer` with that of `less`, which has only one of
 * the paks; `stale` is empty, with what killed commands left in
 * the cache days ago; in `edited` somebody has changed one of the paks of `old`.
 */
export async function openLab(): Promise<Lab> {
  const lab: Lab = { registry: await serveRegistry(), root: await tempFolder() };
  const release = async (version: string) => {
    for (const name of pakNames) await lab.registry.add(`acme/${name}`, version, { files: contents[name] });
  };
  lab.registry.etags = true;
  for (const name of ["empty", "old", "copies"] as const) {
    await mkdir(startOf(lab, name).project, { recursive: true });
    await mkdir(startOf(lab, name).home);
  }
  await release("1.0.0");
  const both = ["install", "acme/pdf", "acme/text", "--agent", "claude-code"];
  await endWell(lab, startOf(lab, "old"), both);
  await endWell(lab, startOf(lab, "copies"), [...both, "--copy"]);
  await release("2.0.0");
  await copyTo(startOf(lab, "old"), startOf(lab, "new"));
  await endWell(lab, startOf(lab, "new"), ["install", "--upgrade"]);
  // What is new has been fetched, so that runs differ in nothing but the fault.
  for (const name of ["old", "copies"] as const) {
    await rm(startOf(lab, name).home, { recursive: true });
    await cp(startOf(lab, "new").home, startOf(lab, name).home, { recursive: true });
  }
  await copyTo(startOf(lab, "empty"), startOf(lab, "stale"));
  await leaveDrafts(startOf(lab, "stale"));
  await copyTo(startOf(lab, "old"), startOf(lab, "edited"));
  await appendFile(join(startOf(lab, "edited").project, ".agents", "skills", "pdf", "SKILL.md"), edit);
  await copyTo(startOf(lab, "old"), startOf(lab, "pulled"));
  await copyTo(startOf(lab, "empty"), startOf(lab, "clone"));
  const lock = await readFile(join(startOf(lab, "new").project, "paks.lock"));
  for (const name of ["less", "fewer"] as const) await copyTo(startOf(lab, "old"), startOf(lab, name));
  await endWell(lab, startOf(lab, "less"), ["remove", "pdf"]);
  for (const file of ["paks.lock", "paks.jsonc"])
    await cp(join(startOf(lab, "less").project, file), join(startOf(lab, "fewer").project, file));
  for (const name of ["pulled", "clone"] as const) {
    await writeFile(join(startOf(lab, name).project, "paks.lock"), lock);
    await cp(join(startOf(lab, "new").project, "paks.jsonc"), join(startOf(lab, name).project, "paks.jsonc"));
  }
  return lab;
}

/** A place of its own for one run. */
export const copyPlace = (lab: Lab, from: Place, name: string): Promise<Place> =>
  copyTo(from, placeAt(join(lab.root, name)));

export const copyStart = (lab: Lab, start: Start, name: string): Promise<Place> =>
  copyPlace(lab, startOf(lab, start), name);

async function copyTo(from: Place, to: Place): Promise<Place> {
  await cp(from.folder, to.folder, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true });
  return to;
}

async function leaveDrafts({ cache }: Place): Promise<void> {
  const old = new Date(Date.now() - 3 * 86_400_000);
  const name = "0123456789abcdef01234567";
  for (const path of [join("store", "tmp", name), join("answers", "tmp", name), join("store", "swept")]) {
    const left = join(cache, path);
    await mkdir(dirname(left), { recursive: true });
    await writeFile(left, "half");
    await utimes(left, old, old);
  }
}

/** One thread, so that calls have numbers. Without code that is kept between starts, unless that is looked at. */
export const processOf = (
  lab: Lab,
  { folder, project, home }: Place,
  { words, keepsCode = false }: { readonly words: readonly string[]; readonly keepsCode?: boolean },
): Run => ({
  folder,
  words,
  options: {
    cwd: project,
    environment: {
      HOME: home,
      PAKS_REGISTRY: lab.registry.url,
      PAKS_KEYCHAIN: "file",
      CI: "1",
      ...(!keepsCode && { NODE_DISABLE_COMPILE_CACHE: "1" }),
      UV_THREADPOOL_SIZE: "1",
    },
  },
});

/** In this process: a hundred times faster to start. */
export const runHere = (
  lab: Lab,
  { project, home }: Place,
  words: readonly string[],
  clock?: Date,
): Promise<RunResult> =>
  runPaks([...words, "--json"], {
    cwd: project,
    home,
    environment: { PAKS_REGISTRY: lab.registry.url, CI: "1" },
    ...(clock && { clock: () => clock }),
  });

export async function endWell(lab: Lab, place: Place, words: readonly string[], clock?: Date): Promise<void> {
  const { exit, stdout, stderr } = await runHere(lab, place, words, clock);
  expect(exit, `${words.join(" ")}: ${stdout}${stderr}`).toBe(0);
}
