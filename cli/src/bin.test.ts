import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, constants, existsSync, openSync, writeSync } from "node:fs";
import { cp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import {
  isStandaloneTested,
  paksCommand,
  paksInShell,
  paksOnNode,
  runProcess,
  serveStub,
  tempFolder,
} from "./testing/index.ts";
import { version } from "./version.ts";

/** It has neither pipelines of a shell nor signals that a program could take. */
const windows = process.platform === "win32";

async function environment() {
  const home = await tempFolder();
  return { cwd: home, environment: { HOME: home, PAKS_KEYCHAIN: "file" } };
}

const paks = async (...argv: string[]) => await runProcess(paksCommand(...argv), await environment());

test("the built program tells version and help without loading anything else", async () => {
  expect(await paks("--version")).toEqual({ exit: 0, stdout: `${version}\n`, stderr: "" });
  const help = await paks("--help");
  expect([help.exit, help.stderr]).toEqual([0, ""]);
  expect(await paks()).toEqual(help);
  expect(await paks("help")).toEqual(help);
});

test("the built program makes a skill that it then finds valid", async () => {
  const options = await environment();
  const run = async (...argv: string[]) => await runProcess(paksCommand(...argv), options);
  expect((await run("create", "pdf-forms", "--with-scripts")).exit).toBe(0);
  const validated = await run("validate", "pdf-forms", "--strict", "--json");
  expect(validated.exit, validated.stdout).toBe(0);
  expect(JSON.parse(validated.stdout)).toMatchObject({ valid: true, name: "pdf-forms" });
});

test("the built program says what runs it, to people and to registries", async () => {
  const stub = await serveStub(() => ({ body: { data: { status: "ok", version } } }));
  const { stdout } = await paks("doctor", "--json", "--registry", stub.url);
  const { checks } = JSON.parse(stdout) as { checks: { name: string; detail: string }[] };
  const [name, detail, agent] = isStandaloneTested
    ? (["program", /^standalone, Bun \d/, "bun"] as const)
    : (["node", new RegExp(`^${process.versions.node}, `), "node"] as const);
  expect(checks[1]).toMatchObject({ name, detail: expect.stringMatching(detail) });
  expect(stub.requests[0]?.headers["user-agent"]).toMatch(new RegExp(`^paks/${version} \\(${agent} \\d[\\d.]+; `));
});

test("the exit code of an error is that of the table", async () => {
  expect((await paks("nope")).exit).toBe(2);
  expect((await paks("validate")).exit).toBe(5);
  expect((await paks("validate", "nowhere")).exit).toBe(3);
  expect((await paks("whoami", "--registry", "https://r.example")).exit).toBe(4);
});

test.skipIf(windows)("a reader that closes early is no failure and gets no trace", async () => {
  const { cwd, environment: env } = await environment();
  const script = `${paksInShell()} help publish | true; echo "\${PIPESTATUS[0]}"`;
  const result = await runProcess(["bash", "-c", script], { cwd, environment: env });
  expect(result).toEqual({ exit: 0, stdout: "0\n", stderr: "" });
});

test.skipIf(windows)("the first Ctrl-C ends a command that waits, with exit 130", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { cwd, environment: env } = await environment();
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const [program, ...words] = paksCommand("search", "x", "--registry", url);
  const child = spawn(program, words, {
    cwd,
    env: { ...process.env, ...env },
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const [socket] = (await once(silent, "connection")) as [{ destroy(): void }];
  child.kill("SIGINT");
  const [exit] = (await once(child, "close")) as [number | null];
  socket.destroy();
  silent.close();
  expect([exit, stderr]).toEqual([130, "error[CANCELLED]: Stopped.\n"]);
});

const shell = async (script: string) => {
  const { cwd, environment: env } = await environment();
  return await runProcess(["bash", "-c", script.replaceAll("paks", paksInShell())], {
    cwd,
    environment: env,
  });
};

test.skipIf(process.platform !== "linux").each(["--version", "--help", "help publish", "list --json", "config list"])(
  "%s: output that cannot be written is said, and no success",
  async (words) => {
    const { exit, stderr } = await shell(`paks ${words} >/dev/full`);
    expect([exit, stderr]).toEqual([
      10,
      expect.stringMatching(/^error\[DISK_FULL\]: The output cannot be written \(ENOSPC\)[^\n]*\nhint: [^\n]+\n$/),
    ]);
    expect(await shell(`paks ${words} >/dev/full 2>/dev/full`)).toEqual({ exit: 10, stdout: "", stderr: "" });
  },
);

test.skipIf(process.platform !== "linux")("an error keeps its exit code where nobody can be told of it", async () => {
  for (const left of ["2>/dev/full", "2>&-", "2> >(true)", ">&- 2>&-", ">/dev/null 2> >(sleep 1)"])
    expect((await shell(`(paks nope ${left}; echo "exit $?" >told); cat told`)).stdout).toBe("exit 2\n");
});

test.skipIf(windows)("a command that fails has failed although nobody reads what it says", async () => {
  // The reader is gone before anything is written.
  const command = "paks validate nowhere --json";
  const { stdout } = await shell(`${command} >out; echo $?; (sleep 0.3; ${command}) | true; echo \${PIPESTATUS[0]}`);
  expect(stdout).toBe("3\n3\n");
});

test.skipIf(windows)("where its output goes stays open for what is written there after it", async () => {
  const { exit, stdout, stderr } = await shell(
    "paks help --json >&2; paks --version; paks list; echo out; echo err >&2",
  );
  expect([exit, stdout.endsWith("out\n"), stderr.endsWith("err\n")]).toEqual([0, true, true]);
  // Also for what is larger than a pipe: it must not be left as one whose writers never wait.
  const text = "seq 1 50000 >text.txt";
  const repository = `git init -q --bare o.git; mkdir r; cd r; git init -q; git remote add origin ../o.git
git config user.name a; git config user.email a@example.com; printf -- '---\nname: r\ndescription: Says it.\n---\n' >SKILL.md
git add .; git commit -qm x; git push -q origin HEAD`;
  const publish = "publish --version 1.0.0 --yes --skip-registry --account acme";
  for (const command of ["help --json", "nope", "list", "config list --json", "validate .", publish]) {
    const both = await shell(
      `(${repository}) 2>&1; ${text}; (cd r; paks ${command}; cat ../text.txt) 2>&1 | (sleep 1; tail -1)`,
    );
    expect(both.stdout, command).toBe("50000\n");
  }
});

test.skipIf(windows)("a file that takes only a part of the output is no success either", async () => {
  // In blocks of 512 or 1024 bytes, and no signal for it.
  const { exit, stdout, stderr } = await shell(`trap "" XFSZ; ulimit -f 1; paks --help >out; echo "exit $?"`);
  expect([exit, stdout, stderr]).toEqual([0, "exit 10\n", expect.stringContaining("error[DISK_FULL]")]);
  const long = await shell(`trap "" XFSZ; ulimit -f 1; paks help --json >out; echo "exit $?"`);
  expect([long.stdout, long.stderr]).toEqual(["exit 10\n", expect.stringContaining("error[DISK_FULL]")]);
});

test.skipIf(windows)(
  "a large output is whole in a file and in a pipe, also for a slow reader, and one that leaves ends it quietly",
  async () => {
    const folders = "mkdir a b; seq 1 15000 >a/x.txt; seq 20000 35000 >b/x.txt";
    const whole = await shell(`${folders}; paks diff ./a ./b --full`);
    expect(whole.stdout.length).toBeGreaterThan(150_000);
    expect((await shell(`${folders}; paks diff ./a ./b --full >out; cat out`)).stdout).toBe(whole.stdout);
    expect((await shell(`${folders}; paks diff ./a ./b --full | (sleep 2; cat)`)).stdout).toBe(whole.stdout);
    const left = await shell(`${folders}; paks diff ./a ./b --full | head -1; echo "\${PIPESTATUS[0]}"`);
    expect(left).toEqual({ exit: 0, stdout: "--- a/x.txt\n0\n", stderr: "" });
    for (const words of ["help --json", "--help", "--version", "help publish"]) {
      const read = await shell(`paks ${words} | head -1; echo "\${PIPESTATUS[0]}"`);
      expect([read.stdout.split("\n").at(-2), read.stderr]).toEqual(["0", ""]);
    }
  },
);

/** Types when the question is on the screen, in a terminal of its own; answers all that was shown there. */
async function typeAtQuestion(script: string, answers: readonly (readonly [seen: string, typed: string])[]) {
  const { cwd, environment: env } = await environment();
  const child = spawn("script", ["-qec", `bash -c '${script.replaceAll("paks", paksInShell())}'`, "/dev/null"], {
    cwd,
    env: { PATH: process.env["PATH"], TERM: "xterm-256color", ...env },
    timeout: 20_000,
  });
  let shown = "";
  const left = [...answers];
  child.stdout.on("data", (chunk: Buffer) => {
    shown += chunk.toString();
    const [next] = left;
    if (next === undefined || !shown.includes(next[0])) return;
    left.shift();
    child.stdin.write(next[1]);
  });
  await once(child, "close");
  return shown;
}

test.runIf(process.platform === "linux" && existsSync("/usr/bin/script"))(
  "Ctrl-D at a question stops the command as Ctrl-C does, and leaves the terminal as it was",
  async () => {
    for (const key of ["\u0004", "\u0003"]) {
      const ask = "paks login --registry http://127.0.0.1:9; echo exit $?; stty -a";
      const shown = await typeAtQuestion(ask, [["\u001b[?25l", key]]);
      expect(shown).toMatch(/error\[CANCELLED\]:.* Stopped; nothing was changed\.\r\nexit 130\r\n/);
      expect(shown.lastIndexOf("\u001b[?25h")).toBeGreaterThan(shown.lastIndexOf("\u001b[?25l"));
      expect(shown).toMatch(/[^-]icanon.*[^-]echo /s);
    }
  },
);

test("a command that waits for what cannot come any more is no success", async () => {
  const { cwd, environment: env } = await environment();
  const file = join(cwd, "silent.cjs");
  // An input that says nothing for ever, and that nothing holds the process for.
  const silent = `Object.defineProperty(process, "stdin", { value: new (require("node:stream").PassThrough)() });`;
  await writeFile(file, silent);
  const options = { NODE_OPTIONS: `--require=${file}`, BUN_OPTIONS: `--preload=${file}` };
  const login = paksCommand("login", "--token-stdin", "--registry", "http://127.0.0.1:9");
  const { exit, stdout, stderr } = await runProcess(login, { cwd, environment: { ...env, ...options } });
  expect([exit, stdout, stderr]).toEqual([1, "", expect.stringContaining("error[INTERNAL]: The command waits for")]);
});

test.skipIf(windows)("an input that cannot be read is said, and how to give one", async () => {
  for (const [input, why] of [
    ["</", ": it is a folder"],
    ["0>/dev/null", " (EBADF)"],
  ]) {
    const { exit, stderr } = await shell(`paks login --token-stdin --registry http://127.0.0.1:9 ${input}`);
    expect([exit, stderr]).toEqual([
      2,
      expect.stringMatching(/^error\[USAGE\]: Nothing can be read from stdin[^\n]*\nhint: [^\n]+\n$/),
    ]);
    expect(stderr).toContain(why);
  }
});

/** Of the executable nothing can be missing. */
test.skipIf(isStandaloneTested || process.platform !== "linux")(
  "a part of paks that is missing is said, and is no success",
  async () => {
    const { cwd, environment: env } = await environment();
    const dist = join(cwd, "dist");
    await cp(join(dirname(paksOnNode), "..", "dist"), dist, { recursive: true });
    const run = async (script: string) =>
      await runProcess(["bash", "-c", `"${process.execPath}" dist/paks.js ${script}`], { cwd, environment: env });
    const lost = (await readdir(join(dist, "chunks"))).find((name) => name.startsWith("lost-output-")) ?? "";
    const broken = {
      exit: 1,
      stdout: "",
      stderr: expect.stringContaining("error[INTERNAL]: A part of paks cannot be"),
    };
    await rm(join(dist, "chunks", lost));
    expect(await run("list >/dev/full")).toEqual(broken);
    // All but what `--version` needs.
    const bin = await readFile(join(dist, "chunks", "bin.js"), "utf8");
    const kept = new Set([
      "bin.js",
      ...[...bin.matchAll(/=require\("\.\/(chunk-\w+\.js)"\)/g)].map(([, name]) => name),
    ]);
    for (const name of await readdir(join(dist, "chunks"))) if (!kept.has(name)) await rm(join(dist, "chunks", name));
    expect(await run("--version")).toEqual({ exit: 0, stdout: `${version}\n`, stderr: "" });
    for (const words of ["list", "ci", "publish", "--help", "complete bash -- x"])
      expect(await run(words), words).toEqual(broken);
  },
);

/** A pipe that is full, and that never lets a writer wait: what some parents give. */
async function openFullPipe() {
  const path = join(await tempFolder(), "pipe");
  await runProcess(["mkfifo", path], await environment());
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writer = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  let held = 0;
  try {
    for (;;) held += writeSync(writer, ".".repeat(4096));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe("EAGAIN");
  }
  return { reader, writer, held };
}

/** As file 3, because Node takes the flag from the first three. */
async function startIntoFullPipe(script: string) {
  const { reader, writer, held } = await openFullPipe();
  const { cwd, environment: env } = await environment();
  const stdio = ["ignore", "pipe", "pipe", writer] as const;
  const words = ["-c", script.replace("paks", `exec ${paksInShell()}`)];
  const child = spawn("bash", words, { cwd, env: { ...process.env, ...env }, stdio: [...stdio] });
  closeSync(writer);
  let told = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => (told += chunk.toString()));
  const exit = once(child, "close").then(([code]) => code as number | null);
  await new Promise((resolve) => setTimeout(resolve, 700));
  expect(child.exitCode, "it waits for its reader").toBe(null);
  return { reader, held, ended: async () => ({ exit: await exit, told }) };
}

test.skipIf(process.platform !== "linux").each(["--version", "--help", "list"])(
  "%s: what went wrong is said whole on a stderr that is full and does not wait",
  async (words) => {
    const { reader, held, ended } = await startIntoFullPipe(`paks ${words} >/dev/full 2>&3 3>&-`);
    let text = "";
    for await (const chunk of new Socket({ fd: reader, writable: false })) text += (chunk as Buffer).toString();
    expect(await ended()).toEqual({ exit: 10, told: "" });
    expect(text.slice(held)).toMatch(/^error\[DISK_FULL\]: [^\n]*\nhint: [^\n]+\n$/);
  },
);

test.skipIf(process.platform !== "linux").each(["--version", "--help", "list"])(
  "%s: a reader that leaves a full pipe that does not wait ends it quietly",
  async (words) => {
    const { reader, ended } = await startIntoFullPipe(`paks ${words} >&3 3>&-`);
    closeSync(reader);
    expect(await ended()).toEqual({ exit: 0, told: "" });
  },
);
