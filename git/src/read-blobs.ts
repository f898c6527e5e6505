import { isPaksError, PaksError } from "@paks/schema";

import { type CagedRepository, reopenEmpty, runRemote } from "./cage.ts";
import { fetchRef } from "./fetch-ref.ts";
import { type ObjectFact, readObjectBytes, readObjectFacts, requireObjectIds, unexpectedObject } from "./objects.ts";
import { type GitPoint, pointText } from "./point.ts";

/** Where blobs are read, which changes once when the host gives out no single ones. */
export interface BlobPlace {
  caged: CagedRepository;
  readonly point: GitPoint;
  /** What the ref pointed to when its tree was read. */
  readonly object: string;
  /** What was found here; an object never changes and never goes. */
  readonly facts: Map<string, ObjectFact>;
  /** What the host has sent. */
  readonly sent: Set<string>;
  /** What each one wants who waits for the host. */
  readonly waiting: Set<readonly string[]>;
  /** What their request failed with, that somebody else made. */
  readonly failures: Map<readonly string[], unknown>;
  /** Two fetches at once would write the same files; each begins when the one before is done. */
  turn: Promise<void>;
}

export const openBlobs = (caged: CagedRepository, point: GitPoint, object: string): BlobPlace => ({
  caged,
  point,
  object,
  facts: new Map(),
  sent: new Set(),
  waiting: new Set(),
  failures: new Map(),
  turn: Promise.resolve(),
});

/**
 * The bytes of blobs. What is missing is fetched first, all of it at once; nothing is read before its size is known.
 * @throws PaksError INVALID_PARAMETER, TOO_LARGE with `details.oid`, UNSAFE_MODE when an id is not a blob's, GIT_*
 */
export async function readBlobs(place: BlobPlace, oids: readonly string[]): Promise<Map<string, Buffer>> {
  const wanted = [...new Set(oids)];
  const facts = await fetchBlobs(place, wanted);
  const blobs = wanted.map((oid, index) => requireBlob(oid, facts[index], place.caged));
  requireTotal(blobs, place.caged.cage.limits.releaseBytes);
  return readObjectBytes(place.caged, blobs);
}

/**
 * Fetches what is missing; returns what is here then, at the place where it was asked for.
 * @throws PaksError INVALID_PARAMETER, GIT_*
 */
export async function fetchBlobs(place: BlobPlace, oids: readonly string[]): Promise<(ObjectFact | undefined)[]> {
  requireObjectIds(oids);
  const missing = await listMissing(place, oids);
  if (missing.length > 0) {
    await waitFor(place, missing);
    await listMissing(place, missing);
  }
  return oids.map((oid) => place.facts.get(oid));
}

/** Looks at those only of which nothing is known yet. */
async function listMissing({ caged, facts }: BlobPlace, oids: readonly string[]): Promise<string[]> {
  const unknown = [...new Set(oids)].filter((oid) => !facts.has(oid));
  const found = await readObjectFacts(caged, unknown);
  return unknown.filter((oid, index) => {
    const fact = found[index];
    if (fact) facts.set(oid, fact);
    return fact === undefined;
  });
}

async function waitFor(place: BlobPlace, wanted: readonly string[]): Promise<void> {
  place.waiting.add(wanted);
  const done = place.turn.then(() => fetchWaiting(place, wanted));
  place.turn = done.catch(() => undefined);
  await done;
}

/**
 * Whoever's turn it is asks for all that others wait for by then. What is too much because of theirs is not his failure;
 * a host that does not answer is everybody's, or each would wait for it in turn.
 */
async function fetchWaiting(place: BlobPlace, wanted: readonly string[]): Promise<void> {
  const listUnsent = (oids: readonly string[]) => oids.filter((oid) => !place.sent.has(oid));
  const all = new Set(listUnsent([...place.waiting].flat()));
  place.waiting.delete(wanted);
  if (place.failures.has(wanted)) throw place.failures.get(wanted);
  const own = listUnsent(wanted);
  if (own.length === 0) return;
  if (all.size > own.length) {
    try {
      return await fetchMissing(place, [...all]);
    } catch (error) {
      if (!isAboutWhatIsSent(error)) {
        for (const other of place.waiting) place.failures.set(other, error);
        throw error;
      }
    }
  }
  await fetchMissing(place, own);
}

const isAboutWhatIsSent = (error: unknown): boolean =>
  isPaksError(error, "TOO_LARGE") ||
  isPaksError(error, "REPOSITORY_TOO_COMPLEX") ||
  isPaksError(error, "GIT_PROTOCOL_ERROR");

async function fetchMissing(place: BlobPlace, oids: readonly string[]): Promise<void> {
  try {
    await fetchObjects(place.caged, oids);
  } catch (error) {
    if (!isPaksError(error) || error.details?.["unadvertised"] !== true) throw error;
    await fetchEverything(place);
  }
  for (const oid of oids) place.sent.add(oid);
}

/** One request for all: nothing is offered in exchange (`noop`), because nothing that we have leads to a blob. */
async function fetchObjects(caged: CagedRepository, oids: readonly string[]): Promise<void> {
  const command = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules"];
  await runRemote(caged, [...command, "--no-auto-maintenance", "--stdin", "--end-of-options", caged.repository.url], {
    config: ["fetch.negotiationAlgorithm=noop"],
    stdin: oids.map((oid) => `${oid}\n`).join(""),
    stdoutBytes: 64 * 1024,
  });
}

/** For hosts that filter, but give out only what a ref leads to: the whole commit, once more, without a filter. */
async function fetchEverything(place: BlobPlace): Promise<void> {
  const plain = await reopenEmpty(place.caged);
  await fetchRef(plain, { point: place.point, filter: false });
  const [fact] = await readObjectFacts(plain, ["refs/paks/t"]);
  if (fact?.oid !== place.object) {
    throw new PaksError(
      "GIT_PROTOCOL_ERROR",
      `What ${pointText(place.point)} leads to was changed while it was read.`,
      {
        hint: "Try again.",
      },
    );
  }
  place.caged = plain;
}

function requireBlob(oid: string, fact: ObjectFact | undefined, caged: CagedRepository): ObjectFact {
  const { fileBytes } = caged.cage.limits;
  if (!fact) throw unexpectedObject(oid);
  if (fact.type !== "blob") {
    throw new PaksError("UNSAFE_MODE", `What is listed as a file is a ${fact.type}.`, {
      details: { oid, rule: "object-type" },
    });
  }
  if (fact.size <= fileBytes) return fact;
  throw new PaksError("TOO_LARGE", `A file has ${fact.size} bytes; at most ${fileBytes} are allowed.`, {
    hint: "Shorten, split or remove it.",
    details: { oid, size: fact.size, limit: fileBytes, rule: "file-too-large" },
  });
}

function requireTotal(blobs: readonly ObjectFact[], limit: number): void {
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= limit) return;
  throw new PaksError("TOO_LARGE", `The files have ${bytes} bytes together; at most ${limit} are allowed.`, {
    hint: "Remove what the release does not need.",
    details: { size: bytes, limit, rule: "release-too-large" },
  });
}
