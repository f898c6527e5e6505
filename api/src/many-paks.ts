import { listReleases, listVersionsOfPaks, type PakVersions } from "@paks/db";
import {
  formatPakRef,
  isPaksError,
  mostPaksAtOnce,
  type PakRef,
  PaksError,
  type PakVersionsDto,
  parsePakRef,
  type ReleaseDto,
  selectVersion,
} from "@paks/schema";
import type { ApiDeps } from "./deps.ts";

/** Bytes of all items together; clients read 5 MB at once. */
const maxBytes = 3_000_000;

/** Refs between commas, each once. @throws PaksError INVALID_PARAMETER */
export function parsePakRefs(text: string): PakRef[] {
  const texts = text.split(",");
  if (texts.length > mostPaksAtOnce)
    throw new PaksError("INVALID_PARAMETER", `More than ${mostPaksAtOnce} paks are too many for one request.`, {
      details: { field: "paks", limit: mostPaksAtOnce },
    });
  return [...new Map(texts.map(parseRef).map((ref) => [formatPakRef(ref), ref])).values()];
}

function parseRef(text: string): PakRef {
  try {
    return parsePakRef(text);
  } catch (cause) {
    if (!isPaksError(cause)) throw cause;
    throw new PaksError("INVALID_PARAMETER", cause.message, { hint: cause.hint, details: { field: "paks" }, cause });
  }
}

/** What is to be said of each of these, in their order. However many they are: one query, two with selectors. */
export async function describePaks({ db }: ApiDeps, refs: readonly PakRef[]): Promise<PakVersionsDto[]> {
  const found = await listVersionsOfPaks(db, refs);
  const chosen = refs.map(({ selector }, index) => chooseRelease(found[index], selector));
  const releases = await listReleases(
    db,
    chosen.flatMap((id) => id ?? []),
  );
  let room = maxBytes;
  return refs.map((ref, index) => {
    const id = chosen[index];
    const release = typeof id === "string" ? releases.get(id) : id;
    const { item, bytes } = fitting(describePak(ref, found[index], release), room);
    room -= bytes;
    return item;
  });
}

type Found = PakVersions | undefined | "cut";

/** The id of what the selector means; null when nothing fits; undefined when it was not asked. */
function chooseRelease(found: Found, selector: string | undefined): string | null | undefined {
  if (selector === undefined || found === undefined || found === "cut") return undefined;
  const version = selectVersion(found.versions, selector)?.version;
  return version === undefined ? null : found.releaseIds.get(version);
}

function describePak(ref: PakRef, found: Found, release: ReleaseDto | null | undefined): PakVersionsDto {
  const pak = formatPakRef(ref);
  if (found === undefined) return { pak, error: { code: "PAK_NOT_FOUND", message: "There is no such pak." } };
  if (found === "cut") return tooLarge(pak);
  const { versions, repository } = found;
  return { pak, repository, versions, ...(release === undefined ? {} : { release }) };
}

const tooLarge = (pak: string): PakVersionsDto => ({
  pak,
  error: { code: "TOO_LARGE", message: "There is no room for it in this answer. Ask for it on its own." },
});

/** The versions without the release where both are too much, else a word that it has to be asked for alone. */
function fitting(item: PakVersionsDto, room: number): { readonly item: PakVersionsDto; readonly bytes: number } {
  const { release: _release, ...bare } = item;
  for (const one of [item, bare]) {
    const bytes = Buffer.byteLength(JSON.stringify(one));
    if (bytes <= room) return { item: one, bytes };
  }
  // Some hundred bytes each, at most fifty times: they always have room.
  return { item: tooLarge(item.pak), bytes: 0 };
}
