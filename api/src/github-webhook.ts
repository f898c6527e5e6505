import { randomBytes } from "node:crypto";
import { listWebhookSecrets, type WebhookSecret } from "@paks/db";
import { Webhooks } from "@octokit/webhooks";
import { isPaksError, PaksError, parseRepositoryUrl, type RepositoryUrl } from "@paks/schema";
import * as z from "zod/mini";
import type { ApiDeps } from "./deps.ts";
import { parseJson } from "./request-body.ts";

const NumericId = z.int().check(z.positive());

/** The part of a delivery that says where it comes from; read before the signature, believed only after it. */
const Origin = z.looseObject({
  repository: z.looseObject({
    id: z.optional(NumericId),
    clone_url: z.optional(z.string()),
    html_url: z.optional(z.string()),
    owner: z.optional(z.looseObject({ id: z.optional(NumericId) })),
  }),
});
type Origin = z.infer<typeof Origin>;

/** The parts of the payloads that we act on. https://docs.github.com/en/webhooks/webhook-events-and-payloads */
const PushEvent = z.looseObject({ ref: z.string(), deleted: z.optional(z.boolean()) });
const CreateEvent = z.looseObject({ ref: z.string(), ref_type: z.string() });

export interface Delivery {
  readonly repository: RepositoryUrl;
  readonly sender: WebhookSecret;
  /** The host's numeric ids, as evidence. */
  readonly ids: { readonly repository_id?: string; readonly owner_id?: string };
  readonly payload: unknown;
}

// One error whatever was wrong, so that nobody learns which repositories have a webhook here.
export const invalidSignature = () =>
  new PaksError("INVALID_SIGNATURE", "The webhook's signature is missing or wrong.", {
    hint: "Make a secret with `paks-registry admin hooks secret` and enter it at the git host.",
  });

/** Compares in constant time, over the bytes as they came: JSON written again would give another HMAC. */
async function isSigned(secret: string, body: string, signature: string): Promise<boolean> {
  if (body === "" || signature === "") return false;
  return new Webhooks({ secret }).verify(body, signature);
}

/** For repositories without a secret: an answer that comes faster would tell them apart. */
const nobodysSecret = randomBytes(32).toString("hex");

function readOrigin(
  gitPolicy: ApiDeps["gitPolicy"],
  payload: unknown,
): { origin: Origin; repository: RepositoryUrl } | undefined {
  const origin = z.safeParse(Origin, payload);
  if (!origin.success) return undefined;
  const { clone_url, html_url } = origin.data.repository;
  const url = clone_url ?? html_url;
  if (url === undefined) return undefined;
  try {
    return { origin: origin.data, repository: parseRepositoryUrl(url, gitPolicy) };
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

function readText(body: Uint8Array): { text: string; payload: unknown } | undefined {
  try {
    const payload = parseJson(body);
    return { text: Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"), payload };
  } catch (error) {
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

/**
 * The delivery, once its signature was found to be made with a secret of that very repository. Secrets are kept per
 * repository, so the body's own claim chooses which ones are tried; until one fits nothing else of it is used.
 * @throws PaksError INVALID_SIGNATURE
 */
export async function requireDelivery(
  { db, gitPolicy }: ApiDeps,
  request: { body: Uint8Array; signature: string | undefined },
): Promise<Delivery> {
  const { signature = "" } = request;
  const read = readText(request.body);
  const claimed = read && readOrigin(gitPolicy, read.payload);
  const secrets = claimed ? await listWebhookSecrets(db, claimed.repository.key) : [];
  if (secrets.length === 0) await isSigned(nobodysSecret, read?.text ?? "-", signature || "-");
  for (const sender of read && claimed ? secrets : []) {
    if (!(await isSigned(sender.secret, read!.text, signature))) continue;
    const { id, owner } = claimed!.origin.repository;
    const ids = {
      ...(id === undefined ? {} : { repository_id: String(id) }),
      ...(owner?.id === undefined ? {} : { owner_id: String(owner.id) }),
    };
    return { repository: claimed!.repository, sender, ids, payload: read!.payload };
  }
  throw invalidSignature();
}

/** The tag that an event says is new; `ignored` says why there is nothing to do. Throws INVALID_PARAMETER. */
export function readTagEvent(event: string, payload: unknown): { tag: string } | { ignored: string } {
  if (event === "push") {
    const { ref, deleted } = requireShape(PushEvent, payload);
    if (!ref.startsWith("refs/tags/")) return { ignored: "not a tag" };
    return deleted === true ? { ignored: "deleted" } : { tag: ref.slice("refs/tags/".length) };
  }
  if (event === "create") {
    const { ref, ref_type } = requireShape(CreateEvent, payload);
    return ref_type === "tag" ? { tag: ref } : { ignored: "not a tag" };
  }
  return { ignored: `no tags in the event ${event}` };
}

function requireShape<T extends z.ZodMiniType>(schema: T, payload: unknown): z.output<T> {
  const parsed = z.safeParse(schema, payload);
  if (parsed.success) return parsed.data;
  throw new PaksError("INVALID_PARAMETER", "The payload is not one of the event that its header names.");
}
