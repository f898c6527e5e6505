import { PakVersionsDto } from "@paks/schema";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import { answerDocument } from "../answers.ts";
import type { ApiDeps, App } from "../deps.ts";
import { describePaks, parsePakRefs } from "../many-paks.ts";
import { dataAnswer, failures } from "../openapi.ts";
import { validator } from "../validation.ts";

/** One text with commas: a name that stands twice in a query is refused everywhere, and GET can be cached. */
const PaksQuery = z.object({ paks: z.string().check(z.minLength(3), z.maxLength(8000)) });

export function getManyPaks(app: App, deps: ApiDeps): void {
  app.get(
    "/api/versions",
    describeRoute({
      operationId: "listVersionsOfPaks",
      summary: "The versions of up to 50 paks with one request",
      description:
        "The versions of up to 50 paks, written `account/name` or `account/name@selector` with commas between. With a " +
        "selector the release that it chooses comes along. Each pak has an entry of its own, an unknown one too. Counts as one request.",
      responses: { ...failures(), 200: dataAnswer(z.array(PakVersionsDto), "One entry for each, in their order.") },
    }),
    validator("query", PaksQuery),
    async (c) => answerDocument(c, { data: await describePaks(deps, parsePakRefs(c.req.valid("query").paks)) }),
  );
}
