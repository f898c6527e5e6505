import { enqueueRehearsal, listBindings } from "@paks/db";
import { AttemptDto, IndexRequest, isPaksError, PaksError } from "@paks/schema";
import type { Context } from "hono";
import { describeRoute } from "hono-openapi";
import { addressGroup } from "../addresses.ts";
import type { Token } from "../caller.ts";
import type { ApiDeps, App, AppEnv } from "../deps.ts";
import { type Hint, hintFailures, readHint } from "../hint.ts";
import { bodyFailures, dataAnswer, failures, jsonRequest, tokenFailures } from "../openapi.ts";
import { parseBody } from "../request-body.ts";

export function whyNot(app: App, deps: ApiDeps): void {
  app.post(
    "/api/why-not",
    describeRoute({
      operationId: "askWhyNot",
      summary: "Why is a tag not released? A dry run of its ingest, with what the token may do, that records nothing",
      description:
        "202 answers an attempt (`trigger` is `why-not`) to follow at `/api/attempts/{id}`. It ends as `releasable`, `rejected` or `failed`; `details.paks` says it for each pak of the tag. Without a token only for repositories that have released something. One question at a time.",
      // A token is optional.
      security: [{}, { token: [] }],
      requestBody: jsonRequest(IndexRequest),
      responses: {
        ...failures(...tokenFailures, ...bodyFailures, ...hintFailures),
        202: dataAnswer(AttemptDto, "The attempt."),
      },
    }),
    async (c) => {
      const { token, refused } = await c.var.caller();
      // A token that does not count would be answered as if there was none, which is another question.
      if (refused) throw refused;
      const hint = readHint(deps, await parseBody(c, IndexRequest));
      if (!token) await requireBound(deps, hint);
      const asked = { ...hint, asker: askerOf(c, token), accountId: token?.accountId, tokenId: token?.id };
      const attempt = await enqueueRehearsal(deps.db, asked).catch((error: unknown) => {
        if (isPaksError(error, "RATE_LIMITED")) c.header("Retry-After", "5");
        throw error;
      });
      deps.onEnqueue?.();
      c.header("Location", `/api/attempts/${attempt.id}`);
      return c.json({ data: attempt }, 202);
    },
  );
}

const askerOf = (c: Context<AppEnv>, token: Token | undefined): string =>
  token ? `token ${token.id}` : `address ${addressGroup(c.var.address)}`;

/** Strangers make the registry fetch nothing that it would not fetch anyway. */
async function requireBound({ db }: ApiDeps, { repository }: Hint): Promise<void> {
  if ((await listBindings(db, repository.key)).length > 0) return;
  throw new PaksError("AUTH_REQUIRED", "No pak is released from this repository, so this needs a token.", {
    hint: "Log in: paks login. Or release it once with `paks publish`, which says why not by itself.",
  });
}
