import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable, Writable } from "node:stream";
import { type GitRepo, type GitServer, bareRepo, gitRepo, serveGit, testGit } from "@paks/git/testing";
import {
  type LockedPak,
  type RegistryOrigin,
  type ReleaseFile,
  describeFiles,
  makeArchive,
  sha256Hex,
} from "@paks/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Environment } from "../config.ts";
import type { Context } from "../context.ts";
import { openContext } from "../open-context.ts";
import { entryPath } from "../store/store.ts";
import { type StubRequest, serveStub, tempFolder } from "../testing/index.ts";
import { fetchLocked } from "./fetch-locked.ts";

const manifest = (name: string) =>
  `---\nname: ${name}\ndescription: Does it. Use when it has to be done.\n---\n# ${name}\n`;
const filesOf = (name: string, text = "one"): ReleaseFile[] => [
  { path: "SKILL.md", executable: false, bytes: Buffer.from(manifest(name)) },
  { path: "run.sh", executable: true, bytes: Buffer.from(`echo ${text}\n`) },
];
const files = filesOf("pdf");
const { digest } = describeFiles(files);

let repo: GitRepo;
let host: GitServer;
let hosted: string;
let commit: string;
beforeAll(async () => {
  repo = await gitRepo({ "skills/pdf/SKILL.md": manifest("pdf"), "skills/pdf/run.sh": "echo one\n" }, ["v1.0.0"]);
  await testGit(repo.dir, ["update-index", "--chmod=+x", "skills/pdf/run.sh"]);
  await testGit(repo.dir, ["commit", "--quiet", "--amend", "--message", "executable"]);
  await testGit(repo.dir, ["tag", "--force", "v1.0.0"]);
  commit = (await testGit(repo.dir, ["rev-parse", "HEAD"])).trim();
  hosted = await mkdtemp(join(tmpdir(), "paks-test-host-"));
  await testGit(repo.dir, ["push", "--quiet", await bareRepo(hosted, "skills"), "main", "v1.0.0"]);
  host = await serveGit(hosted);
});
afterAll(async () => {
  await host.close();
  await repo.remove();
  await rm(hosted, { recursive: true, force: true });
});

const originOf = (registry: string, more: Partial<RegistryOrigin> = {}): RegistryOrigin => ({
  type: "registry",
  registry,
  account: "acme",
  name: "pdf",
  version: "1.0.0",
  tag: "v1.0.0",
  commit,
  repository: `${host.url}/skills.git`,
  path: "skills/pdf",
  ...more,
});

const lockedOf = (resolved: LockedPak["resolved"], more: Partial<LockedPak> = {}): LockedPak => ({
  source: "acme/pdf",
  resolved,
  version: "1.0.0",
  digest,
  files: 2,
  dependencies: {},
  agents: [],
  mode: "link",
  ...more,
});

interface Answers {
  readonly archive?: readonly ReleaseFile[] | number;
  readonly recorded?: string;
  /** It still says what it recorded, and only the archive is not to be had. */
  readonly hasRecord?: boolean;
}

/** A registry with one release; a number is the status of its refusal. */
async function serveRelease({ archive = files, recorded = digest, hasRecord = false }: Answers = {}) {
  const bytes = typeof archive === "number" ? undefined : Buffer.from(await makeArchive(archive));
  const refusal = { 404: "PAK_NOT_FOUND", 410: "TAKEN_DOWN", 503: "DB_UNAVAILABLE" }[Number(archive)];
  const release = {
    ...originOf("https://r.example"),
    kind: "skill",
    digest: recorded,
    tag_object: commit,
    tree: commit,
    archive_sha256: sha256Hex(await makeArchive(files)),
    archive_bytes: 1,
    file_count: 2,
    total_bytes: 2,
    evidence: "token",
    released_at: "2026-11-20T00:00:00Z",
    yanked: false,
    manifest: {},
    warnings: [],
  };
  return await serveStub(({ path }: StubRequest) => {
    if (refusal !== undefined && !(hasRecord && !path.endsWith("/archive")))
      return { status: Number(archive), body: { error: { code: refusal, message: "No." } } };
    return path.endsWith("/archive") ? { body: bytes } : { body: { data: release } };
  });
}

async function open(environment: Environment, home?: string, offline = false) {
  const notes: string[] = [];
  const sink = new Writable({ write: (_chunk, _encoding, done) => done() });
  const cwd = home ?? (await tempFolder());
  const machine = {
    cwd,
    home: cwd,
    platform: process.platform,
    uid: process.getuid?.(),
    environment: {
      PATH: process.env["PATH"],
      HOME: cwd,
      PAKS_KEYCHAIN: "file",
      PAKS_TOKEN: "paks_secret",
      PAKS_GIT_PROTOCOLS: "https,http,file",
      ...environment,
    },
    stdinIsTty: false,
    stdin: () => Readable.from([]),
    stdout: sink,
    stderr: sink,
    clock: () => new Date(),
    signal: new AbortController().signal,
  };
  const say = (text: string) => void notes.push(text);
  const printer = { result: () => undefined, help: () => undefined, error: () => undefined };
  const context: Context = await openContext(
    machine,
    { offline },
    { ...printer, warn: say, note: say, debug: () => undefined, ask: () => undefined },
  );
  return { context, notes, home: cwd };
}

const plain = (found: readonly ReleaseFile[]) =>
  found.map(({ path, executable, bytes }) => ({ path, executable, text: Buffer.from(bytes).toString("utf8") }));

test("the archive's bytes come first, then the store's, then without a network too, and no token goes along", async () => {
  const stub = await serveRelease();
  const entry = lockedOf(originOf(stub.url, { archive: sha256Hex(await makeArchive(files)) }));
  const { context, home } = await open({ PAKS_REGISTRY: stub.url });
  expect(await fetchLocked(entry, context)).toMatchObject({ name: "pdf", account: "acme", version: "1.0.0", digest });
  expect(stub.requests.map((one) => [one.path, one.headers.authorization])).toEqual([
    ["/api/paks/acme/pdf/versions/1.0.0/archive", undefined],
  ]);
  for (const offline of [false, true]) {
    const { context: next } = await open({ PAKS_REGISTRY: stub.url }, home, offline);
    expect(plain((await fetchLocked(entry, next)).files)).toEqual(plain(files));
  }
  expect(stub.requests).toHaveLength(1);
});

test("a registry that answers other bytes is refused, and nothing is kept of them", async () => {
  const stub = await serveRelease({ archive: filesOf("pdf", "other") });
  for (const archive of [undefined, sha256Hex(await makeArchive(files))]) {
    const { context, home } = await open({ PAKS_REGISTRY: stub.url });
    const origin = originOf(stub.url, archive === undefined ? {} : { archive });
    await expect(fetchLocked(lockedOf(origin), context)).rejects.toMatchObject({ code: "INTEGRITY_MISMATCH" });
    for (const kept of [digest, describeFiles(filesOf("pdf", "other")).digest])
      await expect(readFile(entryPath(join(home, ".cache/paks/store"), kept))).rejects.toMatchObject({
        code: "ENOENT",
      });
  }
});

test.each([
  ["its digest", { digest: describeFiles(filesOf("pdf", "other")).digest }, {}],
  ["the archive's hash", {}, { archive: "c".repeat(64) }],
  ["the number of files", { files: 3 }, {}],
])("a lock of which somebody changed %s is LOCKFILE_MISMATCH", async (_, entry, origin) => {
  const stub = await serveRelease();
  const { context } = await open({ PAKS_REGISTRY: stub.url });
  const locked = lockedOf(originOf(stub.url, origin), entry);
  await expect(fetchLocked(locked, context)).rejects.toMatchObject({ code: "LOCKFILE_MISMATCH" });
});

test("another pak's bytes under a name are refused, even when the store has them", async () => {
  const other = filesOf("csv");
  const stub = await serveRelease();
  const { context } = await open({ PAKS_REGISTRY: stub.url });
  await context.store.put(describeFiles(other).digest, other);
  const locked = lockedOf(originOf(stub.url), { digest: describeFiles(other).digest });
  await expect(fetchLocked(locked, context)).rejects.toMatchObject({ code: "LOCKFILE_MISMATCH" });
});

test("a damaged store is mended from the registry", async () => {
  const stub = await serveRelease();
  const { context, home, notes } = await open({ PAKS_REGISTRY: stub.url });
  const entry = lockedOf(originOf(stub.url));
  await fetchLocked(entry, context);
  await writeFile(entryPath(join(home, ".cache/paks/store"), digest), await makeArchive(filesOf("pdf", "other")));
  expect(plain((await fetchLocked(entry, context)).files)).toEqual(plain(files));
  expect(notes).toEqual([expect.stringContaining("damaged")]);
  expect(stub.requests).toHaveLength(2);
});

test("an archive that a registry lost, or a registry that does not answer: git at the recorded commit, verified", async () => {
  for (const answers of [
    { archive: 404, hasRecord: true },
    { archive: 503, hasRecord: true },
    { archive: 503, hasRecord: false },
  ]) {
    const stub = await serveRelease(answers);
    const { context, notes } = await open({ PAKS_REGISTRY: stub.url });
    expect(plain((await fetchLocked(lockedOf(originOf(stub.url)), context)).files)).toEqual(plain(files));
    expect(notes).toEqual([expect.stringContaining("it came from git, verified")]);
  }
});

test("what a registry says it never had is looked for nowhere else, unless the store has it", async () => {
  const stub = await serveRelease({ archive: 404 });
  const { context, notes } = await open({ PAKS_REGISTRY: stub.url });
  const before = host.requests.length;
  const entry = lockedOf(originOf(stub.url));
  await expect(fetchLocked(entry, context)).rejects.toMatchObject({ code: "PAK_NOT_FOUND" });
  expect(host.requests).toHaveLength(before);
  await context.store.put(digest, files);
  expect(plain((await fetchLocked(entry, context)).files)).toEqual(plain(files));
  expect(notes).toEqual([]);
});

test.each([
  ["commit", { commit: "b".repeat(40) }],
  ["repository", { repository: "https://git.example/evil" }],
  ["folder", { path: "evil" }],
  ["tag", { tag: "v1.0.0-evil" }],
])("git is not asked for another %s than the registry recorded", async (_, origin) => {
  for (const archive of [404, 503]) {
    const stub = await serveRelease({ archive, hasRecord: true });
    const { context } = await open({ PAKS_REGISTRY: stub.url });
    const before = host.requests.length;
    const locked = lockedOf(originOf(stub.url, origin));
    await expect(fetchLocked(locked, context)).rejects.toMatchObject({ code: "LOCKFILE_MISMATCH" });
    expect(host.requests).toHaveLength(before);
  }
});

test("git with other bytes, another commit or without the repository is refused", async () => {
  const stub = await serveRelease({ archive: 503 });
  const { context } = await open({ PAKS_REGISTRY: stub.url });
  const refused = async (origin: Partial<RegistryOrigin>, entry: Partial<LockedPak> = {}) =>
    await fetchLocked(lockedOf(originOf(stub.url, origin), entry), context).then(
      () => "installed",
      (error: unknown) => (error as { code: string }).code,
    );
  expect(await refused({}, { digest: describeFiles(filesOf("pdf", "other")).digest })).toBe("INTEGRITY_MISMATCH");
  expect(await refused({ commit: "b".repeat(40) })).toBe("TAG_MOVED");
  expect(await refused({ repository: `${host.url}/gone.git` })).toBe("DB_UNAVAILABLE");
  // Said by the lock, not typed: nothing of this machine is read.
  expect(await refused({ repository: `file://${repo.dir}` })).toBe("DB_UNAVAILABLE");
}, 30_000);

test("what a registry took down does not come back by git", async () => {
  const stub = await serveRelease({ archive: 410 });
  const { context } = await open({ PAKS_REGISTRY: stub.url });
  await expect(fetchLocked(lockedOf(originOf(stub.url)), context)).rejects.toMatchObject({ code: "TAKEN_DOWN" });
});

test("without a network and without the store it is OFFLINE, and git is not asked either", async () => {
  const stub = await serveRelease();
  const { context } = await open({ PAKS_REGISTRY: stub.url }, undefined, true);
  await expect(fetchLocked(lockedOf(originOf(stub.url)), context)).rejects.toMatchObject({ code: "OFFLINE" });
  expect(stub.requests).toEqual([]);
});

test("a lock does not decide which registry is asked: one that nobody named is not, one that the user named is", async () => {
  const [own, other] = [await serveRelease(), await serveRelease()];
  const entry = lockedOf(originOf(other.url));
  const { context } = await open({ PAKS_REGISTRY: own.url });
  await expect(fetchLocked(entry, context)).rejects.toMatchObject({
    code: "LOCKFILE_MISMATCH",
    hint: expect.stringContaining("paks registry add"),
  });
  expect([own.requests, other.requests]).toEqual([[], []]);

  const home = await tempFolder();
  await mkdir(join(home, ".config/paks"), { recursive: true });
  const config = join(home, ".config/paks/config.toml");
  await writeFile(config, `[registries.other]\nurl = "${other.url}"\n`);
  const { context: named } = await open({ PAKS_REGISTRY: own.url }, home);
  expect(await fetchLocked(entry, named)).toMatchObject({ digest });
  // An account that is mapped elsewhere is not looked up there, whatever has a name.
  await writeFile(
    config,
    `[registries.other]\nurl = "${other.url}"\n[registries.own]\nurl = "${own.url}"\naccounts = ["acme"]\n`,
  );
  const { context: mapped } = await open({ PAKS_REGISTRY: other.url }, home);
  await expect(fetchLocked(entry, mapped)).rejects.toMatchObject({ code: "LOCKFILE_MISMATCH" });
});

test("a folder of the workspace has to be as it was, and inside", async () => {
  const { context } = await open({});
  const root = await tempFolder();
  await mkdir(join(root, "mine"));
  await writeFile(join(root, "mine/SKILL.md"), manifest("pdf"));
  const { digest: own } = describeFiles([files[0]!]);
  const entry = lockedOf({ type: "local", path: "mine" }, { digest: own, files: 1, version: null });
  expect(await fetchLocked(entry, context, { root })).toMatchObject({
    name: "pdf",
    origin: { path: join(root, "mine") },
  });
  await symlink(await tempFolder(), join(root, "out"));
  const outside = lockedOf({ type: "local", path: "out" }, { version: null });
  await expect(fetchLocked(outside, context, { root })).rejects.toMatchObject({ code: "UNSAFE_TARGET" });
  await writeFile(join(root, "mine/SKILL.md"), `${manifest("pdf")}more\n`);
  await expect(fetchLocked(entry, context, { root })).rejects.toMatchObject({ code: "LOCKFILE_MISMATCH" });
});

test("a git entry is fetched once at its commit and then kept", async () => {
  const { context, home } = await open({});
  const origin = {
    type: "git",
    repository: originOf("x").repository,
    path: "skills/pdf",
    commit,
    tag: "v1.0.0",
  } as const;
  const entry = lockedOf(origin);
  expect(plain((await fetchLocked(entry, context)).files)).toEqual(plain(files));
  const { context: offline } = await open({}, home, true);
  expect(plain((await fetchLocked(entry, offline)).files)).toEqual(plain(files));
  const moved = lockedOf({ ...origin, path: "skills" });
  const { context: fresh } = await open({});
  await expect(fetchLocked(moved, fresh)).rejects.toMatchObject({ code: "INTEGRITY_MISMATCH" });
});
