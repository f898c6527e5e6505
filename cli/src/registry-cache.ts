import { isJsonObject, isPaksError, parseJson } from "@paks/schema";
import type { Answer, Call, HttpDeps } from "./registry-http.ts";
import type { AnswerCache, KeptAnswer } from "./store/answers.ts";

interface Parts extends Pick<HttpDeps, "url" | "offline" | "clock" | "debug" | "note"> {
  readonly answers: AnswerCache;
  /** Seconds that an answer is used without asking. */
  readonly ttl: number;
  readonly read: boolean;
}

/**
 * A public document: from here when it is young enough or there is no network, else asked for by its ETag, so that an
 * unchanged one costs no bytes.
 */
export async function askThroughCache(parts: Parts, call: Call, ask: (call: Call) => Promise<Answer>): Promise<Answer> {
  const { answers, clock } = parts;
  const url = parts.url + call.path;
  const kept = await findKept(parts, url);
  if (kept !== undefined && (await isUsable(parts, kept))) {
    parts.debug(`${url}: as the registry answered at ${kept.storedAt.toISOString()}`);
    return answerOf(kept);
  }
  const answer = await askOrForget(parts, url, () => ask(withEtag(call, kept)));
  const used = answer.status === 304 && kept !== undefined ? answerOf(kept) : answer;
  const etag = answer.headers.get("etag") ?? (answer.status === 304 ? kept?.etag : undefined);
  // What is told to those who are logged in is not kept: the next command may be another account's, or nobody's.
  if (answer.authorized !== true && etag !== undefined && /^(?:W\/)?"[\x21\x23-\x7e]{1,200}"$/.test(etag))
    await answers.put(url, { etag, body: used.bytes, storedAt: clock() });
  return used;
}

/** Without a network an old answer is the only one there is. */
const findKept = async (
  { answers, read, offline }: Omit<Parts, "note">,
  url: string,
): Promise<KeptAnswer | undefined> => (read || offline ? await answers.find(url) : undefined);

/** An answer that is young enough to be used unasked. */
export async function findUsable(parts: Parts, url: string): Promise<KeptAnswer | undefined> {
  const kept = await findKept(parts, url);
  return kept !== undefined && (await isUsable(parts, kept)) ? kept : undefined;
}

/** Stands for an answer that came together with others. No registry has given it: whoever asks by it gets all anew. */
const noEtag = 'W/"together"';

/**
 * Keeps a document that did not come from its own address, as if it had. Where nothing has changed, the one that did
 * stays: it can say more (changelogs), and has an ETag.
 * @param data undefined: there is no such document
 */
export async function keepAnswer({ answers, clock }: Pick<Parts, "answers" | "clock">, url: string, data: unknown) {
  if (data === undefined) return await answers.forget(url);
  const kept = await answers.find(url);
  const isUnchanged = kept !== undefined && factsOf(parseJson(kept.body.toString("utf8"))) === factsOf({ data });
  const { etag, body } = isUnchanged ? kept : { etag: noEtag, body: Buffer.from(JSON.stringify({ data })) };
  await answers.put(url, { etag, body, storedAt: clock() });
}

/** What a list of versions or a release can say anew: its content never changes. */
function factsOf(answer: unknown): string {
  const data = isJsonObject(answer) ? answer["data"] : undefined;
  const all: unknown[] = Array.isArray(data) ? data : [data];
  return JSON.stringify(all.map((one) => (isJsonObject(one) ? { ...one, changelog: undefined } : one)));
}

async function isUsable({ offline, ttl, clock, answers }: Parts, kept: KeptAnswer): Promise<boolean> {
  if (offline) return true;
  const seconds = (clock().getTime() - kept.storedAt.getTime()) / 1000;
  return seconds >= 0 && seconds < ttl && (await answers.isCurrent(kept));
}

const withEtag = (call: Call, kept: KeptAnswer | undefined): Call =>
  kept === undefined ? call : { ...call, headers: { ...call.headers, "if-none-match": kept.etag } };

/** What the registry no longer has must not come back without a network. */
async function askOrForget({ answers }: Parts, url: string, ask: () => Promise<Answer>): Promise<Answer> {
  try {
    return await ask();
  } catch (error) {
    if (gone.some((code) => isPaksError(error, code))) await answers.forget(url);
    throw error;
  }
}
const gone = ["PAK_NOT_FOUND", "VERSION_NOT_FOUND", "NOT_FOUND", "TAKEN_DOWN"] as const;

const answerOf = ({ body }: KeptAnswer): Answer => ({ status: 200, headers: { get: () => null }, bytes: body });
