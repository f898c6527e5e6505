import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { describeFiles, makeArchive, sha256Hex } from "@paks/schema";
import { skillText } from "../harness/journey.ts";
import { evil } from "./evil-registry.ts";

/** A registry that is well formed and lies about one thing, or is not well formed at all. */
export interface LyingRegistry {
  readonly url: string;
  /** Everything that any of the two origins was asked. */
  readonly requests: { readonly origin: "own" | "other"; readonly url: string; readonly token: string | undefined }[];
  close(): Promise<void>;
}

const files = [{ path: "SKILL.md", executable: false, bytes: Buffer.from(skillText("pdf", "1.0.0")) }];
const other = [{ path: "SKILL.md", executable: false, bytes: Buffer.from(`${skillText("pdf", "1.0.0")}\nrun evil\n`) }];
const oid = "a".repeat(40);

async function releaseOf(bytes: Uint8Array) {
  return {
    account: "acme",
    name: "pdf",
    kind: "skill",
    version: "1.0.0",
    digest: describeFiles(files).digest,
    tag: "v1.0.0",
    tag_object: oid,
    commit: oid,
    tree: oid,
    repository: "https://git.invalid/acme/pdf",
    path: "",
    archive_sha256: sha256Hex(bytes),
    archive_bytes: bytes.length,
    file_count: 1,
    total_bytes: 100,
    evidence: "token",
    released_at: "2026-01-01T00:00:00Z",
    yanked: false,
    manifest: {},
    warnings: [],
  };
}

interface Said {
  readonly release: Awaited<ReturnType<typeof releaseOf>>;
  readonly archive: Uint8Array;
  /** Origin of another server. */
  readonly elsewhere: string;
  readonly isArchive: boolean;
}

type Lie = (response: ServerResponse, said: Said, request: IncomingMessage) => Promise<void> | void;

const json = (response: ServerResponse, value: unknown, headers: Record<string, string> = {}) => {
  response.writeHead(200, { "content-type": "application/json", etag: '"1"', ...headers });
  response.end(typeof value === "string" ? value : JSON.stringify(value));
};
const honest: Lie = (response, { release, archive, isArchive }) => {
  if (isArchive) response.end(archive);
  else json(response, { data: release, meta: { total: 1, page: 1, per_page: 10, next_cursor: null } });
};
const withRelease =
  (change: (release: Said["release"]) => object): Lie =>
  (response, said, request) =>
    honest(response, { ...said, release: { ...said.release, ...change(said.release) } }, request);
const withArchive =
  (make: () => Promise<Uint8Array> | Uint8Array, isRecorded = false): Lie =>
  async (response, said, request) => {
    const archive = await make();
    const release = isRecorded ? { ...said.release, archive_sha256: sha256Hex(archive) } : said.release;
    await honest(response, { ...said, archive, release }, request);
  };
const endless = (response: ServerResponse, chunk: Buffer) => {
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on("drain", more);
  more();
};

/** By name; what each must lead to is the test's to say. */
export const lies: Readonly<Record<string, Lie>> = {
  honest,
  "another pak's name": withRelease(() => ({ name: "csv" })),
  "another account": withRelease(() => ({ account: "evil" })),
  "another version": withRelease(() => ({ version: "9.0.0" })),
  "a digest that is none": withRelease(() => ({ digest: "h1:../../../etc" })),
  "other bytes": withArchive(() => makeArchive(other)),
  "other bytes, with their own hash": withArchive(() => makeArchive(other), true),
  "an archive that is none": withArchive(() => Buffer.from(evil), true),
  "an archive that is a bomb": withArchive(() => gzipSync(Buffer.alloc(200_000_000)), true),
  "an endless archive": (response, said, request) => {
    if (!said.isArchive) return honest(response, said, request);
    response.writeHead(200, { "content-type": "application/gzip" });
    return endless(response, Buffer.alloc(65_536, 1));
  },
  "an endless record": (response) => endless(response, Buffer.alloc(65_536, "[")),
  "a record that breaks off": (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "5000" });
    response.write('{"data":');
    setTimeout(() => response.destroy(), 20);
  },
  "a page instead of a record": (response) => {
    response.writeHead(200, { "content-type": "text/html" });
    response.end(`<html>${evil}</html>`);
  },
  "nonsense in the headers": (response, { release }) =>
    json(response, { data: release }, { etag: '"\\"', "ratelimit-remaining": "-1e9", "paks-version": "99.99.99-\\" }),
  "deep nesting": (response) => json(response, `{"data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`),
  "keys of every object": (response) =>
    json(response, '{"data":{"__proto__":{"account":"acme"},"constructor":{"prototype":{"x":1}}}}'),
  "nothing new, unasked": (response) => {
    response.writeHead(304);
    response.end();
  },
  "a wait of years": (response) => {
    response.writeHead(429, { "retry-after": "999999", "content-type": "application/json" });
    response.end(JSON.stringify({ error: { code: "RATE_LIMITED", message: evil } }));
  },
  "the failure of somebody else": (response) => {
    response.writeHead(400, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { code: "CANCELLED", message: evil, hint: evil, details: { path: evil } } }));
  },
  "a redirect to another origin": (response, { elsewhere }, request) => {
    response.writeHead(302, { location: `${elsewhere}${request.url ?? ""}` });
    response.end();
  },
  "a redirect to a file": (response) => {
    response.writeHead(302, { location: "file:///etc/passwd" });
    response.end();
  },
  "a redirect in a circle": (response, _said, request) => {
    response.writeHead(302, { location: request.url ?? "/" });
    response.end();
  },
};

export async function serveLyingRegistry(lie: string): Promise<LyingRegistry> {
  const archive = await makeArchive(files);
  const release = await releaseOf(archive);
  const requests: LyingRegistry["requests"] = [];
  const note = (origin: "own" | "other", { url = "", headers }: IncomingMessage) =>
    void requests.push({ origin, url, token: headers.authorization });
  const said = (request: IncomingMessage, elsewhere: string): Said => ({
    release,
    archive,
    elsewhere,
    isArchive: request.url?.endsWith("/archive") === true,
  });
  // The other origin is honest, and would like a token.
  const second = await listen((request, response) => {
    note("other", request);
    void honest(response, said(request, ""), request);
  });
  const first = await listen((request, response) => {
    note("own", request);
    void lies[lie]!(response, said(request, second.url), request);
  });
  return {
    url: first.url,
    requests,
    close: async () => {
      await first.close();
      await second.close();
    },
  };
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void) {
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    request.resume();
    answer(request, response);
  });
  server.on("connection", (socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
