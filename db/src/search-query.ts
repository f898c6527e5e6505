import { PaksError } from "@paks/schema";
import { type RawBuilder, sql } from "kysely";

/** The parser beneath is quadratic: 16 KB cost 50 ms, 1 MB two minutes. */
const maxQueryLength = 256;
const maxTerms = 16;

/**
 * A text search query (SQL `tsquery`) from what a user typed: words, "phrases", `or`, `-not`. The last word of a plain
 * query also finds names that begin with it. Undefined when nothing was asked.
 * Throws INVALID_PARAMETER beyond 256 characters, 16 terms, or with control characters.
 */
export function searchQuery(text: string): RawBuilder<string> | undefined {
  const query = requireQuery(text);
  if (query === "") return undefined;
  const web = sql<string>`case
    when numnode(websearch_to_tsquery('english', ${query}::text)) > 0 then websearch_to_tsquery('english', ${query}::text)
    else websearch_to_tsquery('simple', ${query}::text) end`;
  const name = nameQuery(query);
  return name ? sql<string>`(${web}) || (${name})` : sql<string>`(${web})`;
}

function requireQuery(text: string): string {
  if (/[\p{Cc}\p{Surrogate}]/u.test(text)) {
    throw new PaksError("INVALID_PARAMETER", "The search text holds control characters.", { details: { field: "q" } });
  }
  const query = text.trim();
  if (query.length > maxQueryLength) {
    throw new PaksError("INVALID_PARAMETER", `The search text is longer than ${maxQueryLength} characters.`, {
      details: { field: "q" },
    });
  }
  if (query.split(/\s+/).length > maxTerms) {
    throw new PaksError("INVALID_PARAMETER", `The search text has more than ${maxTerms} words.`, {
      details: { field: "q" },
    });
  }
  // `acme/pdf` would be read as a file name, one word that no document has.
  return query.replaceAll("/", " ");
}

/** The canonical pak name that the text would be: whoever types a whole name wants that pak first. */
export const searchedName = (text: string): string =>
  text
    .slice(text.lastIndexOf("/") + 1)
    .toLowerCase()
    .replace(/[\s-]+/g, "");

/** Only letters and digits reach `to_tsquery`, whose syntax knows more characters than a word has. */
function nameQuery(query: string): RawBuilder<string> | undefined {
  if (/["]|(^|\s)(-|or(\s|$))/i.test(query)) return undefined;
  const words = query.match(/[\p{L}\p{N}]+/gu) ?? [];
  const last = words.at(-1);
  if (last === undefined || last.length < 2) return undefined;
  const rest = words.slice(0, -1).join(" ");
  const prefix = sql<string>`to_tsquery('simple', ${`${last.toLowerCase()}:*A`}::text)`;
  // A query without words joins as "everything", which is what is wanted when there is one word only.
  return sql<string>`plainto_tsquery('english', ${rest}::text) && ${prefix}`;
}
