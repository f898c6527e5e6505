// Makes `cli/standalone/paks`: paks in one executable that holds its runtime, for this system. docs/decisions/standalone.md
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { at, cliOptions, common, sourceKey, toCommonJs } from "./build.mjs";

const folder = at("cli", "standalone");
export const standalone = join(folder, process.platform === "win32" ? "paks.exe" : "paks");

const architectures = { x64: "x64", arm64: "aarch64" };
const systems = { linux: "linux", darwin: "darwin", win32: "windows" };

/** The file of a package that the package manager fetched only for this system; `undefined` when there is none. */
function findPlatformFile(name, file, from) {
  try {
    return join(dirname(createRequire(from).resolve(`${name}/package.json`)), file);
  } catch {
    return undefined;
  }
}

/**
 * Bun, which compiles and is the runtime inside; it comes from npm like every other tool of this repository. Another one can
 * be named: the licence of the engine in it, which is LGPL, lets everybody put a changed one in its place.
 */
export function findBun() {
  if (process.env.PAKS_BUN) return resolve(process.env.PAKS_BUN);
  const from = join(dirname(createRequire(at("package.json")).resolve("bun/package.json")), "package.json");
  const system = `${systems[process.platform]}-${architectures[process.arch]}`;
  const file = process.platform === "win32" ? "bin/bun.exe" : "bin/bun";
  return ["", "-musl"].map((libc) => findPlatformFile(`@oven/bun-${system}${libc}`, file, from)).find(Boolean);
}

/** The keychain's native library, which is put inside. Its own loader looks for it where packages lie. */
export function findKeyring() {
  const own = createRequire(at("cli", "package.json")).resolve("@napi-rs/keyring/package.json");
  const { optionalDependencies = {} } = JSON.parse(readFileSync(own, "utf8"));
  for (const name of Object.keys(optionalDependencies)) {
    const manifest = findPlatformFile(name, "package.json", own);
    if (manifest === undefined) continue;
    return join(dirname(manifest), JSON.parse(readFileSync(manifest, "utf8")).main);
  }
  return undefined;
}

/** `import("@napi-rs/keyring")` is the native library itself, or a package that is missing. */
const keyringInside = (library) => ({
  name: "keyring-inside",
  setup(build) {
    build.onResolve({ filter: /^@napi-rs\/keyring$/ }, ({ path }) => ({ path, namespace: "keyring-inside" }));
    build.onLoad({ filter: /./, namespace: "keyring-inside" }, () => ({
      contents:
        library === undefined
          ? `throw Object.assign(new Error("no keychain library for this system"), { code: "MODULE_NOT_FOUND" });`
          : // No `require`: Bun puts inside only what it sees named in one.
            `export * from ${JSON.stringify(`./${basename(library)}`)};`,
    }));
  },
});

/**
 * What stands for `import.meta.url`: a place where nothing can be. Bun 1.4.4 would put the path of this machine's build
 * here, and what yargs looks for beside itself (translations) would be read from there, wherever paks runs.
 */
const noPlace =
  process.platform === "win32"
    ? "const __bundleUrl=require('node:url').pathToFileURL(process.execPath+'/a/b/c/paks.js').href;"
    : "const __bundleUrl='file:///proc/0/a/b/c/paks.js';";

/**
 * All of paks as `paks.js` and its chunks. In one file a command would run the code of everything that the packages it
 * uses export: `validate` takes 26 instead of 38 ms with chunks.
 * @returns what it was made of
 */
export async function bundleStandalone(into) {
  const { build } = await import("esbuild");
  const library = findKeyring();
  // Beside the code, so that no path of this machine is in it: the same source makes the same bytes everywhere.
  if (library !== undefined) copyFileSync(library, join(into, basename(library)));
  const { metafile } = await build({
    ...common,
    ...cliOptions,
    entryPoints: { paks: at("cli/src/standalone.ts") },
    splitting: true,
    chunkNames: "[name]-[hash]",
    outdir: into,
    // For Bun to put inside.
    external: ["*.node"],
    define: { ...cliOptions.define, __isStandalone: "true" },
    plugins: [...cliOptions.plugins, keyringInside(library)],
    metafile: true,
  });
  await toCommonJs(into, noPlace);
  return metafile;
}

/**
 * Nothing that lies in the folder where paks is started may change what it does: by itself Bun would run what
 * `bunfig.toml` names and read `.env`.
 */
const closed = [
  "--no-compile-autoload-dotenv",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-tsconfig",
  "--no-compile-autoload-package-json",
];

/**
 * Compiling what runs for a tenth of a second costs more than it saves: `install` takes a tenth less when the engine waits
 * ten times as long with it, and 300 paks are validated in the same time.
 */
const seldomCompiled = "--compile-jit-policy=10";

/**
 * Makes the executable when it is not there or not of this source.
 * @returns its path, or why there is none for this system
 */
export async function buildStandalone() {
  const bun = findBun();
  if (bun === undefined) return { missing: `Bun has no build for ${process.platform} on ${process.arch}.` };
  const key = createHash("sha256").update(sourceKey()).update(process.arch).update(bun).digest("hex");
  const stamp = at("node_modules", ".paks-standalone");
  // A Bun that somebody works on may have changed where it lies.
  const isDone = !process.env.PAKS_BUN && existsSync(standalone) && existsSync(stamp);
  if (isDone && readFileSync(stamp, "utf8") === key) return { path: standalone };
  const work = at(`cli/dist-standalone-${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    await bundleStandalone(work);
    // Named without their folder, which is another one for each build: the same source makes the same bytes.
    const words = [
      "build",
      "paks.js",
      "--compile",
      "--bytecode",
      "--target=bun",
      seldomCompiled,
      ...closed,
      "--outfile=made",
    ];
    // Beside nothing else: what lies in the folder could be settings of Bun.
    const result = spawnSync(bun, words, { cwd: work, encoding: "utf8", env: { ...process.env, BUN_OPTIONS: "" } });
    if (result.status !== 0) throw new Error(`bun build failed\n${result.error ?? `${result.stdout}${result.stderr}`}`);
    mkdirSync(folder, { recursive: true });
    const file = readdirSync(work).find((name) => name === "made" || name === "made.exe");
    renameSync(join(work, file), standalone);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  writeFileSync(stamp, key);
  return { path: standalone };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { path, missing } = await buildStandalone();
  if (path === undefined) {
    process.stderr.write(`build:standalone: ${missing}\n`);
    process.exit(1);
  }
  process.stdout.write(`${path}\n`);
}
