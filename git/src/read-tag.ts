import { PaksError } from "@paks/schema";

import type { CagedRepository } from "./cage.ts";
import { type ObjectFact, readObjectBytes, readObjectFacts } from "./objects.ts";

/** What an annotated tag's object says. Nothing of it is verified: whoever can write the object can write anything. */
export interface TagAnnotation {
  /** The name inside the object, which is not always the ref's. */
  readonly tagName: string;
  readonly message: string;
  /** ISO 8601; `undefined` when there is no tagger or no readable time. */
  readonly taggedAt: string | undefined;
}

export interface ReadTag {
  /** What the ref points to: a tag object, or the commit itself. */
  readonly object: string;
  readonly commit: string;
  /** Of the outermost tag object; `undefined` for a lightweight tag. */
  readonly annotation: TagAnnotation | undefined;
}

/** Where every fetch puts the tag. */
export const tagRef = "refs/paks/t";

const tagObjectBytes = 64 * 1024;
const maxNesting = 5;

/**
 * From the fetched ref to its commit.
 * @throws PaksError TAG_NOT_A_COMMIT, TOO_LARGE for an annotation over 64 KiB
 */
export async function readTag(caged: CagedRepository): Promise<ReadTag> {
  const [outer, commit] = await readObjectFacts(caged, [tagRef, `${tagRef}^{commit}`]);
  if (!outer || commit?.type !== "commit") throw notACommit("The tag does not lead to a commit.");
  if (outer.type === "commit") return { object: outer.oid, commit: commit.oid, annotation: undefined };
  const bytes = await readTagObject(caged, outer);
  await requireShallow(caged, bytes);
  return { object: outer.oid, commit: commit.oid, annotation: parseAnnotation(bytes) };
}

const notACommit = (message: string): PaksError =>
  new PaksError("TAG_NOT_A_COMMIT", message, { hint: "Tag the commit itself." });

async function readTagObject(caged: CagedRepository, fact: ObjectFact): Promise<Buffer> {
  if (fact.size > tagObjectBytes) {
    throw new PaksError("TOO_LARGE", `The tag's message has more than ${tagObjectBytes} bytes.`, {
      hint: "Shorten the message.",
      details: { size: fact.size, limit: tagObjectBytes },
    });
  }
  return (await readObjectBytes(caged, [fact])).get(fact.oid)!;
}

/** Tags of tags are followed a few steps, because honest ones (a signature over a tag) are one step deep. */
async function requireShallow(caged: CagedRepository, outer: Buffer): Promise<void> {
  let bytes = outer;
  for (let depth = 1; ; depth++) {
    const [, object, type] = /^object ([0-9a-f]{40})\ntype (\w+)\n/.exec(headOf(bytes)) ?? [];
    if (type !== "tag") return;
    if (depth >= maxNesting) throw notACommit(`The tag leads to a commit over more than ${maxNesting} other tags.`);
    const [fact] = await readObjectFacts(caged, [object!]);
    if (fact?.type !== "tag") throw notACommit("The tag leads to a tag that is none.");
    bytes = await readTagObject(caged, fact);
  }
}

const headOf = (bytes: Buffer): string => bytes.toString("utf8", 0, endOfHead(bytes));

function endOfHead(bytes: Buffer): number {
  const end = bytes.indexOf("\n\n");
  return end < 0 ? bytes.length : end;
}

/** Bytes that are no UTF-8 become U+FFFD: a message is shown, never compared. */
export function parseAnnotation(bytes: Buffer): TagAnnotation {
  const head = headOf(bytes);
  const seconds = Number(/^tagger .*> (\d{1,11}) [+-]\d{4}$/m.exec(head)?.[1] ?? Number.NaN);
  return {
    tagName: /^tag (.*)$/m.exec(head)?.[1] ?? "",
    message: bytes.toString("utf8", Math.min(bytes.length, endOfHead(bytes) + 2)),
    taggedAt: Number.isNaN(seconds) ? undefined : new Date(seconds * 1000).toISOString(),
  };
}
