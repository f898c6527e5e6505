import { findAttempt, findRehearsal, listAttempts } from "@paks/db";
import { AttemptDto, PaksError, parseRepositoryUrl } from "@paks/schema";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { requireToken } from "../caller.ts";
import type { ApiDeps, App } from "../deps.ts";
import { dataAnswer, failures, withToken } from "../openapi.ts";
import { validator } from "../validation.ts";

const AttemptParam = z.object({ id: z.uuid() });
const AttemptQuery = z.object({ repository: z.optional(z.string().check(z.minLength(1), z.maxLength(2048))) });

export function attempts(app: App, { db, gitPolicy }: ApiDeps): void {
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
      summary: "The last attempts on a repository, or those of the token's account; newest first",
      ...withToken,
      responses: {
        ...failures("AUTH_REQUIRED", "INVALID_TOKEN", "TOKEN_EXPIRED", "INVALID_REPOSITORY_URL", "HOST_NOT_ALLOWED"),
        200: dataAnswer(z.array(AttemptDto), "At most 50 attempts."),
      },
    }),
    validator("query", AttemptQuery),
    async (c) => {
      const { repository } = c.req.valid("query");
      const { accountId } = await requireToken(c);
      const filter =
        repository === undefined
          ? { accountId: accountId ?? undefined }
          : { repositoryKey: parseRepositoryUrl(repository, gitPolicy).key };
      return c.json({ data: await listAttempts(db, { ...filter, limit: 50 }) }, 200);
    },
  );
}
