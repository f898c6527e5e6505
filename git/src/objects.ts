import { PaksError } from "@paks/schema";

import { type CagedRepository, runLocal } from "./cage.ts";

export interface ObjectFact {
  readonly oid: string;
  readonly type: "blob" | "tree" | "commit" | "tag";
  /** Bytes. */
  readonly size: number;
}

/** Longer than any line about one object: id, type, size. */
const lineBytes = 256;

const objectId = /^[0-9a-f]{40}$/;

/** @throws PaksError INVALID_PARAMETER */
export function requireObjectIds(oids: readonly string[]): void {
  if (oids.every((oid) => objectId.test(oid))) return;
  throw new PaksError("INVALID_PARAMETER", "An object id is 40 lower-case hexadecimal digits.");
}

/**
 * Type and size of objects, read from their headers: a blob of a gigabyte costs nothing here. Missing ones are
 * `undefined`, at the place where they were asked for.
 * @param names object ids or revisions, without line ends
 */
export async function readObjectFacts(
  caged: CagedRepository,
  names: readonly string[],
): Promise<(ObjectFact | undefined)[]> {
  if (names.length === 0) return [];
  const stdin = `${names.join("\n")}\n`;
  const stdoutBytes = stdin.length + lineBytes * names.length;
  const { stdout } = await runLocal(caged, ["cat-file", "--batch-check"], { stdin, stdoutBytes });
  const lines = stdout.toString("latin1").split("\n");
  return names.map((_, index) => parseFact(lines[index] ?? ""));
}

function parseFact(line: string): ObjectFact | undefined {
  const [, oid, type, size] = /^([0-9a-f]{40}) (blob|tree|commit|tag) (\d+)$/.exec(line) ?? [];
  return oid === undefined ? undefined : { oid, type: type as ObjectFact["type"], size: Number(size) };
}

/**
 * The bytes of objects whose sizes were checked before: the output may not be longer than those sizes say.
 * @throws PaksError REPOSITORY_TOO_COMPLEX, GIT_PROTOCOL_ERROR
 */
export async function readObjectBytes(
  caged: CagedRepository,
  facts: readonly ObjectFact[],
): Promise<Map<string, Buffer>> {
  const bytes = facts.reduce((sum, { size }) => sum + size, 0);
  const found = await readObjects(
    caged,
    facts.map(({ oid }) => oid),
    bytes,
  );
  for (const { oid, size } of facts) if (found.get(oid)?.length !== size) throw unexpectedObject(oid);
  return found;
}

/**
 * The bytes of objects of any size, as long as they have no more than `maxBytes` together.
 * @throws PaksError REPOSITORY_TOO_COMPLEX, GIT_PROTOCOL_ERROR
 */
export async function readObjects(
  caged: CagedRepository,
  oids: readonly string[],
  maxBytes: number,
): Promise<Map<string, Buffer>> {
  const found = new Map<string, Buffer>();
  if (oids.length === 0) return found;
  const stdin = oids.map((oid) => `${oid}\n`).join("");
  const stdoutBytes = maxBytes + lineBytes * oids.length;
  const { stdout } = await runLocal(caged, ["cat-file", "--batch"], { stdin, stdoutBytes });
  let offset = 0;
  for (const oid of oids) {
    const end = stdout.indexOf("\n", offset);
    const fact = parseFact(stdout.toString("latin1", offset, Math.max(end, offset)));
    if (fact?.oid !== oid || stdout.length < end + 1 + fact.size) throw unexpectedObject(oid);
    found.set(oid, stdout.subarray(end + 1, end + 1 + fact.size));
    offset = end + 1 + fact.size + 1;
  }
  return found;
}

export const unexpectedObject = (oid: string): PaksError =>
  new PaksError("GIT_PROTOCOL_ERROR", `Object ${oid} did not arrive as the repository lists it.`, {
    hint: "Try again later.",
    details: { oid },
  });
