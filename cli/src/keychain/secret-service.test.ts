import { spawnSync } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { paksInShell, runProcess, serveStub, tempFolder } from "../testing/index.ts";

const has = (program: string) => spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
const possible = process.platform === "linux" && has("dbus-run-session") && has("gnome-keyring-daemon");

const token = {
  name: "laptop",
  prefix: "paks_abc",
  scopes: ["publish"],
  created_at: "2026-11-01T00:00:00Z",
  expires_at: null,
};

/** A session bus of its own with a real Secret Service; `unlock` gives it an open collection. */
async function openSession({ unlock }: { unlock: boolean }) {
  const home = await tempFolder();
  const runtime = join(home, "run");
  await mkdir(runtime, { mode: 0o700 });
  const stub = await serveStub(({ headers }) =>
    headers.authorization === "Bearer paks_secret"
      ? { body: { data: { account: "acme", kind: "user", token } } }
      : { status: 401, body: { error: { code: "INVALID_TOKEN", message: "No." } } },
  );
  const start = unlock
    ? "printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1"
    : "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1";
  return {
    home,
    /** One shell script in the session; `paks` is the built CLI. */
    run: async (script: string) =>
      await runProcess(
        ["dbus-run-session", "--", "bash", "-c", `${start}\npaks() { ${paksInShell()} "$@"; }\n${script}`],
        { cwd: home, environment: { HOME: home, XDG_RUNTIME_DIR: runtime, PAKS_REGISTRY: stub.url, LANG: "C.UTF-8" } },
      ),
  };
}

test.skipIf(!possible)(
  "real Secret Service: a token is stored by one process, used by the next, deleted by a third, and is in no file of ours",
  { timeout: 60_000 },
  async () => {
    const { run, home } = await openSession({ unlock: true });
    const result = await run(
      [
        "printf paks_secret | paks login --token-stdin --json || exit 11",
        "paks whoami --json || exit 12",
        "paks doctor --offline --json || exit 13",
        "paks logout --json || exit 14",
        "paks whoami --json; echo exit $?",
      ].join("\n"),
    );
    const said = `${result.stdout}\n${result.stderr}`;
    expect(said).toContain('"stored": "the Secret Service"');
    expect(said).toContain('"source": "the Secret Service"');
    expect(said).toContain("the Secret Service: written, read and deleted");
    expect(said).toContain('"removed": true');
    expect(said).toMatch(/AUTH_REQUIRED[^]*exit 4/);
    expect(result.exit).toBe(0);
    expect(result.stderr).not.toContain("warning");
    // The cache holds public answers, compiled code and no token.
    const files = (await readdir(home, { recursive: true })).filter((path) => path.includes("paks"));
    expect(files.filter((path) => !path.startsWith(".cache"))).toEqual([]);
  },
);

test.skipIf(!possible)(
  "real Secret Service without an open collection: not taken for an empty one, and login falls back to the file and says so",
  { timeout: 60_000 },
  async () => {
    const { run } = await openSession({ unlock: false });
    const result = await run(
      [
        "paks whoami --json; echo exit $?",
        "printf paks_secret | paks login --token-stdin --json || exit 11",
        "paks whoami --json || exit 12",
      ].join("\n"),
    );
    expect(result.stdout).toMatch(/KEYCHAIN_UNAVAILABLE[^]*exit 10/);
    expect(result.stdout).toMatch(/"stored": "the token file .*tokens\.json"/);
    expect(result.stdout).toMatch(/"source": "the token file .*tokens\.json"/);
    // Said where the file is chosen, not wherever it is read.
    expect(result.stderr.match(/warning: tokens are kept in/g)).toHaveLength(1);
    expect(result.exit).toBe(0);
  },
);
