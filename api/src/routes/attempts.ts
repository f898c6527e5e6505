import { findAttempt, findRehearsal, listAttempts } from "@paks/db";
import { AttemptDto, PaksError, parseRepositoryUrl } from "@paks/schema";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { requireToken } from "../caller.ts";
import type { ApiDeps, App } from "../deps.ts";
import { describeAttempts, parseAttemptIds } from "../many-tags.ts";
import { dataAnswer, failures, withToken } from "../openapi.ts";
import { validator } from "../validation.ts";

const AttemptParam = z.object({ id: z.uuid() });
const AttemptQuery = z.object({
  repository: z.optional(z.string().check(z.minLength(1), z.maxLength(2048))),
  /** One text with commas, as `paks` of `/api/versions`. */
  ids: z.optional(z.string().check(z.minLength(1), z.maxLength(4000))),
});

export function attempts(app: App, deps: ApiDeps): void {
  const { db, gitPolicy } = deps;
  app.get(
    "/api/attempts/:id",
    describeRoute({
      operationId: "getAttempt",
      summary: "How far the indexing of a tag, or its dry run, has come",
      responses: { ...failures("NOT_FOUND"), 200: dataAnswer(AttemptDto, "The attempt.") },
    }),
    validator("param", AttemptParam),
    async (c) => {
      const { id } = c.req.valid("param");
      const attempt = (await findAttempt(db, id)) ?? (await findRehearsal(db, id));
      if (attempt) return c.json({ data: attempt }, 200);
      throw new PaksError("NOT_FOUND", "There is no such attempt.");
    },
  );

  app.get(
    "/api/attempts",
    describeRoute({
      operationId: "listAttempts",
      summary:
        "The last attempts on a repository, or those of the token's account, newest first; or those with these ids",
      description:
        "At most 50 attempts on a repository, or of the token's account, newest first. With `ids`, up to 50 with commas between, the attempts that have them, in their order; unknown ones are left out. That needs no token, as a single attempt needs none, and counts as one request.",
      // Only a list that is not made of ids needs one.
      security: [{}, ...withToken.security],
      responses: {
        ...failures("AUTH_REQUIRED", "INVALID_TOKEN", "TOKEN_EXPIRED", "INVALID_REPOSITORY_URL", "HOST_NOT_ALLOWED"),
        200: dataAnswer(z.array(AttemptDto), "At most 50 attempts."),
      },
    }),
    validator("query", AttemptQuery),
    async (c) => {
      const { repository, ids } = c.req.valid("query");
      if (ids !== undefined && repository !== undefined)
        throw new PaksError("INVALID_PARAMETER", "ids and repository ask for two things.", {
          details: { field: "ids" },
        });
      if (ids !== undefined) return c.json({ data: await describeAttempts(deps, parseAttemptIds(ids)) }, 200);
      const { accountId } = await requireToken(c);
      const filter =
        repository === undefined
          ? { accountId: accountId ?? undefined }
          : { repositoryKey: parseRepositoryUrl(repository, gitPolicy).key };
      return c.json({ data: await listAttempts(db, { ...filter, limit: 50 }) }, 200);
    },
  );
}
