import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeEach, expect, test } from "vitest";
import {
  type RunOptions,
  type Stub,
  type StubAnswer,
  type TarEntry,
  npmIntegrity,
  npmTarball,
  runPaks,
  serveStub,
  tempFolder,
} from "../testing/index.ts";

const skill = (name: string) =>
  `---\nname: ${name}\ndescription: Does what ${name} does, and says so at length.\n---\n`;

const good = [
  { path: "package/package.json", content: '{"name":"@acme/skills","scripts":{"install":"touch /tmp/paks-npm-ran"}}' },
  { path: "package/skills/pdf/SKILL.md", content: skill("pdf") },
  { path: "package/skills/pdf/scripts/fill.sh", content: "echo fill\n", mode: 0o755 },
];

interface Package {
  readonly bytes?: Buffer;
  readonly integrity?: string | undefined;
  readonly tarball?: (base: string) => string;
  readonly answer?: (path: string) => StubAnswer | undefined;
  readonly more?: object;
}

let stub: Stub;
let options: RunOptions;

/** An npm registry with one package in three versions. */
async function serve(given: Package = {}): Promise<void> {
  const bytes = given.bytes ?? npmTarball(good);
  const integrity = "integrity" in given ? given.integrity : npmIntegrity(bytes);
  stub = await serveStub(({ path, headers }) => {
    const base = `http://${headers.host}`;
    const own = given.answer?.(path);
    if (own) return own;
    if (path.endsWith(".tgz")) return { body: bytes, headers: { "content-type": "application/octet-stream" } };
    if (path !== "/@acme%2fskills") return { status: 404, body: { error: "Not found" } };
    const dist = { tarball: given.tarball?.(base) ?? `${base}/@acme/skills/-/skills.tgz`, integrity };
    const versions = Object.fromEntries(
      ["1.0.0", "1.2.0", "2.0.0-beta.1"].map((v) => [v, { version: v, dist, ...given.more }]),
    );
    return { body: { name: "@acme/skills", "dist-tags": { latest: "1.2.0", next: "2.0.0-beta.1" }, versions } };
  });
  options = { ...options, environment: { npm_config_registry: `${stub.url}/` } };
}

beforeEach(async () => {
  const root = await tempFolder();
  const [cwd, home] = [join(root, "project"), join(root, "home")];
  await Promise.all([cwd, home].map((folder) => mkdir(folder)));
  options = { cwd, home };
});

const paks = async (...args: string[]) => {
  const run = await runPaks(["install", "--json", ...args], options);
  return { exit: run.exit, json: run.json() as Record<string, never>, text: run.stdout + run.stderr };
};

/** Everything below the project and the user's folder, as text. */
async function allFiles(): Promise<string> {
  const texts: string[] = [];
  for (const root of [options.cwd, options.home])
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true }))
      if (entry.isFile()) texts.push(`${entry.name}\n${await readFile(join(entry.parentPath, entry.name), "latin1")}`);
  return texts.join("\n");
}

test.each([
  ["npm:@acme/skills", "1.2.0"],
  ["npm:@acme/skills@^1.0", "1.2.0"],
  ["npm:@acme/skills@1.0.0", "1.0.0"],
  ["npm:@acme/skills@next", "2.0.0-beta.1"],
  ["npm:@acme/skills#path=skills/pdf", "1.2.0"],
])("%s installs the pak of version %s, its bytes verified, no script run", async (source, version) => {
  await serve();
  const done = await paks(source);
  expect(done.text).toContain('"installed"');
  expect(done.json).toMatchObject({
    installed: [{ name: "pdf", version, origin: { type: "npm", package: "@acme/skills", path: "skills/pdf" } }],
  });
  expect(await readFile(join(options.cwd, ".agents/skills/pdf/scripts/fill.sh"), "utf8")).toBe("echo fill\n");
  await expect(readFile("/tmp/paks-npm-ran")).rejects.toThrow("ENOENT");
});

test("which registry this machine asks is written into no file", async () => {
  await serve();
  await paks("npm:@acme/skills");
  const text = await allFiles();
  expect(text).toContain("https://registry.npmjs.org");
  expect(text).not.toContain("127.0.0.1");
});

test("a mirror that repeats npm's own addresses is asked in their place", async () => {
  await serve({ tarball: () => "https://registry.npmjs.org/@acme/skills/-/skills.tgz" });
  expect((await paks("npm:@acme/skills")).exit).toBe(0);
  expect(stub.requests.map(({ path }) => path)).toEqual(["/@acme%2fskills", "/@acme/skills/-/skills.tgz"]);
});

test("the user's own .npmrc counts, the project's does not, and no token of either is sent", async () => {
  await serve();
  const token = `//${new URL(stub.url).host}/:_authToken=npm_secret\n_auth=secret\n`;
  await writeFile(join(options.home, ".npmrc"), `${token}@acme:registry=${stub.url}/\n`);
  await writeFile(join(options.cwd, ".npmrc"), `registry=http://127.0.0.1:9/\n@acme:registry=http://127.0.0.1:9/\n`);
  options = { ...options, environment: {} };
  expect((await paks("npm:@acme/skills")).exit).toBe(0);
  expect(JSON.stringify(stub.requests)).not.toContain("secret");
  expect(stub.requests.every(({ headers }) => headers.authorization === undefined)).toBe(true);
});

test.each<[string, Package, string, number]>([
  ["other bytes than are listed", { integrity: npmIntegrity(Buffer.from("x")) }, "INTEGRITY_MISMATCH", 7],
  ["no integrity", { integrity: undefined }, "INTEGRITY_MISMATCH", 7],
  ["SHA-1 only", { integrity: "sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk=" }, "INTEGRITY_MISMATCH", 7],
  ["a tarball on another host", { tarball: () => "https://evil.example/x.tgz" }, "HOST_NOT_ALLOWED", 5],
  ["a tarball with credentials", { tarball: (base) => base.replace("//", "//user:pw@") }, "HOST_NOT_ALLOWED", 5],
  [
    "a redirect",
    { answer: () => ({ status: 302, headers: { location: "https://evil.example/" } }) },
    "HOST_NOT_ALLOWED",
    5,
  ],
  ["a page", { answer: () => ({ body: "<!doctype html>" }) }, "REGISTRY_UNAVAILABLE", 8],
  ["a failing server", { answer: () => ({ status: 500 }) }, "REGISTRY_UNAVAILABLE", 8],
  ["a closed connection", { answer: () => ({ hangUp: true }) }, "REGISTRY_UNAVAILABLE", 8],
  ["a question for a login", { answer: () => ({ status: 401 }) }, "NOT_FOUND", 3],
  ["a list of no versions", { answer: () => ({ body: { "dist-tags": {}, versions: {} } }) }, "VERSION_NOT_FOUND", 3],
  [
    "names of objects' own",
    { answer: () => ({ body: '{"dist-tags":{"latest":"__proto__"},"versions":{"__proto__":{}}}' }) },
    "VERSION_NOT_FOUND",
    3,
  ],
])("%s: nothing is installed, and it is told as what it is", async (_name, given, code, exit) => {
  await serve(given);
  const done = await paks("npm:@acme/skills");
  expect(done).toMatchObject({ exit, json: { error: { code } } });
  expect(await readdir(options.cwd)).toEqual([]);
});

const inPak = (entry: TarEntry): Package => ({ bytes: npmTarball([...good, entry]) });

test.each<[string, Package, string]>([
  ["a symbolic link", inPak({ path: "package/skills/pdf/x", type: "2", link: "/etc/passwd" }), "UNSAFE_ARCHIVE"],
  ["a hard link", inPak({ path: "package/skills/pdf/x", type: "1", link: "package/package.json" }), "UNSAFE_ARCHIVE"],
  ["a device", inPak({ path: "package/skills/pdf/x", type: "3" }), "UNSAFE_ARCHIVE"],
  ["a global header", inPak({ path: "package/x", type: "g", content: "20 path=/etc/passw\n" }), "UNSAFE_ARCHIVE"],
  ["a long name of GNU", inPak({ path: "././@LongLink", type: "L", content: "x" }), "UNSAFE_ARCHIVE"],
  ["a header that sets a size", inPak({ path: "package/x", type: "x", content: "11 size=99\n" }), "UNSAFE_ARCHIVE"],
  ["a path that leads out", inPak({ path: "package/skills/pdf/../../../x", content: "x" }), "UNSAFE_PATH"],
  ["a path of git", inPak({ path: "package/skills/pdf/.git/config", content: "x" }), "UNSAFE_PATH"],
  ["an escape sequence", inPak({ path: "package/skills/pdf/\u001b[31m", content: "x" }), "UNSAFE_PATH"],
  ["twins", inPak({ path: "package/skills/pdf/skill.md", content: "x" }), "CASE_COLLISION"],
  ["the same file twice", inPak({ path: "package/skills/pdf/SKILL.md", content: "x" }), "UNSAFE_PATH"],
  [
    "a file over the limit",
    inPak({ path: "package/skills/pdf/big", content: Buffer.alloc(3 * 1024 * 1024) }),
    "TOO_LARGE",
  ],
  ["a bomb", { bytes: gzipSync(Buffer.alloc(300 * 1024 * 1024)) }, "TOO_LARGE"],
  ["no gzip", { bytes: Buffer.from("PK") }, "UNSAFE_ARCHIVE"],
  ["no paks", { bytes: npmTarball(good.slice(0, 1)) }, "MANIFEST_MISSING"],
])("a package with %s is refused, and nothing is written", async (_name, given, code) => {
  await serve(given);
  const done = await paks("npm:@acme/skills");
  expect(done.json).toMatchObject({ error: { code } });
  expect(done.text).not.toContain("\u001b");
  expect(await readdir(options.cwd)).toEqual([]);
});

test("links and files beside the pak that is installed refuse the package only where they could matter", async () => {
  // A folder's own entry, an odd mode and another's long path are what old packers write.
  const odd = [
    { path: "package/", type: "5", mode: 0o755 },
    { path: "package/lib/x.js", content: "x", mode: 0o666 },
    { path: "package/lib/con", content: "x" },
  ];
  await serve({ bytes: npmTarball([...odd, ...good]) });
  expect((await paks("npm:@acme/skills")).exit).toBe(0);
});

test("several paks of a package are listed, never guessed", async () => {
  await serve({ bytes: npmTarball([...good, { path: "package/skills/csv/SKILL.md", content: skill("csv") }]) });
  expect((await paks("npm:@acme/skills")).json).toMatchObject({
    error: { code: "AMBIGUOUS_MANIFEST", hint: expect.stringContaining("npm:@acme/skills#path=skills/csv") },
  });
  const listed = await paks("--list", "npm:@acme/skills");
  expect(listed.json).toMatchObject({ paks: [{ name: "csv" }, { name: "pdf" }] });
});

test("offline, npm is not asked", async () => {
  await serve();
  expect(await paks("npm:@acme/skills", "--offline")).toMatchObject({ exit: 8, json: { error: { code: "OFFLINE" } } });
  expect(stub.requests).toEqual([]);
});

test("a package that cannot be read is named, with what to look at", async () => {
  await serve({ bytes: Buffer.from("PK") });
  const { json } = await paks("npm:@acme/skills");
  expect(json).toMatchObject({
    error: {
      code: "UNSAFE_ARCHIVE",
      message: expect.stringContaining("@acme/skills 1.2.0 on npm cannot be read: "),
      hint: expect.stringContaining("holds paks"),
    },
  });
});

const gnu = "ustar  \0";
test("what GNU tar has packed is read as far as its format says the same", async () => {
  await serve({ bytes: npmTarball(good.map((entry) => ({ ...entry, magic: gnu }))) });
  expect((await runPaks(["install", "npm:@acme/skills"], options)).exit).toBe(0);
  expect(await readFile(join(options.cwd, ".agents/skills/pdf/SKILL.md"), "utf8")).toBe(skill("pdf"));
});

test.each([
  ["a long name", { type: "L", path: "././@LongLink", content: "package/x\0" }, "a long name in GNU tar's own form"],
  ["a file with holes", { type: "S", path: "package/x" }, "a file with holes in GNU tar's own form"],
  ["times where a path may stand", { path: "package/x", prefix: "14000000000" }, "not in the ustar format"],
])("GNU tar's extensions are refused: %s", async (_name, entry, why) => {
  await serve({ bytes: npmTarball([{ ...entry, magic: gnu }, ...good]) });
  const run = await runPaks(["install", "npm:@acme/skills", "--json"], options);
  expect(run.json()).toMatchObject({ error: { code: "UNSAFE_ARCHIVE", message: expect.stringContaining(why) } });
});

test("a proxy that does not let npm be asked is named, without its password", async () => {
  const environment = {
    npm_config_registry: "https://npm.example/",
    HTTPS_PROXY: "http://me:s3cret@127.0.0.1:1",
  };
  const run = await runPaks(["install", "npm:@acme/skills"], { ...options, environment });
  expect(run.exit).toBe(8);
  expect(run.stderr).toContain(
    "The npm registry npm.example cannot be reached (the proxy http://127.0.0.1:1 cannot be reached: ECONNREFUSED).",
  );
  expect(run.stderr).toContain("HTTPS_PROXY");
  expect(run.stderr).not.toContain("s3cret");
});
