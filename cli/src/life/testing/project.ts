import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Lock, parseLock } from "@paks/schema";
import { expect } from "vitest";
import {
  type RunOptions,
  type RunResult,
  type TestRegistry,
  runPaks,
  serveRegistry,
  tempFolder,
} from "../../testing/index.ts";

/** A project and a home of a test's own, and a registry that both use. */
export interface Project {
  readonly cwd: string;
  readonly home: string;
  readonly registry: TestRegistry;
  readonly options: RunOptions;
  /** Absolute, below the project's skills folder. */
  skill(...path: string[]): string;
  read(...path: string[]): Promise<string>;
  write(path: string, text: string): Promise<void>;
  paks(...argv: string[]): Promise<RunResult>;
  /** Must succeed. */
  ok(...argv: string[]): Promise<RunResult>;
  json<T = Record<string, unknown>>(...argv: string[]): Promise<T & { readonly exit: number }>;
  lock(): Promise<Lock>;
  /** Edits the lock's JSON as a text editor would. */
  editLock(change: (paks: Record<string, Record<string, unknown>>) => void): Promise<void>;
}

/** Each version with a file that says which it is. */
export async function addVersions({ registry }: Project, id: string, versions: readonly string[]): Promise<void> {
  for (const version of versions) await registry.add(id, version, { files: { "notes.md": `${version}\n` } });
}

export async function makeProject(): Promise<Project> {
  const root = await tempFolder();
  const cwd = join(root, "project");
  const home = join(root, "home");
  await Promise.all([cwd, home].map((folder) => mkdir(folder)));
  const registry = await serveRegistry();
  const options: RunOptions = { cwd, home, environment: { PAKS_REGISTRY: registry.url } };
  const lockFile = join(cwd, "paks.lock");
  const paks = (...argv: string[]) => runPaks(argv, options);
  return {
    cwd,
    home,
    registry,
    options,
    paks,
    skill: (...path) => join(cwd, ".agents", "skills", ...path),
    read: (...path) => readFile(join(cwd, ...path), "utf8"),
    write: (path, text) => writeFile(join(cwd, path), text),
    ok: async (...argv) => {
      const run = await paks(...argv);
      expect(run.exit, `${argv.join(" ")}: ${run.stderr}${run.stdout}`).toBe(0);
      return run;
    },
    json: async <T>(...argv: string[]) => {
      const run = await paks(...argv, "--json");
      return { ...(run.json() as T), exit: run.exit };
    },
    lock: async () => parseLock(await readFile(lockFile, "utf8"), "paks.lock"),
    editLock: async (change) => {
      const lock = JSON.parse(await readFile(lockFile, "utf8")) as { paks: Record<string, Record<string, unknown>> };
      change(lock.paks);
      await writeFile(lockFile, JSON.stringify(lock, null, 2));
    },
  };
}
