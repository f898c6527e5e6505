import { countAccounts } from "@paks/db";
import { HealthDto } from "@paks/schema";
import { describeRoute } from "hono-openapi";
import type { ApiDeps, App } from "../deps.ts";
import { dataAnswer, failures } from "../openapi.ts";

/** Probes that come while one is running share its answer: asking often must not be work for the database. */
function shareWhileRunning(work: () => Promise<unknown>): () => Promise<unknown> {
  let running: Promise<unknown> | undefined;
  return () =>
    (running ??= work().finally(() => {
      running = undefined;
    }));
}

export function health(app: App, { db, objects, version }: ApiDeps): void {
  app.get(
    "/healthz",
    describeRoute({
      operationId: "getHealth",
      summary: "Whether the process lives",
      responses: { 200: dataAnswer(HealthDto, "It lives.") },
    }),
    (c) => c.json({ data: { status: "ok", version } }, 200),
  );

  const probe = shareWhileRunning(() => Promise.all([countAccounts(db), objects.check()]));
  app.get(
    "/readyz",
    describeRoute({
      operationId: "getReadiness",
      summary: "Whether database and object storage work",
      responses: { ...failures("REGISTRY_UNAVAILABLE"), 200: dataAnswer(HealthDto, "Both work.") },
    }),
    async (c) => {
      await probe();
      return c.json({ data: { status: "ok", version } }, 200);
    },
  );
}
