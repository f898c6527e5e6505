import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type RunOptions, type StubRequest, parseYaml, runPaks, serveStub, tempFolder } from "../testing/index.ts";

const digest = `h1:${"A".repeat(43)}=`;
const time = "2026-11-20T00:00:00Z";
const oid = "a".repeat(40);

const release = (version: string) => ({
  account: "acme",
  name: "pdf",
  kind: "skill",
  version,
  digest,
  tag: `v${version}`,
  tag_object: oid,
  commit: oid,
  tree: oid,
  repository: "https://github.com/acme/skills",
  path: "skills/pdf",
  archive_sha256: "b".repeat(64),
  archive_bytes: 100,
  file_count: 2,
  total_bytes: 200,
  evidence: "token",
  released_at: time,
  yanked: false,
  manifest: {},
  warnings: [],
});

const pak = {
  account: "acme",
  name: "pdf",
  kind: "skill",
  description: "Fills forms.\u001b[2J\n✓ verified",
  license: "MIT",
  homepage: null,
  keywords: ["pdf"],
  categories: [],
  repository: null,
  path: null,
  downloads: 7,
  created_at: time,
  updated_at: time,
  channels: { latest: "1.2.0" },
  latest: release("1.2.0"),
};

const changelog = "### Fixed\n\n- A crash.\u001b[2J\n✓ verified";
const summary = { ...pak, version: "1.2.0" };

function answer({ path }: StubRequest) {
  const missing = (code: string) => ({ status: 404, body: { error: { code, message: "No." } } });
  const url = new URL(path, "http://stub");
  if (url.pathname === "/api/paks") {
    const found = url.searchParams.get("q") === "nothing" ? [] : [summary];
    return { body: { data: found, meta: { total: found.length * 1001, page: 1, per_page: 10, next_cursor: null } } };
  }
  if (!url.pathname.startsWith("/api/paks/acme/pdf")) return missing("PAK_NOT_FOUND");
  if (url.pathname.endsWith("/files"))
    return { body: { data: [{ path: "run\u001b[2J.sh", size: 5, sha256: "c".repeat(64), executable: true }] } };
  if (url.pathname === "/api/paks/acme/pdf") return { body: { data: pak } };
  if (url.pathname.endsWith("/versions"))
    return {
      body: {
        data: [
          { ...release("1.2.0"), changelog },
          { ...release("1.1.0"), yanked: true },
        ],
      },
    };
  return decodeURIComponent(url.pathname).endsWith("/versions/^1.1")
    ? { body: { data: { ...release("1.1.0"), manifest: { license: "GPL-3.0-only", keywords: ["old"] } } } }
    : missing("VERSION_NOT_FOUND");
}

async function open() {
  const home = await tempFolder();
  const stub = await serveStub((request) => ({ headers: { etag: '"1"' }, ...answer(request) }));
  const run = async (argv: string[], options: Partial<RunOptions> = {}) =>
    await runPaks(argv, {
      cwd: home,
      home,
      environment: { PAKS_REGISTRY: stub.url, PAKS_TOKEN: "paks_x" },
      ...options,
    });
  return { home, stub, run };
}

test("search shows what was found, how much more there is, and how to install it", async () => {
  const { run, stub } = await open();
  const { exit, stdout } = await run(["search", "pdf", "forms", "--sort", "downloads"]);
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^NAME +VERSION +DOWNLOADS +DESCRIPTION\nacme\/pdf +1\.2\.0 +7 /);
  expect(stdout).toContain("1 of more than 1000 found. Install one with: paks install acme/pdf");
  expect(stub.requests[0]?.path).toBe("/api/paks?q=pdf+forms&sort=downloads&limit=10&page=1");
});

test.each([
  ["--limit", "1000", "--limit is a whole number, 1 to 100."],
  ["--limit", "0", "--limit is a whole number, 1 to 100."],
  ["--page", "1.5", "--page is a whole number, 1 or more."],
])("search %s %s is refused in our words, without asking", async (flag, value, message) => {
  const { run, stub } = await open();
  const { exit, stderr } = await run(["search", flag, value]);
  expect([exit, stderr]).toEqual([2, expect.stringContaining(message)]);
  expect(stub.requests).toEqual([]);
});

test("search --quiet prints what was found and nothing else", async () => {
  const { run } = await open();
  expect((await run(["search", "pdf", "-q"])).stdout).not.toContain("Install one with");
});

test("search as JSON is the registry's own records", async () => {
  const { run } = await open();
  expect((await run(["search", "--json"])).json()).toEqual({
    items: [summary],
    total: 1001,
    page: 1,
    per_page: 10,
    left_out: 0,
  });
});

test("nothing found is no failure", async () => {
  const { run } = await open();
  expect(await run(["search", "nothing"])).toMatchObject({
    exit: 0,
    stdout: expect.stringContaining("Nothing was found"),
  });
});

test("what others wrote about their pak cannot act on the terminal or imitate our lines", async () => {
  const { run } = await open();
  for (const argv of [
    ["search", "pdf"],
    ["info", "acme/pdf"],
  ]) {
    const { stdout } = await run(argv);
    expect(stdout).toContain("Fills forms.\\u{1b}[2J\\u{a}✓ verified");
    expect(stdout).not.toMatch(/^✓/m);
  }
});

test("reading sends no token", async () => {
  const { run, stub } = await open();
  await run(["search", "pdf"]);
  await run(["info", "acme/pdf", "--versions"]);
  for (const { headers } of stub.requests) expect(headers).not.toHaveProperty("authorization");
});

test("info shows the pak and its newest release", async () => {
  const { run } = await open();
  const { exit, stdout } = await run(["info", "acme/pdf"]);
  expect(stdout).toMatch(/vouched for by +a token of the account\n/);
  expect(exit).toBe(0);
  for (const text of ["acme/pdf 1.2.0", digest, "v1.2.0", "https://github.com/acme/skills (skills/pdf)", "MIT"]) {
    expect(stdout).toContain(text);
  }
});

test("info of a range shows the release that fits, and --versions all of them", async () => {
  const { run } = await open();
  const { json } = await run(["info", "acme/pdf@^1.1", "--versions", "--json"]);
  expect(json()).toMatchObject({
    pak: { name: "pdf" },
    release: { version: "1.1.0" },
    versions: [{ version: "1.2.0" }, { yanked: true }],
  });
  expect((await run(["info", "acme/pdf", "--versions"])).stdout).toContain("1.1.0 (yanked)");
});

test("info of an older release shows what that one said of itself, and nothing of the newest", async () => {
  const { run } = await open();
  const { stdout } = await run(["info", "acme/pdf@^1.1"]);
  expect(stdout).toMatch(/^license +GPL-3\.0-only$/m);
  expect(stdout).toMatch(/^keywords +old$/m);
  expect(stdout).not.toContain("MIT");
});

test("info --versions shows what each release changed, harmless for the terminal", async () => {
  const { run } = await open();
  const { stdout } = await run(["info", "acme/pdf", "--versions"]);
  expect(stdout).toContain("\n\n1.2.0:\n  ### Fixed\n\n  - A crash.\\u{1b}[2J\n  ✓ verified\n");
  expect(stdout).not.toContain("1.1.0 (yanked):");
});

test.each([
  ["acme/nothing", 3, "PAK_NOT_FOUND"],
  ["acme/pdf@9.9.9", 3, "VERSION_NOT_FOUND"],
  ["pdf", 5, "INVALID_NAME"],
  ["acme/pdf@", 5, "INVALID_PARAMETER"],
  ["Acme/pdf", 5, "INVALID_NAME"],
])("info %s: exit %i, %s, with a hint", async (ref, exit, code) => {
  const { run } = await open();
  const result = await run(["info", ref, "--json"]);
  expect(result.exit, result.stdout).toBe(exit);
  expect(result.json()).toMatchObject({ error: { code, hint: expect.any(String) } });
});

async function installedHere(home: string, version: string, registry: string) {
  const base = join(home, ".agents/skills/.paks");
  await mkdir(base, { recursive: true });
  const origin = {
    type: "registry",
    registry,
    account: "acme",
    name: "pdf",
    version,
    tag: `v${version}`,
    commit: oid,
    repository: "https://github.com/acme/skills",
    path: "",
  };
  const record = { record_version: 1, folder: "pdf", name: "pdf", version, digest, origin, files: [], links: [] };
  await writeFile(join(base, "pdf.json"), JSON.stringify({ ...record, installed_at: time }));
  await writeFile(join(base, "broken.json"), "{");
}

test("what is installed is shown with what is found, and whether the registry has a newer one", async () => {
  const { home, run, stub } = await open();
  expect((await run(["info", "acme/pdf"])).stdout).not.toContain("installed");
  await installedHere(home, "1.0.0", stub.url);
  expect((await run(["search", "pdf"])).stdout).toMatch(
    /^NAME +VERSION +INSTALLED .*\nacme\/pdf +1\.2\.0 +1\.0\.0 \(global\) /,
  );
  expect((await run(["info", "acme/pdf"])).stdout).toContain("1.2.0 is newer: paks update acme/pdf");
  const installed = [{ version: "1.0.0", update: true }];
  expect((await run(["info", "acme/pdf", "--json"])).json()).toMatchObject({ installed });
  expect((await run(["search", "pdf", "--json"])).json()).toMatchObject({ items: [{ installed }] });
  await installedHere(home, "1.2.0", stub.url);
  expect((await run(["info", "acme/pdf"])).stdout).toMatch(/^installed +1\.2\.0 \(global\), the newest$/m);
  const cwd = join(home, "project");
  await installedHere(cwd, "1.2.0", stub.url);
  expect((await run(["search", "pdf"], { cwd })).stdout).toContain(" 1.2.0 (project), 1.2.0 (global) ");
  await installedHere(home, "1.0.0", "https://r.example");
  const { stdout } = await run(["info", "acme/pdf"]);
  expect(stdout).toMatch(/^installed +1\.0\.0 \(global, from https:\/\/r\.example\)$/m);
  expect((await run(["info", "acme/pdf", "--json"])).json()).toMatchObject({
    installed: [{ registry: "https://r.example", update: false }],
  });
});

test("--author is --account, and all filters are sent", async () => {
  const { run, stub } = await open();
  const filters = ["--kind", "skill", "--category", "docs", "--keyword", "pdf", "--sort", "recent", "--limit", "5"];
  await run(["search", "--author", "acme", ...filters, "--page", "3"]);
  expect(stub.requests[0]?.path).toBe(
    "/api/paks?kind=skill&account=acme&keyword=pdf&category=docs&sort=recent&limit=5&page=3",
  );
});

test("search --detailed says everything about each", async () => {
  const { run } = await open();
  const { stdout } = await run(["search", "pdf", "--detailed"]);
  for (const text of ["acme/pdf 1.2.0\n  Fills forms.", "  license    MIT", "  downloads  7", "  keywords   pdf"])
    expect(stdout).toContain(text);
});

test.each([
  ["search", "pdf"],
  ["info", "acme/pdf", "--full"],
])("%s: one value in three ways of writing", async (...argv) => {
  const { run } = await open();
  const value = (await run([...argv, "--json"])).json();
  expect(JSON.parse((await run([...argv, "--format", "json"])).stdout)).toEqual(value);
  const yaml = await run([...argv, "--format", "yaml"]);
  expect(parseYaml(yaml.stdout)).toEqual(value);
  expect(yaml.stdout).not.toContain("\u001b");
  // For programs first, whatever else is said.
  expect((await run([...argv, "--format", "yaml", "--json"])).json()).toEqual(value);
});

test("info --files lists them, --full adds the manifest and the releases, --version names one", async () => {
  const { run } = await open();
  const { stdout } = await run(["info", "acme/pdf", "--files"]);
  expect(stdout).toMatch(/^5 +c{64} +run\\u\{1b\}\[2J\.sh \(executable\)$/m);
  const full = (await run(["info", "acme/pdf", "--full"])).stdout;
  for (const text of ["manifest:", "archive", "VERSION", "SHA256", "1.1.0 (yanked)"]) expect(full).toContain(text);
  const older = (await run(["info", "acme/pdf", "--version", "^1.1", "--json"])).json();
  expect(older).toMatchObject({ release: { version: "1.1.0" } });
  expect((await run(["info", "acme/pdf@1.2.0", "--version", "^1.1"])).exit).toBe(2);
});

test("without a network info answers what was asked for before, and nothing else", async () => {
  const { run, stub } = await open();
  const asked = (await run(["info", "acme/pdf", "--json"])).json();
  const count = stub.requests.length;
  expect(asked).toMatchObject({ pak: { name: "pdf" } });
  expect((await run(["info", "acme/pdf", "--offline", "--json"])).json()).toEqual(asked);
  expect((await run(["info", "acme/csv", "--offline", "--json"])).json()).toMatchObject({ error: { code: "OFFLINE" } });
  expect((await run(["search", "pdf", "--offline", "--json"])).json()).toMatchObject({ error: { code: "OFFLINE" } });
  expect(stub.requests).toHaveLength(count);
});
