import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { chmod, chown, copyFile, mkdir, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { createServer as createHttps } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { dirname, join } from "node:path";
import { type GitLab, gitLab } from "@paks/git/testing";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { findStandalone, runProcess, serveStub, tempFolder, workspaceRoot } from "./testing/index.ts";

// What only the standalone executable must be asked: somebody else may own the folder in which it is started, the hosts it
// talks to, or the folder for temporary files.
const program = findStandalone() ?? "";
const none = program === "";
const noUnix = none || process.platform === "win32";
const noLinux = none || process.platform !== "linux";

let lab: GitLab;
beforeAll(async () => {
  lab = await gitLab();
  const skill = { "skills/pdf/SKILL.md": "---\nname: pdf\ndescription: Reads and fills forms in PDF files.\n---\n" };
  await lab.repo("skills", skill, ["v1.0.0"]);
});
afterAll(() => lab.close());

/** A folder, a home, and code that writes down in which process it ran. */
async function openTrap() {
  const root = await tempFolder();
  const [home, cwd] = [join(root, "home"), join(root, "project")];
  await Promise.all([mkdir(home), mkdir(cwd)]);
  const [trap, caught] = [join(root, "trap.cjs"), join(root, "caught")];
  await writeFile(
    trap,
    `require("node:fs").appendFileSync(${JSON.stringify(caught)}, process.argv.slice(2) + "\\n");\n`,
  );
  const paks = (words: readonly string[], environment: Record<string, string> = {}, at = cwd) =>
    runProcess([program, ...words], { cwd: at, environment: { HOME: home, PAKS_KEYCHAIN: "file", ...environment } });
  return { root, home, cwd, trap, paks, caught: () => (existsSync(caught) ? readFileSync(caught, "utf8") : "") };
}

/** Everything that Bun is known to read where a program starts, each leading to the trap. */
async function setTraps(folder: string, trap: string): Promise<void> {
  const files: Record<string, string> = {
    "package.json": JSON.stringify({ name: "x", main: trap, imports: { "#x": trap }, exports: { ".": trap } }),
    "tsconfig.json": JSON.stringify({ compilerOptions: { baseUrl: ".", paths: { "*": [trap] } } }),
    ".npmrc": "registry=http://127.0.0.1:1/\n",
  };
  for (const name of ["bunfig.toml", ".bunfig.toml"]) files[name] = `preload = [${JSON.stringify(trap)}]\n`;
  for (const name of [".env", ".env.local", ".env.production", ".env.development"])
    files[name] = `PAKS_REGISTRY=https://evil.example\nPAKS_TOKEN=paks_evil\nBUN_OPTIONS=--preload=${trap}\n`;
  const packages = ["keytar", "@github/keytar", "@napi-rs/keyring", "supports-color", "undici", "bun"];
  for (const name of packages) files[`node_modules/${name}/index.js`] = readFileSync(trap, "utf8");
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
}

test.skipIf(none)("nothing in the folder where it is started, or above it, is run or taken for a setting", async () => {
  const { root, cwd, trap, paks, caught } = await openTrap();
  for (const folder of [root, cwd]) await setTraps(folder, trap);
  const path = { NODE_PATH: join(cwd, "node_modules"), XDG_CONFIG_HOME: cwd };
  for (const words of [["--version"], ["--help"], ["list"], ["validate"], ["list", "--no-such-option"]])
    await paks(words, path);
  const told = await paks(["doctor", "--offline", "--json"], path);
  expect(told.stdout).not.toContain("evil");
  expect(told.stdout).toContain("https://paks.stakpak.dev");
  // Were it read, it would have been run: the same file, named by the user.
  expect(caught()).toBe("");
  await paks(["list"], { BUN_OPTIONS: `--preload=${trap}` });
  expect(caught()).toBe("list\n");
});

test.skipIf(none)("keytar is said to be nothing for the standalone, and is loaded from no folder", async () => {
  const { root, cwd, trap, paks, caught } = await openTrap();
  for (const folder of [root, cwd]) await setTraps(folder, trap);
  const { exit, stderr } = await paks(["whoami"], { PAKS_KEYCHAIN: "keytar", NODE_PATH: join(cwd, "node_modules") });
  expect(stderr).toContain(
    "error[KEYCHAIN_UNAVAILABLE]: PAKS_KEYCHAIN is keytar, and the standalone paks cannot load it",
  );
  expect(stderr).toContain("hint: Unset PAKS_KEYCHAIN");
  expect([exit, caught()]).toEqual([10, ""]);
});

test.skipIf(noUnix)(
  "neither this machine's path nor translations of any place are inside: nothing is read from where it was built",
  () => {
    expect(readFileSync(program).includes(workspaceRoot)).toBe(false);
  },
);

test.skipIf(noUnix)(
  "settings of the runtime do not reach the process that reads repositories without git",
  async () => {
    const { root, cwd, trap, paks, caught } = await openTrap();
    await setTraps(root, trap);
    await mkdir(join(root, "empty"));
    const done = await paks(["install", `${lab.server.url}/skills.git#v1.0.0`, "--json"], {
      PATH: join(root, "empty"),
      PAKS_GIT_PROTOCOLS: "http",
      BUN_OPTIONS: `--preload=${trap}`,
    });
    expect([done.exit, readdirSync(join(cwd, ".agents/skills"))]).toEqual([0, expect.arrayContaining(["pdf"])]);
    expect(caught()).toMatch(/^install,.*\n$/);
  },
);

test.skipIf(noUnix)(
  "git in its cage is given nothing of what the environment says to runtimes and to git",
  async () => {
    const { root, paks } = await openTrap();
    const [git, seen] = [join(root, "git"), join(root, "seen")];
    await writeFile(git, `#!/bin/sh\nenv >> '${seen}'\nexec git "$@"\n`, { mode: 0o755 });
    const hostile = {
      BUN_OPTIONS: "--smol",
      BUN_CONFIG_X: "1",
      NODE_OPTIONS: "--no-warnings",
      GIT_SSH_COMMAND: "false",
    };
    const words = ["install", `${lab.server.url}/skills.git#v1.0.0`, "--json"];
    const done = await paks(words, {
      ...hostile,
      PAKS_GIT: git,
      PAKS_GIT_PROTOCOLS: "http",
      PAKS_TOKEN: "paks_secret",
    });
    expect(done.exit, done.stdout).toBe(0);
    expect(readFileSync(seen, "utf8")).toContain("GIT_ALLOW_PROTOCOL=http");
    expect(readFileSync(seen, "utf8")).not.toMatch(/^(?:BUN_|NODE_|PAKS_|GIT_SSH_)/m);
  },
);

/** Where Bun puts the native library that is inside. */
const libraryIn = (folder: string) => readdirSync(folder).filter((name) => name.endsWith(".node"));
const noBus = { PAKS_KEYCHAIN: "auto", DBUS_SESSION_BUS_ADDRESS: "unix:path=/nonexistent/bus" };

test.skipIf(noLinux)("a file that somebody else put where the keychain's library goes is not loaded", async () => {
  const { root, cwd, paks } = await openTrap();
  const [shared, bad] = [join(root, "tmp"), join(root, "bad")];
  await mkdir(shared);
  await chmod(shared, 0o1777);
  const loaded = expect.stringContaining("the Secret Service does not answer") as unknown;
  expect(await paks(["whoami"], { ...noBus, TMPDIR: shared })).toMatchObject({ stderr: loaded });
  const [name = ""] = libraryIn(shared);
  const place = join(shared, name);
  expect(statSync(place).mode & 0o777).toBe(0o600);
  // As long, so that its size does not tell it.
  await writeFile(bad, Buffer.alloc(statSync(place).size));
  const isRoot = process.getuid?.() === 0;
  const plants = [
    () => symlink(bad, place),
    () => mkdir(place),
    // Only root can make somebody else's.
    ...(isRoot ? [() => copyFile(bad, place).then(() => chown(place, 54_321, 54_321))] : []),
  ];
  for (const plant of plants) {
    await rm(place, { recursive: true });
    await plant();
    expect(await paks(["whoami"], { ...noBus, TMPDIR: shared })).toMatchObject({ stderr: loaded });
  }
  // Of one's own only the size is compared, so that it says what to remove.
  await copyFile(bad, place);
  const { exit, stderr } = await paks(["whoami"], { ...noBus, TMPDIR: shared });
  expect([exit, stderr]).toEqual([10, expect.stringContaining(`hint: Remove ${place}, `)]);
  expect(readdirSync(cwd)).toEqual([]);
});

test.skipIf(noLinux)(
  "a keychain whose library can be put nowhere is told apart from one that is not there",
  async () => {
    const { root, cwd, paks } = await openTrap();
    await writeFile(join(root, "file"), "");
    const { exit, stderr } = await paks(["whoami"], { ...noBus, TMPDIR: join(root, "file") });
    expect(stderr).toContain("error[KEYCHAIN_UNAVAILABLE]: The keychain's library cannot be loaded");
    expect(stderr).toContain(
      "hint: Let TMPDIR be a folder where files can be written and programs may run, and remove $TMPDIR/.bun-*.node, ",
    );
    expect([exit, readdirSync(cwd)]).toEqual([10, []]);
  },
);

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

test.skipIf(none)(
  "a token goes to no host that nobody vouches for, through no proxy that plain HTTP would see it at, and after no redirect",
  async () => {
    const { root, paks } = await openTrap();
    const [key, cert] = [join(root, "key.pem"), join(root, "cert.pem")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", [...words, "-keyout", key, "-out", cert, ...subject], { stdio: "ignore" });
    const heard: string[] = [];
    const port = await listen(
      createHttps({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
        heard.push(request.url ?? "");
        response.end();
      }),
    );
    const token = { PAKS_TOKEN: "paks_secret" };
    const refused = await paks(["whoami"], {
      ...token,
      PAKS_REGISTRY: `https://localhost:${port}`,
      NODE_TLS_REJECT_UNAUTHORIZED: "0",
    });
    expect([refused.exit, heard]).toEqual([8, []]);
    expect(refused.stderr).toMatch(/SELF_SIGNED_CERT[^]*hint: Its certificate is not trusted here/);

    const other = await serveStub(() => ({ status: 200 }));
    const registry = await serveStub(() => ({
      status: 302,
      headers: { location: `${other.url}/api`, "set-cookie": "a=b" },
    }));
    const proxies = { http_proxy: other.url, HTTP_PROXY: other.url, ALL_PROXY: other.url, all_proxy: other.url };
    const moved = await paks(["whoami"], { ...token, ...proxies, PAKS_REGISTRY: registry.url });
    expect(moved.exit).not.toBe(0);
    expect(registry.requests[0]?.headers.authorization).toBe("Bearer paks_secret");
    expect(other.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    expect(registry.requests.filter(({ headers }) => headers.cookie !== undefined)).toEqual([]);
  },
);

test.skipIf(none).each(["throw error", "Promise.reject(error)", "new (require('node:events'))().emit('error', error)"])(
  "an error that nobody caught (%s) ends with words and an exit code of paks, and moves nothing on a terminal",
  async (what) => {
    const { trap, paks } = await openTrap();
    const registry = await serveStub(() => new Promise(() => undefined));
    await writeFile(trap, `const error = new Error("\\u001b]0;x\\u0007\\u202e"); setTimeout(() => { ${what}; }, 300);`);
    const environment = { BUN_OPTIONS: `--preload=${trap}`, PAKS_REGISTRY: registry.url };
    const { exit, stdout, stderr } = await paks(["search", "pdf"], environment);
    expect(stderr).toBe(
      "error[INTERNAL]: Something went wrong inside paks: \\u{1b}]0;x\\u{7}\\u{202e}\nhint: Run it again with --verbose and report what it prints.\n",
    );
    expect([exit, stdout]).toEqual([1, ""]);
  },
);

test.skipIf(noUnix)("a crash of the runtime asks no host and starts no program", async () => {
  const { root, trap, paks, caught } = await openTrap();
  await mkdir(join(root, "bin"));
  // What Bun would report with.
  await writeFile(join(root, "bin/curl"), `#!/bin/sh\necho "$@" >> '${join(root, "caught")}'\n`, { mode: 0o755 });
  await writeFile(trap, `require("node:child_process").execFileSync("sh", ["-c", "kill -SEGV $PPID"]);`);
  const crashed = { BUN_OPTIONS: `--preload=${trap}`, PATH: `${join(root, "bin")}:/usr/bin:/bin` };
  const told = { exit: null, stderr: expect.stringContaining("bun.report") as unknown };
  expect([await paks(["list"], crashed), caught()]).toEqual([{ ...told, stdout: "" }, ""]);
  await paks(["list"], { ...crashed, BUN_CRASH_REPORT_URL: "http://127.0.0.1:1" });
  await expect.poll(caught).toContain("http://127.0.0.1:1");
});

test.skipIf(noUnix)("it starts through links, with streams that are closed, and with few open files", async () => {
  const { root, home, cwd } = await openTrap();
  await symlink(program, join(root, "first"));
  await symlink("first", join(root, "paks"));
  const shell = (script: string) =>
    runProcess(["sh", "-c", script], { cwd, environment: { HOME: home, PATH: `${root}:/usr/bin:/bin` } });
  expect((await shell("paks --version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  for (const closed of ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
    expect(await shell(`paks list ${closed}`), closed).toMatchObject({ exit: 0 });
  expect(await shell("ulimit -n 24; paks list")).toMatchObject({ exit: 0 });
  expect(await readdir(cwd)).toEqual([]);
});
