import type { RegistryOrigin } from "@paks/schema";
import type { Context } from "../context.ts";
import { isRecordedAsLocked } from "../install/locked-record.ts";
import { askRegistry, listDifferences } from "./ask-registry.ts";
import { type ListRow, rowName } from "./list-paks.ts";
import { type Problem, problemOf } from "./problem.ts";

/** `checked`: where it came from agrees; `none`: a folder, which nobody vouches for; `skipped`: offline. */
export type RegistryCheck = "checked" | "none" | "skipped" | "failed";

export interface Checked {
  readonly registry: RegistryCheck;
  readonly problems: readonly Problem[];
}

interface Said {
  /** It says otherwise than what is installed. */
  readonly isLock: boolean;
  readonly origin: RegistryOrigin;
  readonly digest: string;
}

/** What the record and, where it says something else, the lock say of a release, held against its registry. */
export async function checkRegistry(context: Context, row: ListRow, wish: string | undefined): Promise<Checked> {
  const said = listSaid(row);
  if (said.length === 0) {
    const origin = row.pak?.record.origin ?? row.locked?.resolved;
    // Those of git and npm are asked about together.
    return { registry: context.config.offline && isAskable(origin) ? "skipped" : "none", problems: [] };
  }
  if (context.config.offline) return { registry: "skipped", problems: [] };
  const problems: Problem[] = [];
  for (const one of said) problems.push(...(await checkSaid(context, row, { ...one, wish })));
  return { registry: problems.length === 0 ? "checked" : "failed", problems };
}

const isAskable = (origin: { readonly type: string } | undefined): boolean =>
  origin !== undefined && origin.type !== "local";

function listSaid({ pak, locked }: ListRow): Said[] {
  const said: Said[] = [];
  if (pak?.record.origin.type === "registry")
    said.push({ isLock: false, origin: pak.record.origin, digest: pak.record.digest });
  if (locked?.resolved.type !== "registry") return said;
  const isSame = pak !== undefined && pak.record.digest === locked.digest && isRecordedAsLocked(locked, pak.record);
  return isSame ? said : [...said, { isLock: pak !== undefined, origin: locked.resolved, digest: locked.digest }];
}

async function checkSaid(
  context: Context,
  row: ListRow,
  { isLock, wish, ...said }: Said & { readonly wish: string | undefined },
): Promise<Problem[]> {
  const about = { folder: row.folder, name: rowName(row) };
  const asked = await askRegistry(context, said.origin, wish);
  if (asked.state !== "known") return [problemOf(asked.error, about)];
  const differences = listDifferences(said, asked.release);
  if (differences.length === 0) return [];
  return [
    {
      ...about,
      code: isLock ? "LOCKFILE_MISMATCH" : "INTEGRITY_MISMATCH",
      message: `${isLock ? "is locked as what is not" : "is not"} the release that ${asked.registry.url} recorded: ${differences.join("; ")}`,
      hint: isLock
        ? "Take paks.lock from version control again."
        : "A version never changes: either what is installed or the registry was tampered with.",
    },
  ];
}
