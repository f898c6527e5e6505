import { findUnsafeCharacter, type UnsafeCharacter } from "./characters.ts";

/**
 * What running text may hold although names may not: line ends, tabs, the joiner inside an emoji, and the
 * non-joiner that Arabic script spells with.
 */
const harmlessInProse =
  /\r\n|[\t\n]|(?<=[\p{Extended_Pictographic}\u{1F3FB}-\u{1F3FF}\uFE0F])\u200D(?=\p{Extended_Pictographic})|(?<=\p{Script=Arabic})\u200C(?=\p{Script=Arabic})/gu;

/** The first character of a description or a similar text that a reader could not see or would be misled by. */
export const findUnsafeInProse = (text: string): UnsafeCharacter | undefined =>
  findUnsafeCharacter(text.replace(harmlessInProse, (match) => " ".repeat(match.length)));

/** In code points, as the open format's reference validator counts them. */
export const countCharacters = (text: string): number => Array.from(text).length;
