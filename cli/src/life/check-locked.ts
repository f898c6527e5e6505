import { type LockedPak, PaksError, isPaksError, lockFileName } from "@paks/schema";
import { findOtherFact, findOtherOrigin, isRecordedAsLocked } from "../install/locked-record.ts";
import { requireSaidByFiles } from "../install/locked-present.ts";
import type { InstallRecord } from "../install/record.ts";
import { type ListRow, rowName } from "./list-paks.ts";
import { type Problem, problemOf } from "./problem.ts";

const hint = `Look at who changed ${lockFileName}, or the record. If it was the lock, take it from version control again; if it was the record, paks ci asks where it came from and writes it anew.`;

type Compared = ListRow & { readonly locked: LockedPak; readonly pak: NonNullable<ListRow["pak"]> };

/** What record, lock and installed files say of each other: another version than locked is drift, a contradiction is not. */
export async function checkLock(row: ListRow): Promise<Problem[]> {
  const { pak, locked, folder, lockState } = row;
  if (pak === undefined) return [];
  const about = { folder, name: rowName(row) };
  const itself = findContradiction(row, pak.record);
  if (itself !== undefined) return [{ ...about, ...itself }];
  if (locked === undefined) return [];
  const { record } = pak;
  if (record.digest === locked.digest) return await compareFacts({ ...row, pak, locked });
  if (lockState !== "differs") return [];
  const commits = [record.origin, locked.resolved].map((origin) => ("commit" in origin ? origin.commit : undefined));
  const same = record.version === null ? commits[0] === commits[1] : record.version === locked.version;
  if (!same || locked.resolved.type === "local") return [{ ...about, ...otherVersion(record, locked) }];
  const message = `has the digest ${record.digest}; ${lockFileName} says ${locked.digest} of the same version`;
  return [{ ...about, code: "LOCKFILE_MISMATCH", message, hint }];
}

type Said = Pick<Problem, "code" | "message" | "hint">;

function findContradiction({ locked }: ListRow, { version, origin }: InstallRecord): Said | undefined {
  if (!("version" in origin) || origin.version === version) return undefined;
  return {
    code: "INTEGRITY_MISMATCH",
    message: `its record says version ${version ?? "none"}, and that it came as ${origin.version}`,
    hint: `Somebody changed the record. ${locked ? "Have it written again from the lock: paks ci." : "Install it again."}`,
  };
}

/** The bytes are the locked ones. */
async function compareFacts(row: Compared): Promise<Problem[]> {
  const { folder, locked, place, state } = row;
  const { record } = row.pak;
  const about = { folder, name: rowName(row) };
  const other = findOtherFact(locked, record);
  if (other !== undefined)
    return [{ ...about, code: "LOCKFILE_MISMATCH", message: `${lockFileName} has ${other}`, hint }];
  if (isRecordedAsLocked(locked, record)) return [];
  try {
    if (state === "intact") await requireSaidByFiles(place, folder, locked);
  } catch (error) {
    if (!isPaksError(error, "LOCKFILE_MISMATCH")) throw error;
    return [problemOf(new PaksError(error.code, error.message, { hint, cause: error }), about)];
  }
  return [{ ...about, ...otherVersion(record, locked) }];
}

function otherVersion(record: InstallRecord, locked: LockedPak): Said {
  const versions = `${record.version ?? "other content"} is installed, ${locked.version ?? "other content"} is locked`;
  const isSame = record.version === locked.version && record.digest === locked.digest;
  const message = (isSame ? findOtherOrigin(locked, record) : undefined) ?? versions;
  return { code: "DRIFT", message, hint: "Install what is locked: paks ci." };
}
