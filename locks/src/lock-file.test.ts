import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { PaksError } from "@paks/schema";
import { afterEach, expect, test, vi } from "vitest";
import { sweepLockDrafts, takeLockFile } from "./lock-file.ts";
import { currentProcess } from "./process-identity.ts";
import { waitForLockFile } from "./wait-for-lock-file.ts";

const folders: string[] = [];
const lockPath = () => {
  const folder = mkdtempSync(join(tmpdir(), "paks-locks-"));
  folders.push(folder);
  return join(folder, "lock");
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

const busy = (holder: { pid: number } | undefined) => new PaksError("LOCK_BUSY", `held by ${holder?.pid}`);
const leave = (path: string, holder: Record<string, unknown>) =>
  writeFileSync(path, JSON.stringify({ ...currentProcess(), hostname: hostname(), url: null, nonce: "n", ...holder }));

test("a lock that a living process holds is refused, naming the process, and free again after its release", () => {
  const path = lockPath();
  const lock = takeLockFile(path, { busy });
  expect(() => takeLockFile(path, { busy })).toThrow(`held by ${process.pid}`);
  lock.release();
  takeLockFile(path, { busy }).release();
  expect(readdirSync(join(path, ".."))).toEqual([]);
});

test.each(["/dev/zero", "nowhere", "."])(
  "a link to %s in a lock's place is held by nobody known, and not read",
  (to) => {
    const path = lockPath();
    symlinkSync(to, path);
    expect(() => takeLockFile(path, { busy })).toThrow("held by undefined");
  },
);

test("folders that are called like drafts of a lock stay", () => {
  const path = lockPath();
  const lock = takeLockFile(path, { busy });
  mkdirSync(`${path}.${2 ** 22 + 1}-a/x`, { recursive: true });
  symlinkSync("/dev/zero", `${path}.${2 ** 22 + 1}-b`);
  sweepLockDrafts(path);
  lock.release();
  expect(readdirSync(join(path, ".."))).toEqual([`lock.${2 ** 22 + 1}-a`]);
});

test("a lock is taken over from a pid that runs no more", () => {
  const path = lockPath();
  leave(path, { pid: 2 ** 22 + 1 });
  expect(() => takeLockFile(path, { busy }).release()).not.toThrow();
});

test.runIf(process.platform === "linux")("a lock is taken over when its pid was given to a later process", () => {
  const path = lockPath();
  leave(path, { startTime: "1" });
  expect(() => takeLockFile(path, { busy }).release()).not.toThrow();
});

test.runIf(process.platform === "linux")(
  "a lock of a dead process that nobody has waited for is taken over",
  async () => {
    // The shell starts a child and never waits for it: exec replaces the shell by a program that does not. The child ends
    // only after that, or the shell would have seen it.
    const parent = spawn("sh", ["-c", "sleep 1 & echo $!; exec sleep 30"], { stdio: ["ignore", "pipe", "ignore"] });
    try {
      const [text] = (await once(parent.stdout, "data")) as [Buffer];
      const pid = Number(text.toString("utf8"));
      const isZombie = () => expect(readFileSync(`/proc/${pid}/stat`, "utf8")).toContain(") Z ");
      await vi.waitFor(isZombie, { timeout: 15_000 });
      const path = lockPath();
      leave(path, { pid, startTime: null });
      expect(() => takeLockFile(path, { busy }).release()).not.toThrow();
    } finally {
      parent.kill("SIGKILL");
    }
  },
);

test("a lock of another machine is never taken over", () => {
  const path = lockPath();
  leave(path, { pid: 2 ** 22 + 1, hostname: "elsewhere" });
  expect(() => takeLockFile(path, { busy })).toThrow(PaksError);
});

test("a lock that is a link to nowhere is refused, not looked at for ever", () => {
  const path = lockPath();
  symlinkSync("nowhere", path);
  expect(() => takeLockFile(path, { busy })).toThrow("held by undefined");
});

test("whoever waits gets the lock when it is released, and LOCK_BUSY when it is not", async () => {
  const path = lockPath();
  const held = takeLockFile(path, { busy });
  await expect(waitForLockFile(path, { what: "this folder", timeout: 60 })).rejects.toMatchObject({
    code: "LOCK_BUSY",
  });
  setTimeout(() => held.release(), 50);
  (await waitForLockFile(path, { what: "this folder", timeout: 5000 })).release();
});

test("whoever is told to stop waits no longer for a lock", async () => {
  const path = lockPath();
  const held = takeLockFile(path, { busy });
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("stopped")), 50);
  const waiting = waitForLockFile(path, { what: "this folder", timeout: 5000, signal: stop.signal });
  await expect(waiting).rejects.toThrow("stopped");
  held.release();
});

test("drafts of killed processes are swept, those of running ones stay", () => {
  const path = lockPath();
  const lock = takeLockFile(path, { busy });
  const dead = 2 ** 22 + 1;
  leave(`${path}.${dead}-a`, { pid: dead });
  writeFileSync(`${path}.${dead}-b`, "");
  writeFileSync(`${path}.${process.pid}-c`, "");
  writeFileSync(`${path}ed`, "");
  sweepLockDrafts(path);
  expect(readdirSync(join(path, "..")).sort()).toEqual(["lock", `lock.${process.pid}-c`, "locked"]);
  lock.release();
});
