import {
  type AttemptDto,
  type IndexedTagDto,
  type IndexRequest,
  isPaksError,
  mostTagsAtOnce,
  PaksError,
} from "@paks/schema";
import { eachAtOnce } from "./install/each-at-once.ts";
import { firstWait, hasEnded, nextWait } from "./registry-follow.ts";
import { type HttpDeps, isTooOld, mayReport } from "./registry-http.ts";

/** A tag of a repository, and the folder of its pak. */
export type TagToTell = Pick<IndexRequest, "tag" | "path">;

/** How a registry got on with one of several tags, or why that is not known. */
export type Answered =
  | { readonly attempt: AttemptDto; readonly failure?: undefined }
  | { readonly attempt?: undefined; readonly failure: PaksError };

export interface TagsDeps extends Pick<HttpDeps, "url" | "signal" | "sleep" | "debug"> {
  readonly tellOne: (request: IndexRequest) => Promise<AttemptDto>;
  readonly tellMany: (repository: string, tags: readonly TagToTell[]) => Promise<readonly IndexedTagDto[]>;
  readonly findOne: (id: string) => Promise<AttemptDto>;
  readonly findMany: (ids: readonly string[]) => Promise<readonly AttemptDto[]>;
  /** Set when the registry turns out to be older than this way of asking. */
  readonly known: { unsupported: boolean };
}

/** Requests at once to a registry that takes one tag in each. */
const singlesAtOnce = 4;

/** Tells a registry of several tags in as few requests as there can be; answers in their order. */
export async function tellTags(
  deps: TagsDeps,
  repository: string,
  tags: readonly TagToTell[],
): Promise<readonly Answered[]> {
  const answers: Answered[] = [];
  for (const chunk of splitUp(tags)) {
    const last = answers.at(-1)?.failure;
    // What stands in the way of all of them would stand in the way of the rest, too.
    const stopped = last !== undefined && answers.every(({ failure }) => failure === last);
    answers.push(...(stopped ? chunk.map(() => ({ failure: last })) : await tellChunk(deps, repository, chunk)));
  }
  return answers;
}

const splitUp = <T>(items: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(items.length / mostTagsAtOnce) }, (_, at) =>
    items.slice(at * mostTagsAtOnce, (at + 1) * mostTagsAtOnce),
  );

async function tellChunk(deps: TagsDeps, repository: string, tags: readonly TagToTell[]): Promise<readonly Answered[]> {
  if (tags.length > 1 && !deps.known.unsupported) {
    try {
      return readAnswers(await deps.tellMany(repository, tags), tags);
    } catch (error) {
      const failure = expectFailure(error);
      if (!isUnsupported(deps, failure)) return tags.map(() => ({ failure }));
    }
  }
  return await eachAtOnce(tags, singlesAtOnce, async (tag) => await answered(deps.tellOne({ repository, ...tag })));
}

function isUnsupported({ url, debug, known }: TagsDeps, failure: PaksError): boolean {
  if (!isTooOld(failure)) return false;
  debug(`${url} takes one tag at a time: ${failure.message}`);
  known.unsupported = true;
  return true;
}

/** Exactly what was told, in its order. @throws PaksError REGISTRY_UNAVAILABLE */
function readAnswers(items: readonly IndexedTagDto[], tags: readonly TagToTell[]): readonly Answered[] {
  return tags.map(({ tag }, at): Answered => {
    const { tag: told, attempt, error } = items[at] ?? {};
    if (told === tag && attempt !== undefined) return { attempt };
    if (told === tag && error !== undefined) {
      const refused = error.code === "INTERNAL" ? "REGISTRY_UNAVAILABLE" : "INVALID_PARAMETER";
      const code = mayReport(error.code) ? error.code : refused;
      const { hint, details } = error;
      return { failure: new PaksError(code, error.message.slice(0, 2000), { hint: hint?.slice(0, 1000), details }) };
    }
    throw new PaksError("REGISTRY_UNAVAILABLE", `The registry's answer says nothing of ${tag}.`, {
      hint: "Update paks, or check that the address is a paks registry.",
    });
  });
}

async function answered(work: Promise<AttemptDto>): Promise<Answered> {
  try {
    return { attempt: await work };
  } catch (error) {
    return { failure: expectFailure(error) };
  }
}

/** Ctrl-C and faults of ours end the run as ever. */
function expectFailure(error: unknown): PaksError {
  if (!isPaksError(error) || error.code === "CANCELLED" || error.code === "INTERNAL") throw error;
  return error;
}

export interface FollowTagsOptions {
  /** Default 120 s in which none of them has ended. When it runs out the attempts are returned as they stand. */
  readonly timeoutMilliseconds?: number;
  /** Called with what is known of all of them, in their order, when something is new. */
  readonly onChange?: (answers: readonly Answered[]) => void;
}

const isOpen = ({ attempt }: Answered): boolean => attempt !== undefined && !hasEnded(attempt);

/**
 * Waits until all attempts have ended, or none has for a while: one that is tried again and again is waited for as long
 * as a single one. One request looks at all that are open, or
 * at those of them that were not looked at for longest.
 */
export async function followTags(
  deps: TagsDeps,
  told: readonly Answered[],
  { timeoutMilliseconds = 120_000, onChange }: FollowTagsOptions = {},
): Promise<readonly Answered[]> {
  const answers = [...told];
  let open = [...answers.keys()].filter((at) => isOpen(answers[at]!));
  let end = Date.now() + timeoutMilliseconds;
  onChange?.(answers);
  // As with a single one; the first look comes after a wait, since the answers of before are fresh.
  for (let wait = firstWait; open.length > 0 && Date.now() + wait < end; wait = nextWait(wait)) {
    await deps.sleep(wait, deps.signal);
    const asked = open.slice(0, deps.known.unsupported ? singlesAtOnce : mostTagsAtOnce);
    const looked = await look(
      deps,
      asked.map((at) => answers[at]!.attempt!.id),
    );
    const before = asked.map((at) => describe(answers[at]!)).join();
    for (const [place, at] of asked.entries()) answers[at] = looked[place]!;
    const still = asked.filter((at) => isOpen(answers[at]!));
    open = [...open.slice(asked.length), ...still];
    if (before === asked.map((at) => describe(answers[at]!)).join()) continue;
    if (still.length < asked.length) end = Date.now() + timeoutMilliseconds;
    onChange?.(answers);
    // Where all of them are done the next ones may be, too.
    if (still.length === 0) wait = firstWait;
  }
  return answers;
}

const describe = ({ attempt }: Answered): string => JSON.stringify([attempt?.state, attempt?.stage, attempt?.code]);

/** What has become of these, in their order. */
async function look(deps: TagsDeps, ids: readonly string[]): Promise<readonly Answered[]> {
  const found = new Map<string, Answered>();
  if (ids.length > 1 && !deps.known.unsupported) {
    const { attempts = [], failure } = await lookAtAll(deps, ids);
    if (failure && !isUnsupported(deps, failure)) return ids.map(() => ({ failure }));
    for (const attempt of attempts) found.set(attempt.id, { attempt });
  }
  const missing = ids.filter((id) => !found.has(id));
  await eachAtOnce(missing, singlesAtOnce, async (id) => found.set(id, await answered(deps.findOne(id))));
  return ids.map((id) => found.get(id)!);
}

async function lookAtAll(
  { findMany }: TagsDeps,
  ids: readonly string[],
): Promise<{ readonly attempts?: readonly AttemptDto[]; readonly failure?: PaksError }> {
  try {
    return { attempts: await findMany(ids) };
  } catch (error) {
    return { failure: expectFailure(error) };
  }
}
