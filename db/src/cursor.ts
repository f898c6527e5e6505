import { PaksError, type SortOrder, sortOrders } from "@paks/schema";
import * as z from "zod/mini";

const Cursor = z.object({
  sort: z.enum(sortOrders),
  /** The sort key of the last row of the page before; its shape depends on `sort`. */
  key: z.string().check(z.maxLength(128)),
  id: z.string().check(z.regex(/^\d{1,18}$/)),
});
/** Where a page ended. Opaque to clients, and untrusted when it comes back. */
export type Cursor = z.infer<typeof Cursor>;

const keyPatterns: Readonly<Record<SortOrder, RegExp>> = {
  relevance: /^\d{1,12}$/,
  downloads: /^\d{1,18}$/,
  recent: /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/,
  name: /^[a-z0-9-]{1,64}$/,
};

export const formatCursor = (cursor: Cursor): string => Buffer.from(JSON.stringify(cursor)).toString("base64url");

/** Throws INVALID_PARAMETER for anything that `formatCursor` did not make for this order. */
export function parseCursor(text: string, sort: SortOrder): Cursor {
  const cursor = z.safeParse(Cursor, decode(text));
  if (cursor.success && cursor.data.sort === sort && isKey(cursor.data.key, sort)) return cursor.data;
  throw new PaksError("INVALID_PARAMETER", "The cursor is not one of this list.", {
    hint: "Start again without a cursor.",
    details: { field: "cursor" },
  });
}

const isKey = (key: string, sort: SortOrder): boolean =>
  keyPatterns[sort].test(key) && (sort !== "recent" || isTime(key));

// Microseconds cut off: 30 February and 24:00 come back as another time.
function isTime(text: string): boolean {
  const time = new Date(`${text.slice(0, 19)}Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 19) === text.slice(0, 19);
}

function decode(text: string): unknown {
  if (text.length > 512 || !/^[A-Za-z0-9_-]+$/.test(text)) return undefined;
  try {
    return JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
