import { createHash } from "node:crypto";
import { enqueueReconcile, findIdempotent, inTransaction, insertIdempotent } from "@paks/db";
import { AttemptDto, IndexDryRunDto, IndexDryRunRequest, IndexRequest, PaksError } from "@paks/schema";
import type { Context } from "hono";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { requireScope, requireToken, type Token } from "../caller.ts";
import type { ApiDeps, App, AppEnv } from "../deps.ts";
import { checkDryRun } from "../dry-run.ts";
import { type Hint, hintFailures, readHint } from "../hint.ts";
import { bodyFailures, dataAnswer, failures, jsonRequest, tokenFailures, withToken } from "../openapi.ts";
import { bodyLimits, parseBody } from "../request-body.ts";
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

/** The answer that this key got before, or a new attempt whose answer is kept in the same transaction. */
async function enqueueOnce(deps: ApiDeps, token: Token, asked: { hint: Hint; key: string }): Promise<unknown> {
  const request = { tokenId: token.id, key: asked.key, requestHash: hashHint(asked.hint) };
  const answer = await inTransaction(deps.db, async (trx) => {
    const before = await findIdempotent(trx, request);
    if (before) return before.response;
    const attempt = await enqueue({ ...deps, db: trx }, token, asked.hint);
    // False: the same request came twice at once, and the other one has answered. Theirs is what counts.
    const first = await insertIdempotent(trx, { ...request, status: 202, response: attempt });
    return first ? attempt : undefined;
  });
  return answer ?? (await findIdempotent(deps.db, request))?.response;
}

export function index(app: App, deps: ApiDeps): void {
  for (const path of ["/api/index", "/api/skills/index"] as const) {
    app.post(
      path,
      describeRoute({
        operationId: path === "/api/index" ? "requestIndex" : "requestSkillIndex",
        summary: "Ask the registry to read a tag; with dry_run=true, judge a release before its tag exists",
        description:
          "A hint with evidence: 202 answers the attempt to follow. The dry run answers 200 with findings and changes nothing. A repeated `Idempotency-Key` gets the first answer again.",
        ...withToken,
        requestBody: jsonRequest(IndexRequest, IndexDryRunRequest),
        responses: {
          ...failures(...tokenFailures, ...bodyFailures, ...hintFailures, "IDEMPOTENCY_CONFLICT"),
          200: dataAnswer(IndexDryRunDto, "What the dry run found."),
          202: dataAnswer(AttemptDto, "The attempt."),
        },
      }),
      validator("query", DryRunQuery),
      async (c) => {
        if (c.req.valid("query").dry_run === "true") {
          const token = await requireToken(c);
          const request = await parseBody(c, IndexDryRunRequest, bodyLimits.dryRun);
          return c.json({ data: await checkDryRun(deps, token, request) }, 200);
        }
        const token = await requireScope(c, "publish");
        const hint = readHint(deps, await parseBody(c, IndexRequest));
        const key = readIdempotencyKey(c);
        const attempt = AttemptDto.parse(
          key === undefined ? await enqueue(deps, token, hint) : await enqueueOnce(deps, token, { hint, key }),
        );
        deps.onEnqueue?.();
        c.header("Location", `/api/attempts/${attempt.id}`);
        return c.json({ data: attempt }, 202);
      },
    );
  }
}
