import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

interface Job {
  permissions: Record<string, string>;
  strategy?: { matrix: { include: { system: string }[] } };
}

interface File {
  readonly name: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}
interface PackScript {
  readVersion(tag?: string): string;
  nameSystem(facts: { platform: string; arch: string; bun: string }): string;
  packTarGz(files: readonly File[]): Promise<Uint8Array>;
  packZip(files: readonly File[]): Uint8Array;
}
interface NoticesScript {
  checkLicence(manifest: { name: string; version: string; license?: string }): void;
  describeLibrary(library: Library): { title: string; text: string };
  writeNotices(): Promise<string>;
}
interface Library {
  readonly name: string;
  readonly licence: string;
  readonly from: string;
  readonly texts?: readonly string[];
  readonly without?: string;
}

const script = async <T>(name: string) => (await import(new URL(`../../scripts/${name}`, import.meta.url).href)) as T;
const { readVersion, nameSystem, packTarGz, packZip } = await script<PackScript>("pack-standalone.mjs");
const { checkLicence, describeLibrary, writeNotices } = await script<NoticesScript>("notices.mjs");

/** Packages that belong to `schema`. */
const require = createRequire(new URL("../../schema/package.json", import.meta.url));
const { unzipSync } = require("fflate") as { unzipSync(archive: Uint8Array): Record<string, Uint8Array> };
const { parse } = require("yaml") as { parse(text: string): unknown };

const { bundleStandalone } = await script<{ bundleStandalone(into: string): Promise<unknown> }>("standalone.mjs");

const folder = mkdtempSync(join(tmpdir(), "paks-archive-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const files: readonly File[] = [
  { name: "paks", mode: 0o755, bytes: Buffer.from("#!/bin/sh\necho paks\n") },
  { name: "LICENSE", mode: 0o644, bytes: Buffer.from("a licence\n") },
];

test("a tag that is not the version of every package is refused before anything is built", () => {
  const version = readVersion();
  expect(readVersion(`v${version}`)).toBe(version);
  expect(() => readVersion("v999.0.0")).toThrow(/v999\.0\.0 is not v/);
  expect(() => readVersion(version)).toThrow(/is not v/);
});

test("in a fresh clone the script sets up first, and says what failed of that in a sentence", async () => {
  const clone = join(folder, "clone");
  cpSync(new URL("../../scripts", import.meta.url), join(clone, "scripts"), { recursive: true });
  for (const name of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"])
    cpSync(new URL(`../../${name}`, import.meta.url), join(clone, name));
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "git"), "#!/bin/sh\n", { mode: 0o755 });
  writeFileSync(join(bin, "npx"), "#!/bin/sh\nexit 7\n", { mode: 0o755 });
  const options = { env: { PATH: `${bin}:/usr/bin:/bin` }, encoding: "utf8" } as const;
  const { status, stderr } = spawnSync(process.execPath, [join(clone, "scripts/pack-standalone.mjs")], options);
  expect([status, stderr]).toEqual([1, "setup: installing dependencies\nsetup: installing dependencies failed\n"]);
});

test("an archive's name says for which system it is, in the words of its users", () => {
  const bun = "/x/@oven/bun/bin/bun";
  expect(nameSystem({ platform: "linux", arch: "x64", bun })).toBe("linux-x64");
  expect(nameSystem({ platform: "darwin", arch: "arm64", bun })).toBe("macos-arm64");
  expect(nameSystem({ platform: "win32", arch: "x64", bun })).toBe("windows-x64");
  expect(nameSystem({ platform: "linux", arch: "x64", bun: "/x/bun-linux-x64-musl/bin/bun" })).toBe("linux-x64-musl");
});

test("the same files make the same archive, and what comes out of it can be run", async () => {
  const archive = await packTarGz(files);
  expect(Buffer.from(await packTarGz(files)).equals(archive)).toBe(true);
  const path = join(folder, "paks.tar.gz");
  writeFileSync(path, archive);
  execFileSync("tar", ["-xzf", "paks.tar.gz"], { cwd: folder });
  expect(readFileSync(join(folder, "LICENSE"), "utf8")).toBe("a licence\n");
  const { mode } = statSync(join(folder, "paks"));
  expect(process.platform === "win32" || (mode & 0o777) === 0o755).toBe(true);
});

test("the same files make the same zip, with the modes of Unix in it", () => {
  const archive = packZip(files);
  const zone = process.env["TZ"];
  process.env["TZ"] = "Pacific/Auckland";
  try {
    expect(Buffer.from(packZip(files)).equals(archive)).toBe(true);
  } finally {
    if (zone === undefined) delete process.env["TZ"];
    else process.env["TZ"] = zone;
  }
  expect(Buffer.from(unzipSync(archive)["LICENSE"]!).toString()).toBe("a licence\n");
  const central = Buffer.from(archive).indexOf("PK\u0001\u0002");
  expect(Buffer.from(archive).readUInt32LE(central + 38) >>> 16).toBe(0o100755);
});

test("what is compiled holds no path of the machine that builds it, so the same source makes the same executable", async () => {
  const into = join(folder, "bundle");
  mkdirSync(into);
  await bundleStandalone(into);
  const names = readdirSync(into);
  expect(names.filter((name) => name.endsWith(".node"))).toHaveLength(1);
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const written = names.filter((name) => name.endsWith(".js")).map((name) => readFileSync(join(into, name), "utf8"));
  for (const path of [root, folder, JSON.stringify(root).slice(1, -1)])
    expect(written.filter((text) => text.includes(path))).toEqual([]);
});

test.each(["GPL-3.0", "MIT AND GPL-2.0", "(MIT OR CC0-1.0)", "SEE LICENSE IN FILE", undefined])(
  "a package under %s is not packed before a person has read its licence",
  (license) => {
    const manifest = { name: "x", version: "1.0.0", ...(license === undefined ? {} : { license }) };
    expect(() => checkLicence(manifest)).toThrow(/^x 1\.0\.0 is under/);
  },
);

test("a library inside Bun is not packed without its licence's text or a sentence that says why it is not there", () => {
  const library = { name: "x", licence: "MIT", from: "https://example.com" };
  expect(() => describeLibrary(library)).toThrow(/^x is inside Bun: give/);
  expect(() => describeLibrary({ ...library, texts: [], without: "" })).toThrow(/^x is inside Bun: give/);
  expect(() => describeLibrary({ ...library, texts: ["zstd"], without: "both" })).toThrow(/^x is inside Bun: give/);
  expect(() => describeLibrary({ ...library, texts: ["nowhere"] })).toThrow(/nowhere\.txt/);
  expect(describeLibrary({ ...library, texts: ["zstd"] }).text).toContain("Meta Platforms");
});

test("of each library in our list of Bun's the notices hold the text of the licence, or name it and say why not", async () => {
  const at = (name: string) => new URL(`../../scripts/licences/${name}`, import.meta.url);
  const { libraries } = JSON.parse(readFileSync(at("bun.json"), "utf8")) as { libraries: Library[] };
  const notices = await writeNotices();
  expect(notices).toBe(await writeNotices());
  const read = (text: string) =>
    readFileSync(at(`bun/${text}.txt`), "utf8")
      .replaceAll("\r\n", "\n")
      .trimEnd();
  const asked = libraries.flatMap(({ name, from, texts, without }) => [
    `  ${name}: `,
    ...(texts?.map(read) ?? [`${from}\n    ${without}\n`]),
  ]);
  expect(asked.filter((text) => !notices.includes(text))).toEqual([]);
  const named = libraries.flatMap(({ texts = [] }) => texts.map((text) => `${text}.txt`));
  expect(named.toSorted()).toEqual(readdirSync(at("bun")).toSorted());
  // What BSD, IJG and the exception of TinyCC's runtime ask for by their words.
  for (const holder of ["Cloudflare, Inc.", "Tim Kientzle", "Alfred Klomp", "Kazuho Oku", "Fabrice Bellard"])
    expect(notices).toContain(holder);
  expect(notices).toContain("based in part on the work of the Independent JPEG Group");
  expect(notices).toContain("unlimited permission to link the");
  expect(notices).toContain("GNU GENERAL PUBLIC LICENSE");
});

test("the notices hold the licence of every package inside, and how to change what is LGPL", async () => {
  const notices = await writeNotices();
  for (const inside of ["yargs", "zod", "isomorphic-git", "smol-toml", "@napi-rs/keyring", "diff3"])
    expect(notices).toMatch(new RegExp(`^${inside} \\d+\\.\\d+\\.\\d+ \\(`, "m"));
  // Only ever used to build or to test.
  for (const outside of ["esbuild", "vitest", "hono", "typescript"])
    expect(notices).not.toMatch(new RegExp(`^${outside} \\d`, "m"));
  expect(notices).not.toContain("@paks/");
  expect(notices).toMatch(/oven-sh\/WebKit {3}commit [0-9a-f]{40}$/m);
  expect(notices).toContain("PAKS_BUN=");
  expect(notices).toContain("GNU LIBRARY GENERAL PUBLIC LICENSE");
  expect(notices).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
  expect(notices).not.toContain("undefined");
});

test("a release takes only actions that are pinned, writes in its last job only, and packs what the scripts name", () => {
  const path = new URL("../../.github/workflows/release.yml", import.meta.url);
  const text = readFileSync(path, "utf8");
  const { permissions, jobs } = parse(text) as { permissions: object; jobs: Record<"executable" | "release", Job> };
  expect(text.match(/uses: .*/g)).toHaveLength(5);
  for (const line of text.match(/uses: .*/g) ?? [])
    expect(line).toMatch(/^uses: actions\/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  expect(permissions).toEqual({});
  expect(jobs.executable.permissions).toEqual({ contents: "read" });
  expect(jobs.release.permissions).toEqual({ contents: "write", "id-token": "write", attestations: "write" });
  const made = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64", "win32-x64"].map((system) => {
    const [platform = "", arch = ""] = system.split("-");
    return nameSystem({ platform, arch, bun: "" });
  });
  expect(jobs.executable.strategy?.matrix.include.map(({ system }) => system)).toEqual(made);
});
