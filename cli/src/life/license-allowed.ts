/** Characters of an expression. */
const longest = 1000;

/**
 * Whether a licence, or an SPDX expression of several, can be had with what is allowed: one side of each OR, both of
 * each AND. What is no such expression is compared as it stands.
 */
export function isLicenseAllowed(license: string, allowed: readonly string[]): boolean {
  const names = new Set(allowed.map(plain));
  if (names.has(plain(license))) return true;
  // A manifest can hold anything, and no licence is longer.
  if (license.length > longest) return false;
  const words = license.match(/[()]|[^\s()]+/g) ?? [];
  const at = { index: 0 };
  const found = readAny({ words, at, names });
  return found === true && at.index === words.length;
}

const plain = (text: string): string => text.trim().replaceAll(/\s+/g, " ").toLowerCase();

interface Reading {
  readonly words: readonly string[];
  readonly at: { index: number };
  readonly names: ReadonlySet<string>;
}

/** `undefined`: no expression. */
type Verdict = boolean | undefined;

function readAny(reading: Reading): Verdict {
  let verdict = readAll(reading);
  while (verdict !== undefined && take(reading, "OR")) {
    const next = readAll(reading);
    verdict = next === undefined ? undefined : verdict || next;
  }
  return verdict;
}

function readAll(reading: Reading): Verdict {
  let verdict = readOne(reading);
  while (verdict !== undefined && take(reading, "AND")) {
    const next = readOne(reading);
    verdict = next === undefined ? undefined : verdict && next;
  }
  return verdict;
}

function readOne(reading: Reading): Verdict {
  if (take(reading, "(")) {
    const inner = readAny(reading);
    return take(reading, ")") ? inner : undefined;
  }
  const { words, at, names } = reading;
  const name = words[at.index];
  if (name === undefined || /^(?:\(|\)|OR|AND|WITH)$/i.test(name)) return undefined;
  at.index += 1;
  if (!take(reading, "WITH")) return names.has(plain(name));
  // An exception allows more than the licence alone.
  const exception = words[at.index];
  at.index += 1;
  if (exception === undefined) return undefined;
  return names.has(plain(name)) || names.has(plain(`${name} WITH ${exception}`));
}

function take({ words, at }: Reading, word: string): boolean {
  if (words[at.index]?.toUpperCase() !== word) return false;
  at.index += 1;
  return true;
}
