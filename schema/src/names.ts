import { escapeText, findUnsafeCharacter, formatCodePoint } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { reservedAccountNames, reservedPakNames } from "./reserved-names.ts";

/** Lower-case letters and digits, with single hyphens inside: the name rule of the open Agent Skills format. */
export const nameGrammar = /^[a-z0-9](?:-?[a-z0-9])*$/;
export const nameGrammarInWords = "may hold only a–z, 0–9 and single hyphens between them";
/** Characters. */
export const maxNameLengths = { account: 39, pak: 64 } as const;

export type NameKind = keyof typeof maxNameLengths;

export const isPakName = (text: string): boolean => text.length <= maxNameLengths.pak && nameGrammar.test(text);

/** @throws PaksError INVALID_NAME, INVALID_CHARACTERS */
export const parseAccountName = (text: string): string => parseName("account", text);

/** @throws PaksError INVALID_NAME, INVALID_CHARACTERS */
export const parsePakName = (text: string): string => parseName("pak", text);

function parseName(kind: NameKind, text: string): string {
  const max = maxNameLengths[kind];
  if (text.length > max) {
    throw new PaksError("INVALID_NAME", `The ${kind} name is longer than ${max} characters.`, { hint: "Shorten it." });
  }
  const unsafe = findUnsafeCharacter(text);
  if (unsafe) {
    throw new PaksError("INVALID_CHARACTERS", `The ${kind} name holds ${formatCodePoint(unsafe.codePoint)}.`, {
      hint: "Type the name again instead of pasting it.",
      details: { name: escapeText(text) },
    });
  }
  if (nameGrammar.test(text)) return text;
  if (text === "") throw new PaksError("INVALID_NAME", `The ${kind} name is empty.`);
  throw new PaksError("INVALID_NAME", `The ${kind} name "${text}" is not allowed: it ${nameGrammarInWords}.`, {
    hint: suggestName(kind, text),
    details: { name: text },
  });
}

/** The valid name that `text` was most likely meant to be, e.g. `pdf-tools` for `PDF Tools`. */
export function nearestName(kind: NameKind, text: string): string | undefined {
  const name = text
    .slice(0, 256)
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/\p{M}/gu, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^-/, "")
    .slice(0, maxNameLengths[kind])
    .replace(/-$/, "");
  return nameGrammar.test(name) ? name : undefined;
}

const suggestName = (kind: NameKind, text: string): string => `For example: ${nearestName(kind, text) ?? "my-name"}`;

/** Two names with one canonical form cannot both exist: lower case, hyphens removed. */
export const canonicalName = (name: string): string => name.toLowerCase().replaceAll("-", "");

/** Why nobody may take this name; `undefined` when anybody may. */
export const reservedName = (kind: NameKind, name: string): string | undefined =>
  (kind === "account" ? reservedAccountNames : reservedPakNames).get(canonicalName(name));

/** The identity of a pak, unique across kinds. */
export interface PakId {
  readonly account: string;
  readonly name: string;
}

export const formatPakId = (id: PakId): string => `${id.account}/${id.name}`;

/** @throws PaksError INVALID_NAME, INVALID_CHARACTERS */
export function parsePakId(text: string): PakId {
  const slash = text.indexOf("/");
  if (slash < 0 || text.includes("/", slash + 1)) {
    throw new PaksError("INVALID_NAME", `"${escapeText(text, 110)}" is not of the form account/name.`, {
      hint: "Write the account and the name with one slash between, for example acme/pdf.",
    });
  }
  return { account: parseAccountName(text.slice(0, slash)), name: parsePakName(text.slice(slash + 1)) };
}
