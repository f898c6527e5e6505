import {
  canonicalName,
  type FileFact,
  type Finding,
  type Manifest,
  PaksError,
  type RepositoryUrl,
  reservedName,
  selectVersion,
  versionKey,
} from "@paks/schema";
import { sql } from "kysely";
import { insertAuditEvent } from "./audit.ts";
import { cleanText, formatJson } from "./json.ts";
import { type LockedPak, requireBinding, tooWeak } from "./require-binding.ts";
import { findReleaseOf, type RecordedRelease } from "./releases.ts";
import { searchDocument } from "./search-document.ts";
import type { Db, EvidenceKind } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

export interface NewRelease {
  readonly accountId: string;
  readonly manifest: Manifest;
  readonly version: string;
  readonly tag: string;
  readonly tagObject: string;
  readonly commit: string;
  readonly tree: string;
  readonly repository: RepositoryUrl;
  /** Folder of the pak in the repository, "" = root. */
  readonly path: string;
  readonly digest: string;
  readonly archive: { readonly sha256: string; readonly bytes: number };
  readonly files: readonly FileFact[];
  readonly totalBytes: number;
  readonly warnings: readonly Finding[];
  /** What the release's own changelog says of this version. */
  readonly changelog: string | null;
  readonly evidence: EvidenceKind;
  /** What is searched beside the manifest: the text of the manifest file without its front matter. */
  readonly bodyText: string;
  readonly tagPrefix: string | null;
  /** The evidence is strong enough to make a pak or bind it to this repository. */
  readonly mayBind: boolean;
}

export interface InsertedRelease {
  readonly releaseId: string;
  readonly pakId: string;
  /** False: this version was recorded before with the same content. */
  readonly created: boolean;
}

/**
 * Records a release with everything that belongs to it, or confirms that it is recorded already. Releases of one pak
 * take turns by a lock on its row. Throws NAME_TAKEN, NAME_RESERVED, ACCOUNT_NOT_FOUND, EVIDENCE_TOO_WEAK,
 * BINDING_CONFLICT, REPOSITORY_IDENTITY_CHANGED, and for a version that was released with other content TAG_MOVED
 * (same tag) or VERSION_EXISTS: their details hold `pak_id`, `release_id` and `recorded`, for the audit event that
 * only the caller can write, because this transaction is rolled back.
 */
export const insertRelease = (db: Db, release: NewRelease): Promise<InsertedRelease> =>
  inTransaction(db, async (trx) => {
    const pak = await lockPak(trx, release);
    await requireBinding(trx, pak, release);
    const recorded = await findReleaseOf(trx, { pakId: pak.id, versionKey: versionKey(release.version) });
    if (recorded) {
      requireSameRelease(pak, recorded, release);
      await noteOtherTagObject(trx, pak, { recorded, release });
      return { releaseId: recorded.id, pakId: pak.id, created: false };
    }
    const releaseId = await insertReleaseRow(trx, pak.id, release);
    await insertParts(trx, releaseId, release);
    await updatePak(trx, pak, { releaseId, release });
    await insertAuditEvent(trx, {
      action: "release",
      accountId: release.accountId,
      pakId: pak.id,
      releaseId,
      details: { version: release.version, tag: release.tag, digest: release.digest, evidence: release.evidence },
    });
    return { releaseId, pakId: pak.id, created: true };
  });

/** The pak's row, made when it is new, locked until the end of the transaction. */
async function lockPak(trx: Db, release: NewRelease): Promise<LockedPak> {
  const { name, kind } = release.manifest;
  const account = await requireAccountName(trx, release.accountId);
  if (!(await selectPak(trx, release).executeTakeFirst())) {
    requireMayCreate(account, release);
    await insertPak(trx, account, release);
  }
  const pak = await selectPak(trx, release).forUpdate().executeTakeFirstOrThrow();
  if (pak.name !== name || pak.kind !== kind) {
    throw new PaksError("NAME_TAKEN", `${account}/${name} is too close to the ${pak.kind} ${account}/${pak.name}.`, {
      hint: "Choose another name: hyphens do not make a difference, and a name has one kind.",
    });
  }
  return { ...pak, account };
}

async function requireAccountName(trx: Db, id: string): Promise<string> {
  const account = await trx.selectFrom("accounts").select("name").where("id", "=", id).executeTakeFirst();
  if (!account) throw new PaksError("ACCOUNT_NOT_FOUND", "The account does not exist.");
  return account.name;
}

const selectPak = (trx: Db, release: NewRelease) =>
  trx
    .selectFrom("paks")
    .select(["id", "name", "kind"])
    .where("account_id", "=", release.accountId)
    .where("canonical_name", "=", canonicalName(release.manifest.name));

function requireMayCreate(account: string, release: NewRelease): void {
  const { name } = release.manifest;
  const reason = reservedName("pak", name);
  if (reason !== undefined) throw new PaksError("NAME_RESERVED", `The pak name ${name} is reserved: ${reason}`);
  if (!release.mayBind) throw tooWeak(`${account}/${name} does not exist yet`);
}

async function insertPak(trx: Db, account: string, release: NewRelease): Promise<void> {
  await trx
    .insertInto("paks")
    .values({
      account_id: release.accountId,
      name: release.manifest.name,
      canonical_name: canonicalName(release.manifest.name),
      ...describePak(account, release),
    })
    .onConflict((conflict) => conflict.columns(["account_id", "canonical_name"]).doNothing())
    .execute();
}

const describePak = (account: string, { manifest, bodyText }: NewRelease) => ({
  kind: manifest.kind,
  description: cleanText(manifest.description),
  license: manifest.license === undefined ? null : cleanText(manifest.license),
  homepage: manifest.homepage === undefined ? null : cleanText(manifest.homepage),
  keywords: manifest.keywords.map(cleanText),
  categories: manifest.categories.map(cleanText),
  search: searchDocument({ account, manifest, bodyText }),
});

function requireSameRelease(pak: LockedPak, recorded: RecordedRelease, release: NewRelease): void {
  if (recorded.digest === release.digest && recorded.version === release.version) return;
  const id = `${pak.account}/${pak.name}@${recorded.version}`;
  const moved = recorded.tag === release.tag && recorded.version === release.version;
  throw new PaksError(
    moved ? "TAG_MOVED" : "VERSION_EXISTS",
    moved
      ? `Tag ${release.tag} leads to other content than was released as ${id}.`
      : `${id} was released from tag ${recorded.tag} with other content.`,
    {
      hint: "A version is never replaced: release the next one.",
      details: {
        pak_id: pak.id,
        release_id: recorded.id,
        recorded: { tag: recorded.tag, tag_object: recorded.tagObject, digest: recorded.digest },
        found: { tag: release.tag, tag_object: release.tagObject, digest: release.digest },
      },
    },
  );
}

/** The same content under another tag object (moved, or made anew) is an event, once. */
async function noteOtherTagObject(
  trx: Db,
  pak: LockedPak,
  { recorded, release }: { recorded: RecordedRelease; release: NewRelease },
): Promise<void> {
  if (recorded.tagObject === release.tagObject) return;
  const details = { tag: release.tag, tag_object: release.tagObject, digest: release.digest };
  const known = await trx
    .selectFrom("audit_events")
    .select("id")
    .where("pak_id", "=", pak.id)
    .where("release_id", "=", recorded.id)
    .where(sql<boolean>`details @> ${formatJson(details)}::jsonb`)
    .executeTakeFirst();
  if (known) return;
  await insertAuditEvent(trx, {
    action: "tag-moved-same-content",
    accountId: release.accountId,
    pakId: pak.id,
    releaseId: recorded.id,
    details,
  });
}

async function insertReleaseRow(trx: Db, pakId: string, release: NewRelease): Promise<string> {
  const row = await trx
    .insertInto("releases")
    .values({
      pak_id: pakId,
      version: release.version,
      version_key: versionKey(release.version),
      tag: release.tag,
      tag_object: release.tagObject,
      commit_id: release.commit,
      tree_id: release.tree,
      repository_key: release.repository.key,
      repository_url: release.repository.url,
      path: release.path,
      digest: release.digest,
      archive_sha256: release.archive.sha256,
      archive_bytes: release.archive.bytes,
      file_count: release.files.length,
      total_bytes: release.totalBytes,
      manifest: formatJson(release.manifest),
      warnings: formatJson(release.warnings),
      evidence: release.evidence,
      changelog: release.changelog === null ? null : cleanText(release.changelog),
      visible_at: sql<Date>`now()`,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Files and dependencies. A statement holds at most 65,535 values; the limits keep a release far below. */
async function insertParts(trx: Db, releaseId: string, release: NewRelease): Promise<void> {
  const files = release.files.map(({ path, size, sha256, executable }) => ({
    release_id: releaseId,
    path,
    size,
    sha256,
    executable,
  }));
  if (files.length > 0) await trx.insertInto("release_files").values(files).execute();
  const dependencies = release.manifest.dependencies.map(({ account, name, range }) => ({
    release_id: releaseId,
    account,
    name,
    range,
  }));
  if (dependencies.length > 0) {
    await trx
      .insertInto("dependencies")
      .values(dependencies)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** What the pak shows is what its latest release says; a patch of an older line only moves `updated_at`. */
async function updatePak(
  trx: Db,
  pak: LockedPak,
  { releaseId, release }: { releaseId: string; release: NewRelease },
): Promise<void> {
  const rows = await trx
    .selectFrom("releases")
    .select(["id", "version", "yanked_at"])
    .where("pak_id", "=", pak.id)
    .where("visible_at", "is not", null)
    .execute();
  const versions = rows.map(({ id, version, yanked_at }) => ({ id, version, yanked: yanked_at !== null }));
  const latest = selectVersion(versions, undefined);
  await trx
    .updateTable("paks")
    .set({
      updated_at: sql<Date>`now()`,
      ...(latest?.id === releaseId ? { latest_release_id: releaseId, ...describePak(pak.account, release) } : {}),
    })
    .where("id", "=", pak.id)
    .execute();
}
