import { createHash } from "node:crypto";
import { enqueueReconcile, findIdempotent, inTransaction, insertIdempotent } from "@paks/db";
import {
  AttemptDto,
  IndexDryRunDto,
  IndexDryRunRequest,
  IndexDryRunsRequest,
  IndexedTagDto,
  IndexRequest,
  IndexTagsRequest,
  mostTagsAtOnce,
  PaksError,
} from "@paks/schema";
import type { Context } from "hono";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { requireScope, requireToken, type Token } from "../caller.ts";
import type { ApiDeps, App, AppEnv } from "../deps.ts";
import { checkDryRun } from "../dry-run.ts";
import { type Hint, hintFailures, readHint } from "../hint.ts";
import { type AskedTag, enqueueTags, readTags } from "../many-tags.ts";
import { bodyFailures, dataAnswer, failures, jsonRequest, tokenFailures, withToken } from "../openapi.ts";
import { type RateLimits, tagsPerRequest } from "../rate-limits.ts";
import { bodyLimits, parseValue, readValue } from "../request-body.ts";
import { validator } from "../validation.ts";

const DryRunQuery = z.object({ dry_run: z.optional(z.enum(["true", "false"])) });

const enqueue = ({ db }: ApiDeps, token: Token, hint: Hint): Promise<AttemptDto> =>
  enqueueReconcile(db, {
    ...hint,
    trigger: "token",
    evidence: { kind: "token", accountId: token.accountId, tokenId: token.id },
  });

/** What a client may repeat after a lost answer without asking twice. Visible ASCII, 1 to 128 characters. */
function readIdempotencyKey(c: Context<AppEnv>): string | undefined {
  const key = c.req.header("idempotency-key");
  if (key === undefined || /^[\x21-\x7e]{1,128}$/.test(key)) return key;
  throw new PaksError("INVALID_PARAMETER", "Idempotency-Key must be 1 to 128 visible ASCII characters.");
}

const hashHint = ({ repository, tag, path }: Hint): string =>
  createHash("sha256")
    .update(JSON.stringify(["index", repository.key, tag, path ?? null]))
    .digest("hex");

const hashTags = (repository: string, asked: readonly AskedTag[]): string =>
  createHash("sha256")
    .update(JSON.stringify(["index tags", repository, asked.map(({ tag, path }) => [tag, path])]))
    .digest("hex");

/** The answer that this key got before, or a new one that is kept in the transaction of its work. */
async function once(
  deps: ApiDeps,
  request: Parameters<typeof findIdempotent>[1],
  work: (deps: ApiDeps) => Promise<unknown>,
): Promise<unknown> {
  const answer = await inTransaction(deps.db, async (trx) => {
    const before = await findIdempotent(trx, request);
    if (before) return before.response;
    const response = await work({ ...deps, db: trx });
    // False: the same request came twice at once, and the other one has answered. Theirs is what counts.
    return (await insertIdempotent(trx, { ...request, status: 202, response })) ? response : undefined;
  });
  return answer ?? (await findIdempotent(deps.db, request))?.response;
}

interface Asked {
  readonly body: unknown;
  readonly token: Token;
  readonly key: string | undefined;
  /** @throws PaksError RATE_LIMITED */
  readonly countTags: (tags: number) => Promise<void>;
}

async function enqueueOne(deps: ApiDeps, { body, token, key }: Asked): Promise<AttemptDto> {
  const hint = readHint(deps, parseValue(IndexRequest, body));
  const work = (inside: ApiDeps) => enqueue(inside, token, hint);
  if (key === undefined) return await work(deps);
  return AttemptDto.parse(await once(deps, { tokenId: token.id, key, requestHash: hashHint(hint) }, work));
}

async function enqueueSeveral(
  deps: ApiDeps,
  { body, token, key, countTags }: Asked,
): Promise<readonly IndexedTagDto[]> {
  const request = parseValue(IndexTagsRequest, body);
  const asked = readTags(deps, request);
  await countTags(asked.length);
  const work = (inside: ApiDeps) => enqueueTags(inside, token, asked);
  if (key === undefined) return await work(deps);
  const requestHash = hashTags(request.repository, asked);
  return z.array(IndexedTagDto).parse(await once(deps, { tokenId: token.id, key, requestHash }, work));
}

/** @throws PaksError INVALID_PARAMETER for a body that could mean either */
function namesSeveral(body: unknown, one: string, several: string): boolean {
  if (has(body, one) && has(body, several))
    throw new PaksError("INVALID_PARAMETER", `The body names both ${one} and ${several}.`, {
      hint: "Send one of them.",
    });
  return has(body, several);
}

const has = (body: unknown, name: string): boolean =>
  typeof body === "object" && body !== null && Object.hasOwn(body, name);

const description = [
  "A hint with evidence: 202 answers the attempt to follow.",
  `With \`tags\` instead of \`tag\` and \`path\`, up to ${mostTagsAtOnce} objects with \`tag\` and optionally \`path\`, the answer has an entry for each in their order: \`tag\` and \`path\` as they were sent, and \`attempt\`, or \`error\` where something concerns only this tag.`,
  `That counts as one request; in a minute, a token can so name ${tagsPerRequest} times as many tags as it has requests, then it is answered 429 with \`Retry-After\`.`,
  `The dry run answers 200 with findings and changes nothing; with \`releases\` instead, up to ${mostTagsAtOnce} objects with the fields of a single dry run and 1 MiB together, it has one answer for each in their order.`,
  "A repeated `Idempotency-Key` gets the first answer again.",
].join(" ");

export function index(app: App, deps: ApiDeps, rates: RateLimits): void {
  for (const path of ["/api/index", "/api/skills/index"] as const) {
    app.post(
      path,
      describeRoute({
        operationId: path === "/api/index" ? "requestIndex" : "requestSkillIndex",
        summary: "Ask the registry to read a tag; with dry_run=true, judge a release before its tag exists",
        description,
        ...withToken,
        requestBody: jsonRequest(IndexRequest, IndexTagsRequest, IndexDryRunRequest, IndexDryRunsRequest),
        responses: {
          ...failures(...tokenFailures, ...bodyFailures, ...hintFailures, "IDEMPOTENCY_CONFLICT"),
          200: dataAnswer(
            z.union([IndexDryRunDto, z.array(IndexDryRunDto)]),
            "What the dry run found, or one entry for each of `releases`.",
          ),
          202: dataAnswer(
            z.union([AttemptDto, z.array(IndexedTagDto)]),
            "The attempt, or one entry for each of `tags`.",
          ),
        },
      }),
      validator("query", DryRunQuery),
      async (c) => {
        if (c.req.valid("query").dry_run === "true") {
          const token = await requireToken(c);
          const body = await readValue(c, bodyLimits.dryRun);
          if (!namesSeveral(body, "package", "releases"))
            return c.json({ data: await checkDryRun(deps, token, parseValue(IndexDryRunRequest, body)) }, 200);
          const data: IndexDryRunDto[] = [];
          for (const release of parseValue(IndexDryRunsRequest, body).releases)
            data.push(await checkDryRun(deps, token, release));
          return c.json({ data }, 200);
        }
        const token = await requireScope(c, "publish");
        const countTags = (tags: number) => rates.countTags(c, token, tags);
        const asked = { token, body: await readValue(c), key: readIdempotencyKey(c), countTags };
        if (namesSeveral(asked.body, "tag", "tags")) {
          const data = await enqueueSeveral(deps, asked);
          deps.onEnqueue?.();
          return c.json({ data: [...data] }, 202);
        }
        const attempt = await enqueueOne(deps, asked);
        deps.onEnqueue?.();
        c.header("Location", `/api/attempts/${attempt.id}`);
        return c.json({ data: attempt }, 202);
      },
    );
  }
}
