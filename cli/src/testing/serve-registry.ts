import { type ReleaseDto, type ReleaseFile, describeFiles, makeArchive, selectVersion, sha256Hex } from "@paks/schema";
import { type Stub, type StubAnswer, serveStub } from "./serve-stub.ts";

export interface TestRelease {
  dto: ReleaseDto;
  archive: Uint8Array;
}

/** A registry of paks made up by a test, which may change what it says at any time. */
export interface TestRegistry extends Stub {
  /** By `account/name@version`. */
  readonly releases: Map<string, TestRelease>;
  /** Answers instead of everything else, while it is set. */
  down: { readonly status: number; readonly code: string } | undefined;
  /** The token without which it answers nothing. */
  token: string | undefined;
  /** Whether documents have an ETag, so that the client keeps them. */
  etags: boolean;
  /** More fields of a pak's document, by `account/name`. */
  readonly more: Map<string, Readonly<Record<string, unknown>>>;
  /** Whether it knows nothing of many paks in one request. */
  isOld: boolean;
  add(id: string, version: string, pak?: TestPak): Promise<TestRelease>;
  get(ref: string): TestRelease;
}

export interface TestPak {
  /** Beside SKILL.md, by path; a path that ends in `!` is executable and loses it. */
  readonly files?: Readonly<Record<string, string>>;
  /** `account/name` → range. */
  readonly dependencies?: Readonly<Record<string, string>>;
  /** More lines of front matter. */
  readonly frontmatter?: string;
  readonly license?: string | null;
  /** All of SKILL.md, such as one that names no version. */
  readonly text?: string;
}

export function skillFiles(name: string, version: string, pak: TestPak = {}): ReleaseFile[] {
  const { dependencies = {}, files = {}, frontmatter = "", license = "Apache-2.0" } = pak;
  const needs = Object.entries(dependencies).map(([id, range]) => `  - "${id}@${range}"\n`);
  const made = `---
name: ${name}
description: Does what ${name} does.
${license === null ? "" : `license: ${license}\n`}version: "${version}"
${needs.length === 0 ? "" : `dependencies:\n${needs.join("")}`}${frontmatter}---
# ${name} ${version}
`;
  return [
    { path: "SKILL.md", executable: false, bytes: Buffer.from(pak.text ?? made) },
    ...Object.entries(files).map(([path, content]) => ({
      path: path.replace(/!$/, ""),
      executable: path.endsWith("!"),
      bytes: Buffer.from(content),
    })),
  ];
}

export async function makeRelease(id: string, version: string, pak: TestPak = {}): Promise<TestRelease> {
  const [account = "", name = ""] = id.split("/");
  const files = skillFiles(name, version, pak);
  const archive = await makeArchive(files);
  const { digest, bytes } = describeFiles(files);
  const hex = (text: string) => sha256Hex(Buffer.from(`${id}@${version} ${text}`)).slice(0, 40);
  const dependencies = Object.entries(pak.dependencies ?? {}).map(([other, range]) => {
    const [of = "", called = ""] = other.split("/");
    return { account: of, name: called, range };
  });
  const dto: ReleaseDto = {
    account,
    name,
    kind: "skill",
    version,
    digest,
    tag: `v${version}`,
    tag_object: hex("tag"),
    commit: hex("commit"),
    tree: hex("tree"),
    repository: `https://git.example/${id}`,
    path: "",
    archive_sha256: sha256Hex(archive),
    archive_bytes: archive.length,
    file_count: files.length,
    total_bytes: bytes,
    evidence: "token",
    released_at: "2026-11-20T23:00:00.000Z",
    yanked: false,
    manifest: { license: pak.license ?? "Apache-2.0", dependencies },
    warnings: [],
  };
  return { dto, archive };
}

const missing = (code: string) => ({ status: 404, body: { error: { code, message: "There is no such thing." } } });

/** Serves the read side of the registry's API on loopback; closed after the test. */
export async function serveRegistry(): Promise<TestRegistry> {
  const releases = new Map<string, TestRelease>();
  const more: TestRegistry["more"] = new Map();
  const versionsOf = (id: string) =>
    [...releases].flatMap(([ref, one]) => (ref.startsWith(`${id}@`) ? [one.dto] : [])).toReversed();
  const answer = (path: string): StubAnswer => {
    if (registry.down)
      return { status: registry.down.status, body: { error: { code: registry.down.code, message: "No." } } };
    const many = /^\/api\/versions\?paks=(.*)$/.exec(path)?.[1];
    if (many !== undefined && !registry.isOld) {
      const texts = many.split(",").map(decodeURIComponent);
      return { body: { data: texts.map((text) => toldOf(text, versionsOf(text.split("@")[0]!), more)) } };
    }
    if (path.startsWith("/api/paks?")) return searchAnswer(path, releases, versionsOf);
    const parts = /^\/api\/paks\/([^/]+)\/([^/?]+)(?:\/versions(?:\/([^/?]+)(\/archive|\/files)?)?)?(?:\?.*)?$/.exec(
      path,
    );
    if (!parts) return missing("NOT_FOUND");
    const id = `${parts[1]}/${parts[2]}`;
    const all = versionsOf(id);
    if (!path.includes("/versions")) {
      const latest = selectVersion(all) ?? all[0];
      return latest ? { body: { data: pakOf(latest, more.get(id)) } } : missing("PAK_NOT_FOUND");
    }
    if (parts[3] === undefined) return all.length > 0 ? { body: { data: all, meta: {} } } : missing("PAK_NOT_FOUND");
    const dto = selectVersion(all, decodeURIComponent(parts[3]));
    const found = [...releases.values()].find((one) => one.dto === dto);
    if (!found) return missing(all.length > 0 ? "VERSION_NOT_FOUND" : "PAK_NOT_FOUND");
    if (parts[4] === "/archive")
      return { body: Buffer.from(found.archive), headers: { "content-type": "application/gzip" } };
    return { body: { data: found.dto } };
  };
  const stub = await serveStub(({ path, headers }) => {
    if (registry.token !== undefined && headers.authorization !== `Bearer ${registry.token}`)
      return { status: 401, body: { error: { code: "AUTH_REQUIRED", message: "Who are you?" } } };
    return registry.etags ? withEtag(answer(path)) : answer(path);
  });
  const registry: TestRegistry = {
    ...stub,
    releases,
    more,
    down: undefined,
    token: undefined,
    isOld: false,
    etags: false,
    add: async (id, version, pak) => {
      const made = await makeRelease(id, version, pak);
      releases.set(`${id}@${version}`, made);
      return made;
    },
    get: (ref) => {
      const found = releases.get(ref);
      if (!found) throw new Error(`The test registry has no ${ref}.`);
      return found;
    },
  };
  return registry;
}

/** Paks whose names hold the words. */
function searchAnswer(
  path: string,
  releases: TestRegistry["releases"],
  versionsOf: (id: string) => readonly ReleaseDto[],
): StubAnswer {
  const { searchParams } = new URL(path, "http://registry");
  const words = searchParams.get("q") ?? "";
  const account = searchParams.get("account") ?? "";
  const ids = new Set([...releases.keys()].map((ref) => ref.split("@")[0]!));
  const data = [...ids].flatMap((id) => {
    const newest = selectVersion(versionsOf(id));
    if (!id.includes(words) || !id.startsWith(account) || newest === undefined) return [];
    const { channels: _, latest, ...pak } = pakOf(newest);
    return [{ ...pak, version: latest.version }];
  });
  return { body: { data, meta: { total: data.length, page: 1, per_page: 10, next_cursor: null } } };
}

const withEtag = (answer: StubAnswer): StubAnswer => ({
  ...answer,
  headers: { ...answer.headers, etag: `"${sha256Hex(Buffer.from(JSON.stringify(answer.body)))}"` },
});

/** One of many paks. */
function toldOf(pak: string, all: readonly ReleaseDto[], more: TestRegistry["more"]) {
  const [id = "", selector] = pak.split("@");
  if (all[0] === undefined) return { pak, error: { code: "PAK_NOT_FOUND", message: "There is no such thing." } };
  const release = selector === undefined ? {} : { release: selectVersion(all, selector) ?? null };
  return { pak, versions: all, repository: all[0].repository, ...more.get(id), ...release };
}

const pakOf = (latest: ReleaseDto, more: Readonly<Record<string, unknown>> = {}) => ({
  account: latest.account,
  name: latest.name,
  kind: "skill",
  description: "x",
  license: "Apache-2.0",
  homepage: null,
  keywords: [],
  categories: [],
  repository: latest.repository,
  path: "",
  downloads: 0,
  created_at: latest.released_at,
  updated_at: latest.released_at,
  channels: { latest: latest.version },
  latest,
  ...more,
});
