import { findPak, listAttempts, listPaks, listVersions } from "@paks/db";
import {
  AccountName,
  AttemptDto,
  kinds,
  type ListMeta,
  PakDto,
  PaksError,
  PakSummaryDto,
  sortOrders,
  VersionDto,
} from "@paks/schema";
import type { Context } from "hono";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { answerDocument } from "../answers.ts";
import type { ApiDeps, App, AppEnv } from "../deps.ts";
import { dataAnswer, failures, listAnswer } from "../openapi.ts";
import { KindsParam, kindOfWord, kindsPath, PakParam, pakPath, requirePak } from "../releases.ts";
import { validator } from "../validation.ts";

const wholeNumber = (minimum: number, maximum: number) =>
  z.pipe(
    z.string().check(z.regex(/^\d{1,6}$/, "Not a whole number.")),
    z.pipe(z.transform(Number), z.int().check(z.minimum(minimum), z.maximum(maximum))),
  );

const label = z.string().check(z.minLength(1), z.maxLength(64));

const ListQuery = z.object({
  q: z.optional(z.string().check(z.maxLength(256))),
  kind: z.optional(z.enum(kinds)),
  category: z.optional(label),
  keyword: z.optional(label),
  account: z.optional(AccountName),
  license: z.optional(label),
  updated_since: z.optional(z.iso.datetime({ offset: true })),
  sort: z.optional(z.enum(sortOrders)),
  limit: z._default(wholeNumber(1, 100), 20),
  offset: z.optional(wholeNumber(0, 10_000)),
  page: z.optional(wholeNumber(1, 1000)),
  cursor: z.optional(z.string().check(z.minLength(1), z.maxLength(512))),
});
type ListQuery = z.infer<typeof ListQuery>;

const maxOffset = 10_000;

/** `offset`, `page` and `cursor` are three ways to say one thing. */
function readOffset({ offset, page, cursor, limit }: ListQuery): number {
  if ([offset, page, cursor].filter((each) => each !== undefined).length > 1) {
    throw new PaksError("INVALID_PARAMETER", "Give only one of offset, page and cursor.");
  }
  const start = offset ?? ((page ?? 1) - 1) * limit;
  if (start <= maxOffset) return start;
  throw new PaksError("INVALID_PARAMETER", `A list can be paged up to entry ${maxOffset}.`, {
    hint: "Use the cursor of the last answer, or a narrower search.",
  });
}

async function answerList({ db }: ApiDeps, c: Context<AppEnv>, query: ListQuery): Promise<Response> {
  const { updated_since, q, limit, sort, offset: _offset, page: _page, ...filter } = query;
  const offset = readOffset(query);
  const { items, total, nextCursor } = await listPaks(db, {
    ...filter,
    q,
    updatedSince: updated_since === undefined ? undefined : new Date(updated_since),
    sort: sort ?? (q === undefined || q.trim() === "" ? "downloads" : "relevance"),
    limit,
    offset,
  });
  const meta: ListMeta = { total, page: Math.floor(offset / limit) + 1, per_page: limit, next_cursor: nextCursor };
  return answerDocument(c, { data: items, meta });
}

const describeList = (operationId: string, summary: string) =>
  describeRoute({
    operationId,
    summary,
    responses: { ...failures(), 200: listAnswer(PakSummaryDto, "Paks; `total` is exact up to 1000.") },
  });

/** Lists and searches, under every kind's word. */
export function searchPaks(app: App, deps: ApiDeps): void {
  app.get("/api/skills/search", describeList("searchSkills", "Search skills"), validator("query", ListQuery), (c) =>
    answerList(deps, c, { ...c.req.valid("query"), kind: "skill" }),
  );

  app.get(
    kindsPath,
    describeList("listPaks", "List or search paks; the first word limits the kind"),
    validator("param", KindsParam),
    validator("query", ListQuery),
    (c) => {
      const query = c.req.valid("query");
      return answerList(deps, c, { ...query, kind: kindOfWord(c.req.valid("param").kinds) ?? query.kind });
    },
  );
}

export function getPak(app: App, deps: ApiDeps): void {
  app.get(
    pakPath,
    describeRoute({
      operationId: "getPak",
      summary: "A pak with its latest release and its channels",
      responses: { ...failures("PAK_NOT_FOUND"), 200: dataAnswer(PakDto, "The pak.") },
    }),
    validator("param", PakParam),
    async (c) => {
      const id = c.req.valid("param");
      await requirePak(deps, id);
      const pak = await findPak(deps.db, id);
      if (pak) return answerDocument(c, { data: pak });
      throw new PaksError("PAK_NOT_FOUND", `${id.account}/${id.name} has no release that is visible yet.`);
    },
  );

  app.get(
    `${pakPath}/versions`,
    describeRoute({
      operationId: "listVersions",
      summary: "All versions of a pak, highest first",
      responses: { ...failures("PAK_NOT_FOUND"), 200: listAnswer(VersionDto, "The versions.") },
    }),
    validator("param", PakParam),
    async (c) => {
      const pak = await requirePak(deps, c.req.valid("param"));
      const versions = await listVersions(deps.db, pak.id);
      const meta: ListMeta = { total: versions.length, page: 1, per_page: versions.length, next_cursor: null };
      return answerDocument(c, { data: versions, meta });
    },
  );

  app.get(
    `${pakPath}/attempts`,
    describeRoute({
      operationId: "listPakAttempts",
      summary: "The last attempts to index tags of this pak's repository, newest first",
      responses: { ...failures("PAK_NOT_FOUND"), 200: dataAnswer(z.array(AttemptDto), "At most 50 attempts.") },
    }),
    validator("param", PakParam),
    async (c) => {
      const pak = await requirePak(deps, c.req.valid("param"));
      return c.json({ data: await listAttempts(deps.db, { pakId: pak.id, limit: 50 }) }, 200);
    },
  );
}
