import { createHash, randomBytes } from "node:crypto";
import { sql } from "kysely";
import { findFact, insertFact } from "./facts.ts";
import type { Db } from "./tables.ts";
import { inTransaction } from "./transaction.ts";

export type DownloadedRelease = { releaseId: string } | { account: string; name: string; version: string };

const today = sql<string>`(now() at time zone 'UTC')::date`;

/**
 * Counts a download once per visitor, release and day (UTC). `visitor` is an address; only a salted hash of it is
 * kept, for two days. An unknown release counts nothing.
 */
export async function countDownload(db: Db, download: DownloadedRelease & { visitor: string }): Promise<void> {
  const release = await findDownloaded(db, download);
  if (!release) return;
  const visitor = hashVisitor(await requireSalt(db), download.visitor);
  await inTransaction(db, async (trx) => {
    const first = await trx
      .insertInto("download_visitors")
      .values({ release_id: release.id, day: today, visitor })
      .onConflict((conflict) => conflict.columns(["release_id", "day", "visitor"]).doNothing())
      .executeTakeFirst();
    if ((first.numInsertedOrUpdatedRows ?? 0n) === 0n) return;
    await trx
      .insertInto("downloads")
      .values({ release_id: release.id, day: today, count: "1" })
      .onConflict((conflict) =>
        conflict.columns(["release_id", "day"]).doUpdateSet({ count: sql<string>`downloads.count + 1` }),
      )
      .execute();
    await trx
      .updateTable("paks")
      .set({ downloads: sql<string>`downloads + 1` })
      .where("id", "=", release.pak_id)
      .execute();
  });
}

function findDownloaded(db: Db, download: DownloadedRelease): Promise<{ id: string; pak_id: string } | undefined> {
  const releases = db.selectFrom("releases").select(["releases.id", "releases.pak_id"]);
  if ("releaseId" in download) return releases.where("releases.id", "=", download.releaseId).executeTakeFirst();
  return releases
    .innerJoin("paks", "paks.id", "releases.pak_id")
    .innerJoin("accounts", "accounts.id", "paks.account_id")
    .where("accounts.name", "=", download.account)
    .where("paks.name", "=", download.name)
    .where("releases.version", "=", download.version)
    .executeTakeFirst();
}

// Without the salt all IPv4 addresses could be tried against a leaked table in a minute.
async function requireSalt(db: Db): Promise<string> {
  const found = await findFact(db, "download_salt");
  if (typeof found === "string") return found;
  await insertFact(db, "download_salt", randomBytes(32).toString("base64"));
  return requireSalt(db);
}

const hashVisitor = (salt: string, visitor: string): Buffer =>
  createHash("sha256").update(`${salt}\n${visitor}`).digest().subarray(0, 16);
