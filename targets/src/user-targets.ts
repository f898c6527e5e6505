import { targetTable } from "./table.ts";
import { type Target, targetOf } from "./target.ts";

/** A tool of the user's own, or where one of the table is different on this machine. */
export interface UserTarget {
  readonly name?: string | undefined;
  /** For all projects: `~/…` or absolute. */
  readonly skillsDir?: string | undefined;
  /** In a project, relative to it. */
  readonly projectDir?: string | undefined;
  readonly layout?: Target["layout"] | undefined;
}

/** The table with the user's own rows: new ids at the end, known ids (never aliases) changed where they stand. */
export function listTargets(own: Readonly<Record<string, UserTarget>> = {}): readonly Target[] {
  const ids = new Set(targetTable.map(({ id }) => id));
  const added = Object.entries(own).filter(([id]) => !ids.has(id));
  return [
    ...targetTable.map((target) => (Object.hasOwn(own, target.id) ? changed(target, own[target.id]!) : target)),
    ...added.map(([id, one]) => changed(newTarget(id, one), one)),
  ];
}

/** It is there when its folders are: whoever added it says where that is. */
const newTarget = (id: string, { skillsDir, projectDir }: UserTarget): Target =>
  targetOf({
    id,
    name: id,
    projectDir: undefined,
    globalDir: undefined,
    detect: [skillsDir ?? [], projectDir === undefined ? [] : `./${projectDir}`].flat(),
  });

const changed = (target: Target, own: UserTarget): Target => ({
  ...target,
  name: own.name ?? target.name,
  layout: own.layout ?? target.layout,
  projectDir: own.projectDir ?? target.projectDir,
  // Whoever names a folder wants it used, whatever the tool reads besides.
  ...(own.skillsDir === undefined ? {} : { globalDir: own.skillsDir, readsSharedHome: false, olderHomes: [] }),
});
