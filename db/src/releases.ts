import {
  compareVersions,
  type FileDto,
  type FindingDto,
  type Kind,
  type ReleaseDto,
  type VersionDto,
} from "@paks/schema";
import type { Db } from "./tables.ts";

export interface ReleaseId {
  readonly account: string;
  readonly name: string;
  readonly version: string;
}

/** Releases that readers may see, with the names they belong to. */
export const selectReleases = (db: Db) =>
  db
    .selectFrom("releases")
    .innerJoin("paks", "paks.id", "releases.pak_id")
    .innerJoin("accounts", "accounts.id", "paks.account_id")
    .select([
      "accounts.name as account",
      "paks.name",
      "paks.kind",
      "releases.version",
      "releases.digest",
      "releases.tag",
    ])
    .select([
      "releases.tag_object",
      "releases.commit_id",
      "releases.tree_id",
      "releases.repository_url",
      "releases.path",
    ])
    .select(["releases.archive_sha256", "releases.archive_bytes", "releases.file_count", "releases.total_bytes"])
    .select([
      "releases.evidence",
      "releases.released_at",
      "releases.yanked_at",
      "releases.manifest",
      "releases.warnings",
      "releases.changelog",
    ])
    .where("releases.visible_at", "is not", null);

type ReleaseRow = Awaited<ReturnType<ReturnType<typeof selectReleases>["executeTakeFirstOrThrow"]>>;

export function formatRelease(row: ReleaseRow): ReleaseDto {
  const { commit_id, tree_id, repository_url, released_at, yanked_at, kind, warnings, ...rest } = row;
  return {
    ...rest,
    kind: kind as Kind,
    commit: commit_id,
    tree: tree_id,
    repository: repository_url,
    released_at: released_at.toISOString(),
    yanked: yanked_at !== null,
    warnings: warnings as FindingDto[],
  };
}

/** The exact version, also when it is yanked. */
export async function findRelease(db: Db, id: ReleaseId): Promise<ReleaseDto | undefined> {
  const row = await selectReleases(db)
    .where("accounts.name", "=", id.account)
    .where("paks.name", "=", id.name)
    .where("releases.version", "=", id.version)
    .executeTakeFirst();
  return row && formatRelease(row);
}

/** Characters of changelogs in one list, which has to stay small enough to be read at once. */
const maxListedChangelogs = 200_000;

/**
 * Highest version first: the order in which several tags were indexed says nothing. Of a long list only the newest
 * releases tell their changelog; the others have the field in their own record.
 */
export async function listVersions(db: Db, pakId: string): Promise<VersionDto[]> {
  const rows = await db
    .selectFrom("releases")
    .select(["version", "digest", "tag", "commit_id", "released_at", "yanked_at", "changelog"])
    .where("pak_id", "=", pakId)
    .where("visible_at", "is not", null)
    .execute();
  return formatVersions(rows);
}

interface VersionRow {
  readonly version: string;
  readonly digest: string;
  readonly tag: string;
  readonly commit_id: string;
  readonly released_at: Date;
  readonly yanked_at: Date | null;
  /** Absent where nobody asked for it. */
  readonly changelog?: string | null;
}

/** Highest version first. */
export function formatVersions(rows: readonly VersionRow[]): VersionDto[] {
  let room = maxListedChangelogs;
  return rows
    .toSorted((a, b) => compareVersions(b.version, a.version))
    .map(({ version, digest, tag, commit_id, released_at, yanked_at, changelog }) => {
      room -= changelog?.length ?? 0;
      return {
        version,
        digest,
        tag,
        commit: commit_id,
        released_at: released_at.toISOString(),
        yanked: yanked_at !== null,
        ...(room < 0 || changelog === undefined ? {} : { changelog }),
      };
    });
}

/** In the order of the digest: by bytes of the path. Empty when there is no such release. */
export const listReleaseFiles = (db: Db, id: ReleaseId): Promise<FileDto[]> =>
  db
    .selectFrom("release_files")
    .innerJoin("releases", "releases.id", "release_files.release_id")
    .innerJoin("paks", "paks.id", "releases.pak_id")
    .innerJoin("accounts", "accounts.id", "paks.account_id")
    .select(["release_files.path", "release_files.size", "release_files.sha256", "release_files.executable"])
    .where("accounts.name", "=", id.account)
    .where("paks.name", "=", id.name)
    .where("releases.version", "=", id.version)
    .where("releases.visible_at", "is not", null)
    .orderBy("release_files.path")
    .execute();

export interface RecordedRelease {
  readonly id: string;
  readonly version: string;
  readonly tag: string;
  readonly tagObject: string;
  readonly commit: string;
  readonly digest: string;
}

/** What is recorded for a version, whatever its build metadata (see `versionKey`). */
export const findReleaseOf = (
  db: Db,
  release: { pakId: string; versionKey: string },
): Promise<RecordedRelease | undefined> =>
  db
    .selectFrom("releases")
    .select(["id", "version", "tag", "tag_object as tagObject", "commit_id as commit", "digest"])
    .where("pak_id", "=", release.pakId)
    .where("version_key", "=", release.versionKey)
    .executeTakeFirst();

/** Every tag of a repository that led to a release, with the tag object that was recorded. */
export const listReleasedTags = (
  db: Db,
  repositoryKey: string,
): Promise<{ tag: string; tagObject: string; commit: string; pakId: string }[]> =>
  db
    .selectFrom("releases")
    .select(["tag", "tag_object as tagObject", "commit_id as commit", "pak_id as pakId"])
    .where("repository_key", "=", repositoryKey)
    .orderBy("tag")
    .execute();
