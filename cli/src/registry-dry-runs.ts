import { type IndexDryRunDto, type IndexDryRunRequest, isPaksError, mostTagsAtOnce, PaksError } from "@paks/schema";
import { eachAtOnce } from "./install/each-at-once.ts";
import { type HttpDeps, isTooOld } from "./registry-http.ts";

export interface DryRunDeps extends Pick<HttpDeps, "url" | "debug"> {
  readonly askOne: (request: IndexDryRunRequest) => Promise<IndexDryRunDto>;
  readonly askMany: (requests: readonly IndexDryRunRequest[]) => Promise<readonly IndexDryRunDto[]>;
}

interface Waiting {
  readonly request: IndexDryRunRequest;
  readonly resolve: (answer: IndexDryRunDto | Promise<IndexDryRunDto>) => void;
}

/** Bytes of one request, which the registry reads up to 1 MiB. */
const maxBytes = 900_000;
/** Requests at once to a registry that takes one release in each. */
const singlesAtOnce = 8;

/** Asks for the dry run of a release. What is asked in one go is one request: a run of a hundred paks would use up the limit. */
export function openDryRuns(deps: DryRunDeps): (request: IndexDryRunRequest) => Promise<IndexDryRunDto> {
  const known = { unsupported: false };
  let waiting: Waiting[] = [];
  const send = async (): Promise<void> => {
    const all = waiting;
    waiting = [];
    await Promise.all(splitUp(all).map(async (chunk) => await askChunk({ ...deps, known }, chunk)));
  };
  return async (request) =>
    await new Promise((resolve) => {
      // What is planned side by side comes here within one turn.
      if (waiting.push({ request, resolve }) === 1) setImmediate(() => void send());
    });
}

function splitUp(all: readonly Waiting[]): Waiting[][] {
  const chunks: Waiting[][] = [];
  let room = 0;
  for (const each of all) {
    const bytes = Buffer.byteLength(JSON.stringify(each.request));
    const last = chunks.at(-1);
    if (last && last.length < mostTagsAtOnce && bytes <= room) last.push(each);
    else chunks.push([each]);
    room = (chunks.at(-1)!.length === 1 ? maxBytes : room) - bytes;
  }
  return chunks;
}

/** Settles all of them; never rejects itself. */
async function askChunk(
  deps: DryRunDeps & { readonly known: { unsupported: boolean } },
  chunk: readonly Waiting[],
): Promise<void> {
  const { known, askOne, url, debug } = deps;
  if (chunk.length > 1 && !known.unsupported) {
    const answers = await askAll(deps, chunk).catch((error: unknown) => error);
    if (Array.isArray(answers)) return chunk.forEach(({ resolve }, at) => resolve(answers[at] as IndexDryRunDto));
    if (!isPaksError(answers) || !isTooOld(answers))
      return chunk.forEach(({ resolve }) => resolve(Promise.reject(answers)));
    debug(`${url} judges one release at a time: ${answers.message}`);
    known.unsupported = true;
  }
  await eachAtOnce(chunk, singlesAtOnce, async ({ request, resolve }) => {
    const answer = askOne(request);
    resolve(answer);
    await Promise.allSettled([answer]);
  });
}

/** @throws PaksError REGISTRY_UNAVAILABLE when it is not one answer for each */
async function askAll({ askMany }: DryRunDeps, chunk: readonly Waiting[]): Promise<readonly IndexDryRunDto[]> {
  const answers = await askMany(chunk.map(({ request }) => request));
  if (answers.length === chunk.length) return answers;
  throw new PaksError("REGISTRY_UNAVAILABLE", "The registry's answer does not have one entry for each release.", {
    hint: "Update paks, or check that the address is a paks registry.",
  });
}
