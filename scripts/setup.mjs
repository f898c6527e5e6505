// Makes a fresh clone ready: the right pnpm, the dependencies, the bundles. Safe to run any number of times.
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
const pnpm = "pnpm@12.21.0";

const fail = (message) => {
  process.stderr.write(`setup: ${message}\n`);
  process.exit(1);
};

function requireNode() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node 20.19 or newer is needed; this is ${process.versions.node}.`);
}

/** Changes exactly when an install would do something. */
function installKey() {
  const hash = createHash("sha256").update(process.version).update(process.platform).update(process.arch);
  const manifests = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.name, "package.json"))
    .filter((path) => existsSync(join(root, path)));
  for (const path of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests.sort()])
    hash.update(path).update(readFileSync(join(root, path)));
  return hash.digest("hex");
}

function install() {
  const stamp = join(root, "node_modules", ".paks-setup");
  const key = installKey();
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === key) return;
  process.stderr.write("setup: installing dependencies\n");
  const windows = process.platform === "win32";
  const result = spawnSync(
    windows ? "npx.cmd" : "npx",
    ["--yes", pnpm, "install", "--frozen-lockfile", "--reporter=append-only"],
    {
      cwd: root,
      // stdout belongs to the command that follows (`npm start`, `npm run demo -- --json`).
      stdio: ["ignore", 2, 2],
      shell: windows,
      env: { ...process.env, CI: "true", npm_config_yes: "true" },
    },
  );
  if (result.status !== 0) fail(`installing dependencies failed${result.error ? `: ${result.error.message}` : ""}`);
  mkdirSync(join(root, "node_modules"), { recursive: true });
  writeFileSync(stamp, key);
}

export async function setup() {
  requireNode();
  if (spawnSync("git", ["--version"]).status !== 0) fail("git is needed and was not found on PATH.");
  install();
  const { build } = await import("./build.mjs");
  await build();
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) await setup();
