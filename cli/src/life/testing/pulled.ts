import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Project, makeProject } from "./project.ts";

/** What a commit has of a project whose `.gitignore` names `.agents`. */
interface Committed {
  readonly workspace: string;
  readonly lock: string;
}

type Recorded = Record<string, unknown> & { readonly digest: string; readonly saved?: boolean };

/** A project whose files a colleague changes: they come with a pull, and what is installed does not. */
export interface PulledProject extends Project {
  readonly readFiles: () => Promise<Committed>;
  readonly pull: (files: Committed) => Promise<void>;
  /** Installs `acme/own` and what is named, then has the files of before that. @returns those of after */
  readonly pullWithout: (...argv: string[]) => Promise<Committed>;
  /** Folders. */
  readonly there: () => Promise<string[]>;
  /** Absolute; of Claude Code. */
  readonly link: (folder: string) => string;
  readonly recordFile: (folder: string) => string;
  readonly readRecord: (folder: string) => Promise<Recorded>;
  readonly changeRecord: (folder: string, change: Record<string, unknown>) => Promise<void>;
  readonly isSaved: (folder: string) => Promise<boolean>;
}

export async function makePulledProject(): Promise<PulledProject> {
  const project = await makeProject();
  const { registry } = project;
  for (const name of ["text", "own"]) await registry.add(`acme/${name}`, "1.0.0");
  for (const name of ["pdf", "csv"])
    await registry.add(`acme/${name}`, "1.0.0", { dependencies: { "acme/text": "^1.0" } });
  const recordFile = (folder: string) => project.skill(".paks", `${folder}.json`);
  const readRecord = async (folder: string) => JSON.parse(await readFile(recordFile(folder), "utf8")) as Recorded;
  const readFiles = async (): Promise<Committed> => ({
    workspace: await project.read("paks.jsonc"),
    lock: await project.read("paks.lock"),
  });
  const pull = async ({ workspace, lock }: Committed): Promise<void> => {
    await project.write("paks.jsonc", workspace);
    await project.write("paks.lock", lock);
  };
  return {
    ...project,
    readFiles,
    pull,
    pullWithout: async (...argv) => {
      await project.ok("install", "acme/own");
      const before = await readFiles();
      await project.ok("install", ...argv);
      const after = await readFiles();
      await pull(before);
      return after;
    },
    there: async () => (await readdir(project.skill())).filter((name) => !name.startsWith(".")).sort(),
    link: (folder) => join(project.cwd, ".claude", "skills", folder),
    recordFile,
    readRecord,
    changeRecord: async (folder, change) =>
      await writeFile(recordFile(folder), JSON.stringify({ ...(await readRecord(folder)), ...change })),
    isSaved: async (folder) => (await readRecord(folder)).saved === true,
  };
}
