import { createHash, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const shape = /^paks_([0-9A-Za-z]{30})([0-9A-Za-z]{6})$/;

export interface NewToken {
  /** The secret itself; it is shown once and never stored. */
  readonly token: string;
  readonly hash: Buffer;
  /** The beginning that may be shown to tell tokens apart. */
  readonly prefix: string;
}

/** A token of 178 random bits. */
export function createToken(): NewToken {
  const random = randomBase62(30);
  const token = `paks_${random}${checksum(random)}`;
  return { token, hash: hashToken(token), prefix: tokenPrefix(token) };
}

/** Right length, alphabet and CRC-32: a typing error or somebody else's token is told without a query. */
export function isWellFormedToken(text: string): boolean {
  const match = shape.exec(text);
  return match?.[1] !== undefined && match[2] === checksum(match[1]);
}

export const hashToken = (token: string): Buffer => createHash("sha256").update(token).digest();

/** `paks_` and four characters; of a token of another shape only the first four. */
export const tokenPrefix = (token: string): string => token.slice(0, isWellFormedToken(token) ? 9 : 4);

export const randomBase62 = (length: number): string =>
  Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join("");

function checksum(random: string): string {
  let rest = crc32(random);
  let text = "";
  for (let i = 0; i < 6; i++) {
    text = `${alphabet[rest % 62]}${text}`;
    rest = Math.floor(rest / 62);
  }
  return text;
}
