import { randomUUID } from "node:crypto";
import { testGit } from "@paks/git/testing";
import { describeFiles, parseTagTrailers, type ReleaseFile } from "@paks/schema";
import { serveStub, type StubAnswer, type StubRequest } from "../../testing/index.ts";

export interface StubRelease {
  readonly account: string;
  readonly name: string;
  readonly version: string;
  digest: string;
  readonly commit: string;
  readonly tag: string;
  /** As the announcement named it. */
  repository?: string;
}

/** A registry in memory with the answers of the real one, as far as publish asks. It reads the pushed tag itself. */
export interface StubRegistry {
  readonly url: string;
  readonly releases: StubRelease[];
  readonly requests: StubRequest[];
  /** How often tags were announced. */
  announced(): number;
  /** What is set here answers first. */
  override: (request: StubRequest) => StubAnswer | undefined;
  /** What the dry run finds in the pak of a folder. */
  judge: (path: string) => readonly object[];
  me: { account: string | null; scopes: string[] };
}

export const testToken = "paks_test_token";
const now = "2026-11-20T23:00:00Z";
const data = (value: unknown): StubAnswer => ({ body: { data: value } });
const failure = (status: number, code: string, message: string): StubAnswer => ({
  status,
  body: { error: { code, message, hint: "A hint." } },
});

export async function serveStubRegistry(bare: string, token = testToken): Promise<StubRegistry> {
  const attempts = new Map<string, Record<string, unknown>>();
  const registry: StubRegistry = {
    url: "",
    releases: [],
    requests: [],
    announced: () => registry.requests.filter((each) => each.method === "POST" && each.path === "/api/index").length,
    override: () => undefined,
    judge: () => [],
    me: { account: "acme", scopes: ["publish"] },
  };
  const routes: readonly (readonly [RegExp, (request: StubRequest, match: RegExpExecArray) => Promise<StubAnswer>])[] =
    [
      [/^GET \/healthz$/, async () => data({ status: "ok", version: "test" })],
      [/^GET \/api\/auth\/me$/, async () => data(meOf(registry))],
      [/^POST \/api\/index\?dry_run=true$/, async (request) => data(dryRun(registry, request))],
      [/^POST \/api\/index$/, async (request) => data(await index({ registry, attempts, bare }, request))],
      [
        /^GET \/api\/attempts\?ids=(.+)$/,
        async (_request, [, ids = ""]) => data(ids.split(",").flatMap((id) => attempts.get(id) ?? [])),
      ],
      [/^GET \/api\/attempts\/(.+)$/, async (_request, match) => data(attempts.get(match[1]!))],
      [/^GET \/api\/attempts\?repository=(.+)$/, async () => data([...attempts.values()].toReversed())],
      [/^GET \/api\/paks\?(.+)$/, async () => searchAll(registry)],
      [
        /^GET \/api\/paks\/([^/]+)\/([^/]+)\/versions\/([^/]+)$/,
        async (_request, [, account, name, version]) => {
          const found = registry.releases.find(
            (each) => each.account === account && each.name === name && each.version === version,
          );
          return found ? data(releaseDto(found)) : failure(404, "VERSION_NOT_FOUND", "There is no such version.");
        },
      ],
    ];
  const stub = await serveStub(async (request) => {
    const overridden = registry.override(request);
    if (overridden) return overridden;
    const open = request.path === "/healthz" || /^\/api\/paks[/?]/.test(request.path);
    if (!open && request.headers.authorization !== `Bearer ${token}`) {
      return failure(401, "INVALID_TOKEN", "The token is unknown.");
    }
    const line = `${request.method} ${request.path}`;
    for (const [pattern, answer] of routes) {
      const match = pattern.exec(line);
      if (match) return await answer(request, match);
    }
    return failure(404, "NOT_FOUND", `nothing at ${line}`);
  });
  return Object.assign(registry, { url: stub.url, requests: stub.requests });
}

const meOf = ({ me }: StubRegistry) => ({
  account: me.account,
  kind: "user",
  token: { name: "laptop", prefix: "paks_te", scopes: me.scopes, created_at: now, expires_at: null },
});

/** All releases on one page; a pak's last one is the newest. */
function searchAll({ releases }: StubRegistry): StubAnswer {
  const items = [...new Map(releases.map((each) => [each.name, each])).values()].map(({ account, name, version }) => ({
    ...{ account, name, version, kind: "skill", description: "x", keywords: [], categories: [], license: null },
    ...{ downloads: 0, updated_at: now },
  }));
  return { body: { data: items, meta: { total: items.length, page: 1, per_page: 100, next_cursor: null } } };
}

interface DryRun {
  readonly path: string;
  readonly files: { path: string; size: number; sha256: string }[];
}

function dryRun({ judge }: StubRegistry, request: StubRequest) {
  const body = JSON.parse(request.body) as DryRun | { readonly releases: readonly DryRun[] };
  const answer = ({ path, files }: DryRun) => {
    const findings = judge(path);
    return { ok: findings.length === 0, digest: null, creates: true, findings, seen: files.length };
  };
  return "releases" in body ? body.releases.map(answer) : answer(body);
}

interface IndexState {
  readonly registry: StubRegistry;
  readonly attempts: Map<string, Record<string, unknown>>;
  readonly bare: string;
}

interface Asked {
  readonly repository: string;
  readonly tag: string;
  readonly path: string;
  readonly tags?: readonly { readonly tag: string; readonly path: string }[];
}

async function index(state: IndexState, request: StubRequest): Promise<unknown> {
  const asked = JSON.parse(request.body) as Asked;
  if (asked.tags === undefined) return await indexOne(state, asked);
  const told = [];
  for (const { tag, path } of asked.tags)
    told.push({ tag, path, attempt: await indexOne(state, { ...asked, tag, path }) });
  return told;
}

async function indexOne({ registry, attempts, bare }: IndexState, { repository, tag, path }: Asked) {
  const release = await readPushedTag(bare, tag, path);
  const isNew = !registry.releases.some((each) => each.tag === tag);
  if (isNew) registry.releases.push({ ...release, repository });
  const { account, name, version, digest } = release;
  const attempt = {
    ...{ id: randomUUID(), repository, tag, path, trigger: "token", state: "indexed", stage: "record" },
    ...{ code: null, message: null, hint: null, details: null, retryable: false, tries: 1, next_try_at: null },
    ...{ created_at: now, started_at: now, ended_at: now },
    releases: [{ account, name, version, digest, new: isNew }],
  };
  attempts.set(attempt.id, attempt);
  return { ...attempt, state: "queued", stage: null, releases: [], ended_at: null };
}

/** The digest from the repository's own objects, not from what the tag says. */
async function readPushedTag(bare: string, tag: string, path: string): Promise<StubRelease> {
  const message = await testGit(bare, ["for-each-ref", "--format=%(contents)", `refs/tags/${tag}`]);
  const commit = (await testGit(bare, ["rev-parse", `refs/tags/${tag}^{commit}`])).trim();
  const listing = await testGit(bare, ["ls-tree", "-r", "-z", path === "" ? commit : `${commit}:${path}`]);
  const files: ReleaseFile[] = [];
  for (const line of listing.split("\0").filter((each) => each !== "")) {
    const [facts = "", name = ""] = line.split("\t");
    const [mode, , oid = ""] = facts.split(" ");
    const bytes = Buffer.from(await testGit(bare, ["cat-file", "blob", oid]));
    files.push({ path: name, executable: mode === "100755", bytes });
  }
  const trailers = parseTagTrailers(message)!;
  const [account = "", name = ""] = trailers.package.split("/");
  return { account, name, version: trailers.version, digest: describeFiles(files).digest, commit, tag };
}

const releaseDto = (release: StubRelease) => ({
  ...{ kind: "skill", tag_object: release.commit, tree: release.commit, repository: "https://example.com/x", path: "" },
  ...release,
  ...{ archive_sha256: "0".repeat(64), archive_bytes: 1, file_count: 1, total_bytes: 1, evidence: "token" },
  ...{ released_at: now, yanked: false, manifest: {}, warnings: [] },
});
