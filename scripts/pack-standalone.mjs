// Packs the standalone executable of this system for a release: `paks-<version>-<system>.tar.gz`, on Windows `.zip`.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root, setup } from "./setup.mjs";

const at = (...parts) => join(root, ...parts);

/** What writes archives belongs to `schema`, which writes releases with it: the same bytes with every version of Node. */
const load = createRequire(at("schema", "package.json"));

/** The version that all packages agree on, and that the tag, if there is one, stands for. */
export function readVersion(tag) {
  const manifests = ["package.json", ...readdirSync(at()).map((name) => join(name, "package.json"))];
  const versions = manifests
    .filter((path) => existsSync(at(path)))
    .map((path) => ({ path, version: JSON.parse(readFileSync(at(path), "utf8")).version }));
  const { version } = versions[0];
  const other = versions.find((one) => one.version !== version);
  if (other) throw new Error(`${other.path} has version ${other.version}, package.json ${version}`);
  if (tag && tag !== `v${version}`) throw new Error(`the tag ${tag} is not v${version}, the version of package.json`);
  return version;
}

/** `linux-x64`, `macos-arm64`, `windows-x64`; where the C library is musl, it is said. */
export function nameSystem({ platform, arch, bun }) {
  const system = { darwin: "macos", win32: "windows" }[platform] ?? platform;
  return `${system}-${arch}${/-musl\b/.test(bun) ? "-musl" : ""}`;
}

/** The same bytes for the same files, on every machine. */
export async function packTarGz(files) {
  const { packTar } = await import(pathToFileURL(load.resolve("modern-tar")).href);
  const entries = files.map(({ name, mode, bytes }) => ({
    header: { name, type: "file", size: bytes.length, mode, uid: 0, gid: 0, mtime: new Date(0) },
    body: bytes,
  }));
  return load("fflate").gzipSync(await packTar(entries), { level: 6, mtime: 0 });
}

export function packZip(files) {
  const { zipSync } = load("fflate");
  // In local time, as zip has it: the same in every zone, and the oldest that zip can say.
  const mtime = new Date(1980, 0, 1);
  // `os: 3` and the upper half of `attrs` are the modes of Unix, for those who unpack it there.
  const entry = ({ name, mode, bytes }) => [name, [bytes, { level: 9, mtime, os: 3, attrs: (0o100000 | mode) << 16 }]];
  return zipSync(Object.fromEntries(files.map(entry)));
}

/** An executable that does not start, or that is of another version, is no release. */
function requireRuns(path, version) {
  const { stdout, stderr, status } = spawnSync(path, ["--version"], { encoding: "utf8", cwd: at("scripts") });
  if (status !== 0) throw new Error(`${path} --version ended with ${status}: ${stderr}`);
  if (stdout.trim() !== version) throw new Error(`${path} is ${stdout.trim()}, not ${version}`);
}

async function pack(tag) {
  const version = readVersion(tag);
  await setup();
  // Only now: a fresh clone has nothing of what these are made with.
  const [{ buildStandalone, findBun }, { writeNotices }] = await Promise.all([
    import("./standalone.mjs"),
    import("./notices.mjs"),
  ]);
  const { path, missing } = await buildStandalone();
  if (path === undefined) throw new Error(missing);
  requireRuns(path, version);
  const windows = process.platform === "win32";
  const files = [
    { name: windows ? "paks.exe" : "paks", mode: 0o755, bytes: readFileSync(path) },
    { name: "LICENSE", mode: 0o644, bytes: readFileSync(at("LICENSE")) },
    { name: "THIRD-PARTY-NOTICES.txt", mode: 0o644, bytes: Buffer.from(await writeNotices()) },
  ];
  const archive = windows ? packZip(files) : await packTarGz(files);
  const name = `paks-${version}-${nameSystem({ ...process, bun: findBun() })}.${windows ? "zip" : "tar.gz"}`;
  writeFileSync(at("cli/standalone", name), archive);
  return at("cli/standalone", name);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [tag] = process.argv.slice(2);
  try {
    process.stdout.write(`${await pack(tag)}\n`);
  } catch (error) {
    process.stderr.write(`pack-standalone: ${error.message}\n`);
    process.exit(1);
  }
}
