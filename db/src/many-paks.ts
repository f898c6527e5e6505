import { canonicalName, type PakId, type ReleaseDto, type VersionDto } from "@paks/schema";
import { sql } from "kysely";
import { formatRelease, formatVersions, selectReleases } from "./releases.ts";
import type { Db } from "./tables.ts";

/** A pak with all its visible versions. */
export interface PakVersions {
  /** Of its binding; null while it has none. */
  readonly repository: string | null;
  /** Highest first, without changelogs. */
  readonly versions: VersionDto[];
  /** Version → id of its release. */
  readonly releaseIds: ReadonlyMap<string, string>;
}

/** Rows of one answer: some 250 bytes each, so that the whole stays within what a client reads at once. */
const maxRows = 10_000;

interface Row {
  readonly ordinal: string;
  readonly pak_id: string | null;
  readonly repository: string | null;
  readonly release_id: string | null;
  readonly version: string;
  readonly digest: string;
  readonly tag: string;
  readonly commit_id: string;
  readonly released_at: Date;
  readonly yanked_at: Date | null;
}

/**
 * The versions of many paks, in the order of the names, with one query. `undefined`: there is no such pak; "cut": all
 * together are too many, from this one on.
 */
export async function listVersionsOfPaks(
  db: Db,
  ids: readonly PakId[],
  most = maxRows,
): Promise<(PakVersions | undefined | "cut")[]> {
  const rows = await selectVersions(db, ids, most + 1);
  // The pak in whose versions the limit fell may have more.
  const cutFrom = rows.length > most ? Number(rows.at(-1)!.ordinal) : Infinity;
  const byOrdinal = new Map<number, Row[]>();
  for (const row of rows) {
    const ordinal = Number(row.ordinal);
    const same = byOrdinal.get(ordinal);
    if (same) same.push(row);
    else byOrdinal.set(ordinal, [row]);
  }
  return ids.map((_, index) => {
    const ordinal = index + 1;
    return ordinal >= cutFrom ? "cut" : versionsOf(byOrdinal.get(ordinal) ?? []);
  });
}

function versionsOf(rows: readonly Row[]): PakVersions | undefined {
  if (rows[0] === undefined || rows[0].pak_id === null) return undefined;
  // A pak without a visible release is one row of nothing.
  const released = rows.filter(({ release_id }) => release_id !== null);
  return {
    repository: rows[0].repository,
    versions: formatVersions(released),
    releaseIds: new Map(released.map(({ version, release_id }) => [version, release_id!])),
  };
}

async function selectVersions(db: Db, ids: readonly PakId[], limit: number): Promise<readonly Row[]> {
  const accounts = ids.map(({ account }) => account);
  const names = ids.map(({ name }) => name);
  // By the canonical name as well, because that is what the unique index of an account's names is made of.
  const result = await sql<Row>`
    select asked.ordinal, paks.id as pak_id, bindings.repository_url as repository, releases.id as release_id,
      releases.version, releases.digest, releases.tag, releases.commit_id, releases.released_at, releases.yanked_at
    from unnest(${accounts}::text[], ${names}::text[], ${names.map(canonicalName)}::text[])
      with ordinality as asked (account, name, canonical_name, ordinal)
    left join accounts on accounts.name = asked.account
    left join paks on paks.account_id = accounts.id and paks.canonical_name = asked.canonical_name
      and paks.name = asked.name
    left join bindings on bindings.pak_id = paks.id and bindings.state <> 'released'
    left join releases on releases.pak_id = paks.id and releases.visible_at is not null
    order by asked.ordinal limit ${limit}`.execute(db);
  return result.rows;
}

/** Id → its record, of those that are visible; one query. */
export async function listReleases(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, ReleaseDto>> {
  if (ids.length === 0) return new Map();
  const rows = await selectReleases(db).select("releases.id").where("releases.id", "in", ids).execute();
  return new Map(rows.map(({ id, ...row }) => [id, formatRelease(row)]));
}
