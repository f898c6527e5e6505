import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { AppEnv } from "./deps.ts";

const documentCaching = "public, max-age=60";
const immutableCaching = "public, max-age=31536000, immutable";

/** Whether the client holds this version already; `If-None-Match` compares weakly (RFC 9110 §13.1.2). */
function isHeld(c: Context<AppEnv>, etag: string): boolean {
  const header = c.req.header("if-none-match");
  if (header === undefined) return false;
  return header === "*" || header.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
}

/** A public JSON document: kept for a minute, then asked for again by its strong ETag. */
export function answerDocument(c: Context<AppEnv>, body: object): Response {
  const text = JSON.stringify(body);
  const etag = `"${createHash("sha256").update(text).digest("base64url")}"`;
  c.header("Cache-Control", documentCaching);
  c.header("ETag", etag);
  if (isHeld(c, etag)) return c.body(null, 304);
  c.header("Content-Type", "application/json");
  return c.body(text, 200);
}

export interface Content {
  readonly bytes: () => Promise<Uint8Array>;
  readonly sha256: string;
  readonly type: string;
  /** What a browser would save it as. */
  readonly fileName: string;
  /** True when the address names one exact version, whose bytes never change. */
  readonly fixed: boolean;
}

/** Bytes of a release. They came from strangers: always a download, never something that a browser shows. */
export async function answerContent(c: Context<AppEnv>, content: Content): Promise<Response> {
  const etag = `"${content.sha256}"`;
  c.header("Cache-Control", content.fixed ? immutableCaching : documentCaching);
  c.header("ETag", etag);
  if (isHeld(c, etag)) return c.body(null, 304);
  const bytes = await content.bytes();
  c.header("Content-Type", content.type);
  c.header("Content-Length", String(bytes.length));
  c.header("Content-Disposition", `attachment; filename*=UTF-8''${encodeURIComponent(content.fileName)}`);
  c.header("Repr-Digest", `sha-256=:${Buffer.from(content.sha256, "hex").toString("base64")}:`);
  return c.body(bytes as Uint8Array<ArrayBuffer>, 200);
}
