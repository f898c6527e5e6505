import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** Sets the title, clears the screen, paints, moves the cursor, reorders, hides, piles up marks, and ends lines. */
export const evil =
  "\u001B]0;owned\u0007\u001B[2J\u001B[31m\u009B31m\u0090q\u009C\r\b\u202Edesrever\u2066\u200B\uFEFF\u{E0041}\u2028\u0085" +
  `\u0000a${"\u0301".repeat(20)}\u001B]8;;https://evil.example\u001B\\click\u001B]8;;\u001B\\`;

const time = "2026-01-01T00:00:00Z";
const hex = (length: number) => "a".repeat(length);

const release = {
  account: "acme",
  name: "evil",
  kind: "skill",
  version: `1.0.0${evil}`,
  digest: `h1:${"A".repeat(43)}=`,
  tag: evil,
  tag_object: hex(40),
  commit: hex(40),
  tree: hex(40),
  repository: evil,
  path: evil,
  archive_sha256: hex(64),
  archive_bytes: 1,
  file_count: 1,
  total_bytes: 1,
  evidence: evil,
  released_at: time,
  yanked: true,
  manifest: { [evil]: evil },
  warnings: [{ severity: "warning", code: evil, message: evil, hint: evil, path: evil, field: evil }],
};
const summary = {
  ...release,
  description: evil,
  keywords: [evil],
  categories: [evil],
  license: evil,
  downloads: 1,
  updated_at: time,
};
const pak = { ...summary, homepage: evil, created_at: time, channels: { latest: evil, [evil]: evil }, latest: release };
const attempt = {
  id: "11111111-1111-4111-8111-111111111111",
  repository: evil,
  tag: evil,
  path: evil,
  trigger: evil,
  state: "rejected",
  stage: evil,
  code: evil,
  message: evil,
  hint: evil,
  details: { [evil]: evil },
  retryable: false,
  tries: 1,
  next_try_at: null,
  created_at: time,
  started_at: time,
  ended_at: time,
  releases: [{ account: evil, name: evil, version: evil, digest: release.digest, new: true }],
};
const me = {
  account: evil,
  kind: evil,
  token: { name: evil, prefix: evil, scopes: [evil], created_at: time, expires_at: time },
};

const routes: readonly (readonly [RegExp, unknown])[] = [
  [/\/attempts/, [attempt]],
  [/\/versions$/, [release]],
  [/\/versions\//, release],
  [/\/api\/(?:paks|skills)\/[^/]+\/[^/]+$/, pak],
  [/\/auth\/me/, me],
  [/\/auth\/verify/, { valid: true, user: evil, expires_at: time }],
  [/\/api\/(?:paks|skills|search)/, [summary]],
];

/** A registry whose every word is meant to hurt the terminal that shows it. `/error` in its URL: it fails, at length. */
export async function serveEvilRegistry(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume();
    const path = (request.url ?? "").replace(/\?.*$/, "");
    const failing = path.startsWith("/error");
    const data = routes.find(([route]) => route.test(path))?.[1];
    const error = {
      code: "PAK_NOT_FOUND",
      message: evil,
      hint: evil,
      details: { path: evil, findings: release.warnings },
    };
    response.writeHead(failing || data === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(
      JSON.stringify(
        failing || data === undefined
          ? { error }
          : { data, meta: { total: 1, next_cursor: evil, limit: 1, offset: 0 } },
      ),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
