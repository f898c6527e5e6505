import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { PaksError } from "@paks/schema";
import { afterAll, beforeAll, expect, test } from "vitest";

import { gitVersion, runGit, type RunGitOptions } from "./run-git.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "paks-test-run-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A program in git's place that does what the test needs. */
async function fakeGit(script: string): Promise<string> {
  const file = join(dir, `git-${Math.random().toString(36).slice(2)}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return file;
}

const run = async (script: string, options: Partial<RunGitOptions> = {}, args: string[] = []) =>
  runGit(args, {
    env: {},
    machine: process.env,
    stdoutBytes: 100_000,
    milliseconds: 20_000,
    git: await fakeGit(script),
    ...options,
  });

async function failureOf(work: Promise<unknown>): Promise<PaksError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PaksError) return error;
  throw new Error("it should have failed with a PaksError", { cause: error });
}

/** Whether a process that wrote its pid into a file is alive. */
async function isAlive(file: string): Promise<boolean> {
  const pid = Number(await readFile(join(dir, file), "utf8"));
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A zombie whose parent has not looked yet does nothing any more.
  const stat = await readFile(`/proc/${pid}/stat`, "latin1").catch(() => "");
  return !/\) Z /.test(stat);
}

test("output, errors, exit code and input are those of the program", async () => {
  const result = await run('cat; echo "$1" >&2; exit 3', { stdin: "in\0put" }, ["--a b"]);
  expect(result.stdout.toString()).toBe("in\0put");
  expect(result.stderr).toBe("--a b\n");
  expect(result.exitCode).toBe(3);
  expect((await run("kill -9 $$")).exitCode).toBe(137);
});

test("a program that does not read its input is no failure", async () => {
  expect((await run("exit 0", { stdin: Buffer.alloc(10_000_000) })).exitCode).toBe(0);
});

test("programs are looked for where the given machine has them, and of it only what is named is passed on", async () => {
  const file = await fakeGit('echo "$PATH|$ONE|$TWO"');
  const machine = { PATH: `.:${dirname(file)}`, ONE: "1", TWO: "2" };
  const { stdout } = await run("", { git: basename(file), machine, inherit: ["ONE"] });
  expect(stdout.toString()).toBe(`${machine.PATH}|1|\n`);
  const elsewhere = await failureOf(run("", { git: basename(file), machine: { PATH: "/nonexistent" } }));
  expect(elsewhere.code).toBe("GIT_MISSING");
  expect((await failureOf(run("", { git: "git", machine: {} }))).code).toBe("GIT_MISSING");
});

test("the environment is what was given, and PATH", async () => {
  process.env["PAKS_SECRET_FOR_TEST"] = "secret";
  const { stdout } = await run("/usr/bin/env", { env: { GIVEN: "1" } });
  delete process.env["PAKS_SECRET_FOR_TEST"];
  const names = stdout
    .toString()
    .split("\n")
    .map((line) => line.split("=")[0]);
  const bySh = new Set(["", "PWD", "SHLVL", "_", "OLDPWD"]);
  expect(new Set(names.filter((name) => !bySh.has(name!)))).toEqual(new Set(["GIVEN", "PATH"]));
});

test("more output than allowed ends it, with what the caller wants thrown", async () => {
  const endless = "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done";
  expect((await failureOf(run(endless))).code).toBe("REPOSITORY_TOO_COMPLEX");
  const onOverflow = () => new PaksError("TOO_LARGE", "x");
  expect((await failureOf(run(endless, { onOverflow }))).code).toBe("TOO_LARGE");
  expect((await run("printf 12345", { stdoutBytes: 5 })).stdout.toString()).toBe("12345");
  expect((await failureOf(run("printf 123456", { stdoutBytes: 5 }))).code).toBe("REPOSITORY_TOO_COMPLEX");
});

test("of the errors the last 64 KiB are kept", async () => {
  const { stderr } = await run("yes noise | head -c 10000000 >&2; echo fatal: the end >&2");
  expect(stderr.length).toBe(64 * 1024);
  expect(stderr.endsWith("fatal: the end\n")).toBe(true);
});

test("what the reader of the output throws ends the program", async () => {
  const onStdout = () => {
    throw new PaksError("TOO_MANY_FILES", "x");
  };
  expect((await failureOf(run("echo a; sleep 60", { onStdout }))).code).toBe("TOO_MANY_FILES");
});

test("the clock ends it, helpers that ignore SIGTERM included", async () => {
  const script = `sh -c 'trap "" TERM; echo $$ > ${dir}/stubborn; while :; do sleep 1; done' &\necho $$ > ${dir}/leader; wait`;
  const started = performance.now();
  expect((await failureOf(run(script, { milliseconds: 500 }))).code).toBe("GIT_HOST_TIMEOUT");
  expect(performance.now() - started).toBeLessThan(5000);
  await sleep(100);
  expect(await isAlive("leader")).toBe(false);
  expect(await isAlive("stubborn")).toBe(false);
});

test("a helper that left the group no longer keeps us waiting", async () => {
  const script = `setsid sh -c 'echo $$ > ${dir}/runaway; sleep 8' &\nsleep 60`;
  const started = performance.now();
  expect((await failureOf(run(script, { milliseconds: 300 }))).code).toBe("GIT_HOST_TIMEOUT");
  expect(performance.now() - started).toBeLessThan(5000);
});

test("a guard's error ends it; so does a guard that breaks", async () => {
  const guard = () => Promise.resolve(new PaksError("DISK_FULL", "x"));
  expect((await failureOf(run("sleep 60", { guard }))).code).toBe("DISK_FULL");
  const broken = () => Promise.reject(new PaksError("INTERNAL", "x"));
  expect((await failureOf(run("sleep 60", { guard: broken }))).code).toBe("INTERNAL");
});

test("who gives up before the start starts nothing; the reason is handed on", async () => {
  const signal = AbortSignal.abort(new PaksError("LOCK_BUSY", "lease lost"));
  expect((await failureOf(run(`touch ${dir}/started`, { signal }))).code).toBe("LOCK_BUSY");
  await expect(readFile(join(dir, "started"))).rejects.toThrow("ENOENT");
  expect((await failureOf(run("sleep 60", { signal: AbortSignal.timeout(200) }))).code).toBe("CANCELLED");
});

test.runIf(process.platform === "linux")("the kernel's limits hold for each file, memory and time", async () => {
  const limits = { fileBytes: 1000, memoryBytes: 1024 ** 3, cpuSeconds: 1 };
  const { stdout } = await run("ulimit -t; ulimit -c; ulimit -n; ulimit -v", { limits });
  expect(stdout.toString()).toBe("1\n0\n256\n1048576\n");
  expect((await run(`head -c 1000 /dev/zero > ${dir}/full`, { limits })).exitCode).toBe(0);
  expect((await run(`exec head -c 1001 /dev/zero > ${dir}/over`, { limits })).exitCode).not.toBe(0);
  expect((await run("while :; do :; done", { limits })).exitCode).toBeGreaterThan(128);
});

test("the version of the git on this machine", async () => {
  expect(await gitVersion(process.env)).toMatch(/^2\.\d+/);
  expect((await failureOf(gitVersion(process.env, "/nonexistent/git"))).code).toBe("GIT_MISSING");
  expect((await failureOf(gitVersion(process.env, await fakeGit("echo hello")))).code).toBe("GIT_MISSING");
});
