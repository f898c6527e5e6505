import { formatJson } from "./json.ts";
import type { Db } from "./tables.ts";

export interface AuditEvent {
  /** A short word such as `release`, `tag-moved`, `token-created`. */
  readonly action: string;
  readonly accountId?: string | null | undefined;
  readonly tokenId?: string | null | undefined;
  readonly pakId?: string | null | undefined;
  readonly releaseId?: string | null | undefined;
  /** Never a secret. */
  readonly details?: Record<string, unknown> | undefined;
}

/** Appends to the audit log; rows can be neither changed nor deleted. */
export async function insertAuditEvent(db: Db, event: AuditEvent): Promise<void> {
  await db
    .insertInto("audit_events")
    .values({
      action: event.action,
      account_id: event.accountId ?? null,
      token_id: event.tokenId ?? null,
      pak_id: event.pakId ?? null,
      release_id: event.releaseId ?? null,
      details: formatJson(event.details ?? {}),
    })
    .execute();
}

export interface AuditEventRow {
  readonly id: string;
  readonly at: Date;
  readonly action: string;
  readonly accountId: string | null;
  readonly releaseId: string | null;
  readonly details: Record<string, unknown>;
}

/** Newest first. */
export const listAuditEvents = (db: Db, pakId: string, limit = 100): Promise<AuditEventRow[]> =>
  db
    .selectFrom("audit_events")
    .select(["id", "at", "action", "account_id as accountId", "release_id as releaseId", "details"])
    .where("pak_id", "=", pakId)
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
