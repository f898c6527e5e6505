import { enqueueReconcile, hasWebhookSecrets, insertDelivery, inTransaction } from "@paks/db";
import { AttemptDto, isPaksError, PaksError, parseTagName } from "@paks/schema";
import { describeRoute } from "hono-openapi";
import * as z from "zod/mini";
import type { ApiDeps, App } from "../deps.ts";
import { type Delivery, readTagEvent, requireDelivery } from "../github-webhook.ts";
import { bodyFailures, dataAnswer, failures } from "../openapi.ts";
import type { RateLimits } from "../rate-limits.ts";
import { bodyLimits, readBody, requireJsonType } from "../request-body.ts";
import { invalidInput } from "../validation.ts";

const Answer = z.looseObject({
  /** True when this delivery was handled before. */
  duplicate: z.optional(z.boolean()),
  /** Why there was nothing to do. */
  ignored: z.optional(z.string()),
  pong: z.optional(z.boolean()),
  attempt: z.optional(AttemptDto),
});

const DeliveryHeaders = z.object({
  "x-github-event": z.string().check(z.regex(/^[a-z_]{1,64}$/)),
  "x-github-delivery": z.string().check(z.regex(/^[\w-]{1,128}$/)),
});

/** @throws PaksError WEBHOOK_NOT_CONFIGURED */
async function requireConfigured({ db }: ApiDeps): Promise<void> {
  // Told only while the registry has no secret at all: then it says nothing about any repository.
  if (await hasWebhookSecrets(db)) return;
  throw new PaksError("WEBHOOK_NOT_CONFIGURED", "This registry has no webhook secret.", {
    hint: "Make one: paks-registry admin hooks secret --account … --repository …",
  });
}

/** What a tag event leads to; the delivery's id and the hint are written together or not at all. */
async function acceptTag(deps: ApiDeps, delivery: Delivery, about: { tag: string; event: string; id: string }) {
  const { repository, sender, ids } = delivery;
  const { tag, event, id } = about;
  return inTransaction(deps.db, async (trx) => {
    const seen = { host: repository.host, deliveryId: id, event, repositoryKey: repository.key };
    if (!(await insertDelivery(trx, seen))) return undefined;
    const details = { ...ids, delivery: id, event };
    return enqueueReconcile(trx, {
      repository,
      tag,
      trigger: "webhook",
      evidence: { kind: "webhook", accountId: sender.accountId, details },
    });
  });
}

/** The event's tag; a name that can be no release tag is nothing to do, not a failure that the host should repeat. */
function readEvent(event: string, payload: unknown): { tag: string } | { ignored: string } {
  const read = readTagEvent(event, payload);
  if ("ignored" in read) return read;
  try {
    return { tag: parseTagName(read.tag) };
  } catch (error) {
    if (isPaksError(error, "INVALID_TAG")) return { ignored: error.message };
    throw error;
  }
}

export function hooks(app: App, deps: ApiDeps, limits: RateLimits): void {
  app.post(
    "/api/hooks/github",
    describeRoute({
      operationId: "receiveGithubWebhook",
      summary: "GitHub's webhook: tag pushes and pings",
      description:
        "`X-Hub-Signature-256` must be made with a secret of the repository that the body names. An unknown repository and a wrong signature get the same answer. A repeated `X-GitHub-Delivery` changes nothing.",
      responses: {
        ...failures("INVALID_SIGNATURE", "WEBHOOK_NOT_CONFIGURED", ...bodyFailures),
        200: dataAnswer(Answer, "Nothing to do: a ping, a repetition, or not about a tag."),
        202: dataAnswer(Answer, "The attempt that will read the tag."),
      },
    }),
    async (c) => {
      requireJsonType(c);
      await requireConfigured(deps);
      const body = await readBody(c, bodyLimits.webhook);
      const delivery = await requireDelivery(deps, { body, signature: c.req.header("x-hub-signature-256") }).catch(
        async (error: unknown) => {
          // Only failures count: the host's addresses are shared by everybody's webhooks.
          if (isPaksError(error, "INVALID_SIGNATURE")) await limits.countAgainstAddress(c);
          throw error;
        },
      );
      await limits.countAgainst(c, `webhook ${delivery.repository.key}`);
      const headers = z.safeParse(DeliveryHeaders, c.req.header());
      if (!headers.success) throw invalidInput("header", headers.error.issues);
      const { "x-github-event": event, "x-github-delivery": id } = headers.data;
      if (event === "ping") return c.json({ data: { pong: true } }, 200);
      const read = readEvent(event, delivery.payload);
      if ("ignored" in read) return c.json({ data: read }, 200);
      const attempt = await acceptTag(deps, delivery, { tag: read.tag, event, id });
      deps.onEnqueue?.();
      return attempt ? c.json({ data: { attempt } }, 202) : c.json({ data: { duplicate: true } }, 200);
    },
  );
}
