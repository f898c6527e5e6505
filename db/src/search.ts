import { type Kind, type PakSummaryDto, PaksError, type SortOrder } from "@paks/schema";
import { type RawBuilder, sql } from "kysely";
import { type Cursor, formatCursor, parseCursor } from "./cursor.ts";
import { searchedName, searchQuery } from "./search-query.ts";
import type { Db } from "./tables.ts";

export interface PakFilter {
  /** What a user typed. */
  readonly q?: string | undefined;
  readonly kind?: Kind | undefined;
  readonly category?: string | undefined;
  readonly keyword?: string | undefined;
  readonly account?: string | undefined;
  /** SPDX expression, compared without case. */
  readonly license?: string | undefined;
  readonly updatedSince?: Date | undefined;
  /** `relevance` without a query is `downloads`. */
  readonly sort: SortOrder;
  /** 1 to 100. */
  readonly limit: number;
  /** 0 to 10,000; not together with a cursor. */
  readonly offset: number;
  /** The `nextCursor` of the page before. */
  readonly cursor?: string | undefined;
}

export interface PakPage {
  readonly items: PakSummaryDto[];
  /** Exact up to 1,000; 1,001 = more. */
  readonly total: number;
  readonly nextCursor: string | null;
}

/** Ranking reads every candidate's document: at a million paks a common word would cost 15 s without this. */
const maxCandidates = 1_000;
const maxCount = 1_001;

/** Pages of a search or of a plain list. Throws INVALID_PARAMETER for a query or cursor that cannot be. */
export async function listPaks(db: Db, filter: PakFilter): Promise<PakPage> {
  const query = filter.q === undefined ? undefined : searchQuery(filter.q);
  const sort = query === undefined && filter.sort === "relevance" ? "downloads" : filter.sort;
  const cursor = filter.cursor === undefined ? undefined : parseCursor(filter.cursor, sort);
  requirePage(filter);
  const where = sql.join(conditionsOf(filter, query), sql` and `);
  const page = { sort, cursor, limit: filter.limit, offset: filter.offset };
  const rows =
    sort === "relevance" && query
      ? await listRanked(db, { where, query, name: searchedName(filter.q ?? ""), page })
      : await listSorted(db, where, page);
  const last = rows[filter.limit - 1];
  return {
    items: rows.slice(0, filter.limit).map(formatSummary),
    total: await countCapped(db, where),
    nextCursor: rows.length > filter.limit && last ? formatCursor({ sort, key: last.sort_key, id: last.id }) : null,
  };
}

interface Page {
  readonly sort: SortOrder;
  readonly cursor: Cursor | undefined;
  readonly limit: number;
  readonly offset: number;
}

interface Row {
  id: string;
  account: string;
  name: string;
  kind: string;
  description: string;
  version: string;
  keywords: string[];
  categories: string[];
  license: string | null;
  downloads: string;
  updated_at: Date;
  sort_key: string;
}

function requirePage({ limit, offset, cursor }: PakFilter): void {
  const fits = Number.isInteger(limit) && limit >= 1 && limit <= 100;
  const starts = Number.isInteger(offset) && offset >= 0 && offset <= 10_000 && !(offset > 0 && cursor !== undefined);
  if (fits && starts) return;
  throw new PaksError("INVALID_PARAMETER", "A page has 1 to 100 rows and starts at 0 to 10,000, or at a cursor.");
}

function conditionsOf(filter: PakFilter, query: RawBuilder<string> | undefined): RawBuilder<unknown>[] {
  const conditions = [sql`paks.latest_release_id is not null`];
  // A text of characters that no word has asks for something, and nothing has it.
  if (query) conditions.push(sql`paks.search @@ (${query})`);
  if (filter.kind !== undefined) conditions.push(sql`paks.kind = ${filter.kind}`);
  if (filter.category !== undefined) conditions.push(sql`paks.categories @> array[${filter.category}]::text[]`);
  if (filter.keyword !== undefined) conditions.push(sql`paks.keywords @> array[${filter.keyword}]::text[]`);
  if (filter.license !== undefined) conditions.push(sql`lower(paks.license) = lower(${filter.license})`);
  if (filter.updatedSince !== undefined) conditions.push(sql`paks.updated_at >= ${filter.updatedSince}`);
  if (filter.account !== undefined) {
    conditions.push(sql`paks.account_id = (select id from accounts where name = ${filter.account})`);
  }
  return conditions;
}

const columns = sql`paks.id, accounts.name as account, paks.name, paks.kind, paks.description, releases.version,
  paks.keywords, paks.categories, paks.license, paks.downloads, paks.updated_at`;
const joins = sql`join accounts on accounts.id = paks.account_id join releases on releases.id = paks.latest_release_id`;

/** The constant parts per order; nothing of it comes from outside. */
const orders = {
  downloads: {
    key: sql`paks.downloads::text`,
    order: sql`paks.downloads desc, paks.id desc`,
    after: (at: Cursor) => sql`(paks.downloads, paks.id) < (${at.key}::bigint, ${at.id}::bigint)`,
  },
  recent: {
    // Text, because a Date has no microseconds and would skip rows.
    key: sql`to_char(paks.updated_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`,
    order: sql`paks.updated_at desc, paks.id desc`,
    after: (at: Cursor) => sql`(paks.updated_at, paks.id) < (${at.key}::timestamptz, ${at.id}::bigint)`,
  },
  name: {
    key: sql`paks.name`,
    order: sql`paks.name, paks.id`,
    after: (at: Cursor) => sql`(paks.name, paks.id) > (${at.key}::text collate "C", ${at.id}::bigint)`,
  },
} as const;

async function listSorted(db: Db, where: RawBuilder<unknown>, page: Page): Promise<Row[]> {
  const { key, order, after } = orders[page.sort === "relevance" ? "downloads" : page.sort];
  const result = await sql<Row>`
    select ${columns}, ${key} as sort_key
    from paks ${joins}
    where ${where} and ${page.cursor ? after(page.cursor) : sql`true`}
    order by ${order} limit ${page.limit + 1} offset ${page.offset}`.execute(db);
  return result.rows;
}

interface Ranking {
  readonly where: RawBuilder<unknown>;
  readonly query: RawBuilder<string>;
  /** Canonical. */
  readonly name: string;
  readonly page: Page;
}

/**
 * Ranks the most downloaded 1,000 of what matches; a pak of exactly this name is always among them and before all
 * others. The rank is an integer, so that a cursor can name it exactly.
 */
async function listRanked(db: Db, { where, query, name, page }: Ranking): Promise<Row[]> {
  const { cursor, limit, offset } = page;
  const after = cursor ? sql`(paks.score, paks.id) < (${cursor.key}::bigint, ${cursor.id}::bigint)` : sql`true`;
  const result = await sql<Row>`
    with candidates as materialized (
      (select id from paks where ${where} order by downloads desc, id desc limit ${maxCandidates})
      union
      (select id from paks where ${where} and canonical_name = ${name} order by downloads desc, id desc limit 100)
    ), ranked as (
      select paks.*, (ts_rank_cd('{0.05, 0.2, 0.5, 1.0}', search, ${query}, 1) * 1000000)::bigint
        + case when canonical_name = ${name} then 1000000000 else 0 end as score
      from candidates join paks using (id)
    )
    select ${columns}, paks.score::text as sort_key
    from ranked as paks ${joins}
    where ${after}
    order by paks.score desc, paks.id desc limit ${limit + 1} offset ${offset}`.execute(db);
  return result.rows;
}

async function countCapped(db: Db, where: RawBuilder<unknown>): Promise<number> {
  const result = await sql<{ count: string }>`
    select count(*) as count from (select 1 from paks where ${where} limit ${maxCount}) as counted`.execute(db);
  return Number(result.rows[0]?.count ?? 0);
}

function formatSummary({ id: _id, sort_key: _key, ...row }: Row): PakSummaryDto {
  return { ...row, kind: row.kind as Kind, downloads: Number(row.downloads), updated_at: row.updated_at.toISOString() };
}
