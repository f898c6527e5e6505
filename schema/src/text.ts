import { PaksError } from "./errors.ts";

export const byteOrderMark = "\uFEFF";

/**
 * The text of a file. A byte order mark stays: edits must give back every byte.
 * @throws PaksError INVALID_ENCODING with `details` path and line
 */
export function decodeText(bytes: Uint8Array, path: string): string {
  const text = decodeStrictly(bytes);
  if (text !== undefined) return text;
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  throw new PaksError("INVALID_ENCODING", `${path} is not UTF-8 text.`, {
    hint: isUtf16 ? "It looks like UTF-16: save it again as UTF-8." : "Save it again as UTF-8.",
    details: { path, line: isUtf16 ? 1 : firstBadLine(bytes) },
  });
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** No byte of a longer UTF-8 sequence is a line feed, so every line can be judged alone. */
function firstBadLine(bytes: Uint8Array): number {
  let line = 1;
  let start = 0;
  while (start < bytes.length) {
    const end = bytes.indexOf(0x0a, start);
    const stop = end < 0 ? bytes.length : end + 1;
    if (decodeStrictly(bytes.subarray(start, stop)) === undefined) return line;
    start = stop;
    line += 1;
  }
  return line;
}

/** Both 1-based. @param firstLine line of the file on which `text` begins */
export function lineAndColumn(text: string, offset: number, firstLine = 1): { line: number; column: number } {
  let line = firstLine;
  let lineStart = 0;
  for (let end = text.indexOf("\n"); end >= 0 && end < offset; end = text.indexOf("\n", lineStart)) {
    lineStart = end + 1;
    line += 1;
  }
  return { line, column: offset - lineStart + 1 };
}
