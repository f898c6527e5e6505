import type { Manifest } from "@paks/schema";
import { type RawBuilder, sql } from "kysely";
import { cleanText } from "./json.ts";

/** Characters of the body that are searchable: a search document may not grow beyond 1 MB, and the rest is rarely unique. */
const maxBodyLength = 50_000;

/**
 * The weighted search document: name A, keywords, categories and account B, description C, body D. English stems
 * ("convert" finds "converting"); the name also as written, so that a name made of stop words can be found.
 */
export function searchDocument(pak: { account: string; manifest: Manifest; bodyText: string }): RawBuilder<string> {
  const { name, keywords, categories, description } = pak.manifest;
  // The whole name first: a search for `pdf-tools` must prefer it to `pdf-other-tools`.
  const nameText = `${name} ${name.replaceAll("-", " ")}`;
  const labels = cleanText([...keywords, ...categories, pak.account].join(" "));
  const body = cleanText(pak.bodyText.slice(0, maxBodyLength));
  return sql<string>`
    setweight(to_tsvector('simple', ${nameText}::text), 'A') || setweight(to_tsvector('english', ${nameText}::text), 'A')
    || setweight(to_tsvector('english', ${labels}::text), 'B')
    || setweight(to_tsvector('english', ${cleanText(description)}::text), 'C')
    || setweight(to_tsvector('english', ${body}::text), 'D')`;
}
