/** One coding tool: where it looks for skills and what shows that it is there. */
export interface Target {
  readonly id: string;
  readonly name: string;
  /** Other ids that users know it by. */
  readonly aliases: readonly string[];
  /** Relative to the project, with `/`; `undefined` when the tool reads no folder of a project. */
  readonly projectDir: string | undefined;
  /** The tool's own folder for all projects: `~/…` or absolute; `undefined` when it reads only projects. */
  readonly globalDir: string | undefined;
  /** It reads `~/.agents/skills` as well. A second copy in its own folder would be told as a conflict. */
  readonly readsSharedHome: boolean;
  /**
   * One of these exists where the tool is used: `~/…`, `./…` (the project, and for it alone), `$VARIABLE/…` or absolute.
   * Empty = never detected. Of tools that share a folder of the project, one has it here.
   */
  readonly detect: readonly string[];
  /** The project's package.json must name this package too: the traces alone could be anybody's. */
  readonly dependency?: string;
  /** Environment variables that move a part of the paths above. */
  readonly env: readonly EnvOverride[];
  /** Homes of older versions; the first that exists is used while the present one does not. */
  readonly olderHomes: readonly string[];
  /** Folder of a pak below the skills folder. */
  readonly layout: "name" | "account/name";
  /** Its project folder is made when only the tool is found on the machine: it is common enough to be wanted in any project. */
  readonly ownsProjects: boolean;
  /** It does not follow links. */
  readonly copyOnly: boolean;
  /** Known to `--agent`, but not offered: it is rare, or another id stands for it. */
  readonly unlisted: boolean;
  /** What a user of it should know. */
  readonly note?: string;
}

export interface EnvOverride {
  readonly variable: string;
  /** Begins with `~/`. */
  readonly replaces: string;
}

/** A row of the table: what is not said is as most tools have it. */
export type TargetRow = Pick<Target, "id" | "name" | "projectDir" | "globalDir" | "detect"> & Partial<Target>;

/** The folder that many tools share. */
export const sharedFolder = ".agents/skills";

export const configHome: readonly EnvOverride[] = [{ variable: "XDG_CONFIG_HOME", replaces: "~/.config" }];

/** A tool that keeps everything in one folder, the same in a project and at home: either shows that it is used. */
export const own = (folder: string) => ({
  projectDir: `${folder}/skills`,
  globalDir: `~/${folder}/skills`,
  detect: [`./${folder}`, `~/${folder}`],
});

/** A tool that reads the shared folder, of the project and of the home. */
export const shared = (...detect: readonly string[]) => ({
  projectDir: sharedFolder,
  globalDir: `~/${sharedFolder}`,
  readsSharedHome: true,
  detect,
});

export const targetOf = (row: TargetRow): Target => ({
  aliases: [],
  readsSharedHome: false,
  env: [],
  olderHomes: [],
  layout: "name",
  ownsProjects: false,
  copyOnly: false,
  unlisted: false,
  ...row,
});
