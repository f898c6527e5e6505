import {
  type PakRef,
  PaksError,
  type PakVersionsDto,
  type ReleaseDto,
  formatPakId,
  formatPakRef,
  isPaksError,
  isVersion,
  mostPaksAtOnce,
  selectVersion,
} from "@paks/schema";
import { eachAtOnce } from "./install/each-at-once.ts";
import { findUsable, keepAnswer } from "./registry-cache.ts";
import type { HttpDeps } from "./registry-http.ts";
import { manyPath, releasePath, versionsPath } from "./registry-paths.ts";

/** What a registry says of one of many paks, or why it could not be asked. */
export type Told =
  | { readonly ref: PakRef; readonly told: PakVersionsDto; readonly failure?: undefined }
  | { readonly ref: PakRef; readonly told?: undefined; readonly failure: PaksError };

export interface ManyDeps extends Pick<HttpDeps, "url" | "offline" | "clock" | "debug" | "cache"> {
  readonly ask: (path: string) => Promise<{ readonly paks: readonly PakVersionsDto[]; readonly isPublic: boolean }>;
  /** Set when the registry turns out to be older than this way of asking. */
  readonly known: { unsupported: boolean };
}

/** Characters of an address that every proxy lets through. */
const longestPath = 6000;
const requestsAtOnce = 4;

/**
 * Asks for many paks in as few requests as there can be. What is missing from the result has to be asked for on its own:
 * a registry that is older, a pak that has no room in the answer, one that is kept here, a single one.
 */
export async function askForMany(
  deps: ManyDeps,
  refs: readonly PakRef[],
  { evenKept }: { readonly evenKept: boolean },
): Promise<readonly Told[]> {
  if (refs.length < 2 || deps.offline || deps.known.unsupported) return [];
  const open = evenKept ? refs : await withoutKept(deps, refs);
  if (open.length < 2) return [];
  return (await eachAtOnce(splitUp(open), requestsAtOnce, async (chunk) => await askChunk(deps, chunk))).flat();
}

/** What is young enough here needs no request. */
async function withoutKept(deps: ManyDeps, refs: readonly PakRef[]): Promise<readonly PakRef[]> {
  const { cache } = deps;
  if (cache === undefined || cache.ttl === 0) return refs;
  const parts = { ...deps, ...cache };
  const kept = await Promise.all(
    refs.map(async (ref) => await findUsable(parts, deps.url + pathOf(ref)).then((found) => found !== undefined)),
  );
  return refs.filter((_, index) => kept[index] === false);
}

const pathOf = (ref: PakRef): string =>
  ref.selector === undefined ? versionsPath(ref) : releasePath(ref, ref.selector);

function splitUp(refs: readonly PakRef[]): PakRef[][] {
  const chunks: PakRef[][] = [];
  for (const ref of refs) {
    const last = chunks.at(-1);
    const fits = last && last.length < mostPaksAtOnce && manyPath([...last, ref]).length <= longestPath;
    if (fits) last.push(ref);
    else chunks.push([ref]);
  }
  return chunks;
}

async function askChunk(deps: ManyDeps, refs: readonly PakRef[]): Promise<readonly Told[]> {
  try {
    const { paks, isPublic } = await deps.ask(manyPath(refs));
    const answer = requireAnswer(paks, refs);
    const told = refs.flatMap((ref) => judge(ref, answer.get(formatPakRef(ref))!));
    if (isPublic) await Promise.all(told.map(async (one) => await keep(deps, one)));
    return told;
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    if (unsupported.some((code) => error.code === code)) {
      deps.debug(`${deps.url} does not answer for many paks at once: ${error.message}`);
      deps.known.unsupported = true;
      return [];
    }
    return refs.map((ref) => ({ ref, failure: error }));
  }
}

/** There is no such address, or it takes other parameters. */
const unsupported = ["NOT_FOUND", "INVALID_PARAMETER"] as const;

/** Exactly what was asked for, each once. @throws PaksError INTEGRITY_MISMATCH, REGISTRY_UNAVAILABLE */
function requireAnswer(items: readonly PakVersionsDto[], refs: readonly PakRef[]): ReadonlyMap<string, PakVersionsDto> {
  const asked = new Set(refs.map(formatPakRef));
  const byRef = new Map<string, PakVersionsDto>();
  for (const item of items) {
    if (!asked.has(item.pak) || byRef.has(item.pak))
      throw wrong(`The registry answers for ${item.pak.slice(0, 200)}, which nobody asked for.`);
    byRef.set(item.pak, item);
  }
  const missing = [...asked].find((text) => !isAnswer(byRef.get(text)));
  if (missing === undefined) return byRef;
  throw new PaksError("REGISTRY_UNAVAILABLE", `The registry's answer says nothing of ${missing}.`, {
    hint: "Update paks, or check that the address is a paks registry.",
  });
}

const isAnswer = (item: PakVersionsDto | undefined): boolean =>
  item !== undefined && (item.versions !== undefined || item.error !== undefined);

function judge(ref: PakRef, told: PakVersionsDto): Told[] {
  // Any other reason is heard from the pak's own address.
  if (told.error !== undefined) return told.error.code === "PAK_NOT_FOUND" ? [{ ref, told }] : [];
  const { release } = told;
  if (release === undefined || release === null || isOfRef(release, ref)) return [{ ref, told }];
  const answered = `${formatPakId(release)}@${release.version.slice(0, 128)}`;
  return [{ ref, failure: wrong(`The registry answered ${answered} when asked for ${formatPakRef(ref)}.`) }];
}

const isOfRef = (release: ReleaseDto, ref: PakRef): boolean =>
  ref.selector !== undefined &&
  formatPakId(release) === formatPakId(ref) &&
  isVersion(release.version) &&
  selectVersion([release], ref.selector) !== undefined;

const wrong = (message: string): PaksError =>
  new PaksError("INTEGRITY_MISMATCH", message, { hint: "Do not use this registry; tell who runs it." });

/** As if each had been asked for at its own address, so that both ways of asking find what the other one kept. */
async function keep({ url, cache, clock }: ManyDeps, { ref, told }: Told): Promise<void> {
  if (cache === undefined || told === undefined) return;
  const { versions, release } = told;
  const parts = { answers: cache.answers, clock };
  await keepAnswer(parts, url + versionsPath(ref), versions);
  const isTold = release !== undefined || versions === undefined;
  if (ref.selector !== undefined && isTold)
    await keepAnswer(parts, url + releasePath(ref, ref.selector), release ?? undefined);
}
