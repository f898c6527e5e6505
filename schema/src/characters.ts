/**
 * Characters that a reader cannot see or that reorder what a reader sees: C0, DEL, C1, soft hyphen, the bidi
 * controls, zero-width and invisible operators, line and paragraph separators, interlinear marks, tag characters,
 * and halves of surrogate pairs.
 */
const unsafe =
  /[\u0000-\u001F\u007F-\u009F\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}\p{Surrogate}]/u;
const everyUnsafe = new RegExp(unsafe.source, "gu");

export interface UnsafeCharacter {
  /** In UTF-16 code units. */
  readonly index: number;
  readonly codePoint: number;
}

/** The first character of `text` that names and paths may not hold. */
export function findUnsafeCharacter(text: string): UnsafeCharacter | undefined {
  const index = text.search(unsafe);
  return index < 0 ? undefined : { index, codePoint: text.codePointAt(index)! };
}

/** `U+200B`, the way people look characters up. */
export const formatCodePoint = (codePoint: number): string =>
  `U+${codePoint.toString(16).toUpperCase().padStart(4, "0")}`;

/** Makes invisible characters visible (`\u{200b}`) and shortens, so that outside text can stand in a message. */
export function escapeText(text: string, maxLength = 200): string {
  const short = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return short.replace(everyUnsafe, (character) => `\\u{${character.codePointAt(0)!.toString(16)}}`);
}
