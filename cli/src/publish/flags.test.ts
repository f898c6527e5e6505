import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testGitEnv } from "@paks/git/testing";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { dataOfRun, failureOf, type Lab, openLab, skillText } from "./testing/lab.ts";

/** git's own ssh signing, set up the way a user does it. */
async function setUpSigning(lab: Lab): Promise<void> {
  const keys = await tempFolder();
  const key = join(keys, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "author@example.com", "-f", key]);
  const { readFile } = await import("node:fs/promises");
  await writeFile(join(keys, "signers"), `author@example.com ${await readFile(`${key}.pub`, "utf8")}`);
  await lab.repo.git("config", "gpg.format", "ssh");
  await lab.repo.git("config", "user.signingKey", key);
  await lab.repo.git("config", "gpg.ssh.allowedSignersFile", join(keys, "signers"));
}

test("--sign makes a tag that git verify-tag accepts, with trailers that are still read", async () => {
  const lab = await openLab();
  await setUpSigning(lab);
  const done = dataOfRun(await lab.publish(["--bump", "patch", "--sign", "--message", "### Fixed", "--json"]));
  expect(done).toMatchObject({ tag: "v0.1.1", verified: true });
  execFileSync("git", ["verify-tag", "v0.1.1"], { cwd: lab.repo.dir, env: testGitEnv(), stdio: "pipe" });
  expect(await lab.remote("cat-file", "tag", "v0.1.1")).toContain("BEGIN SSH SIGNATURE");
  expect(lab.registry.releases).toMatchObject([{ version: "0.1.1", digest: done["digest"] }]);
});

test("--sign does not push the unsigned tag that an earlier run has left", async () => {
  const lab = await openLab();
  await setUpSigning(lab);
  const environment = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "tagged:end" };
  await lab.publish(["--bump", "patch"], { environment });
  const run = await lab.publish(["--bump", "patch", "--sign", "--json"]);
  expect(failureOf(run)).toMatchObject({ code: "TAG_EXISTS", hint: expect.stringContaining("git tag -d") });
  await lab.repo.git("tag", "-d", "v0.1.1");
  await lab.publish(["--bump", "patch", "--sign"], { environment });
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--sign", "--json"]))).toMatchObject({ verified: true });
  expect(await lab.remote("cat-file", "tag", "v0.1.1")).toContain("BEGIN SSH SIGNATURE");
});

test("--sign without a key that works leaves everything as it was", async () => {
  const lab = await openLab();
  await lab.repo.git("config", "gpg.format", "ssh");
  await lab.repo.git("config", "user.signingKey", "/nowhere/key");
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--sign", "--json"]);
  expect(failureOf(run)).toMatchObject({ code: "HOOK_REFUSED", details: { taken_back: true } });
  expect(await lab.snapshot()).toBe(before);
});

test("--lightweight makes a plain tag, also where git signs every tag, and is warned about", async () => {
  const lab = await openLab();
  await lab.repo.git("config", "tag.gpgSign", "true");
  const args = ["--bump", "patch", "--lightweight", "--skip-registry", "--account", "acme"];
  const environment = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "tagged:end" };
  await lab.publish(args, { environment });
  const run = await lab.publish(args);
  expect({ exit: run.exit, stdout: run.stdout }).toMatchObject({
    exit: 0,
    stdout: expect.stringContaining("⚠ A light"),
  });
  expect(await lab.remote("cat-file", "-t", "v0.1.1")).toBe("commit\n");
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("2");
});

test("a lightweight tag is taken back too", async () => {
  const lab = await openLab();
  await writeFile(join(lab.bare, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--lightweight", "--json"]);
  expect(failureOf(run)).toMatchObject({ code: "PUSH_REJECTED", details: { taken_back: true } });
  expect(await lab.snapshot()).toBe(before);
});

test.each([
  [["--sign"], "git tag --sign --cleanup=verbatim --file=- v0.1.1 HEAD"],
  [["--lightweight"], "git tag --no-sign v0.1.1 HEAD"],
])("the commands of %j are the ones that publish runs", async (args, command) => {
  const lab = await openLab();
  const plan = dataOfRun(await lab.publish(["--bump", "patch", "--dry-run", "--json", ...args]));
  expect((plan["commands"] as string[]).join("\n")).toContain(command);
});

test("--branch pushes to that branch and leaves the one that is followed", async () => {
  const lab = await openLab();
  const main = await lab.remote("rev-parse", "main");
  const done = dataOfRun(await lab.publish(["--bump", "patch", "--branch", "release/next", "--json"]));
  expect(done).toMatchObject({ branch: "release/next", verified: true });
  expect(await lab.remote("rev-parse", "main")).toBe(main);
  expect(await lab.remote("rev-parse", "release/next")).toBe(await lab.remote("rev-parse", "v0.1.1^{commit}"));
});

test("--remote pushes there", async () => {
  const lab = await openLab();
  await lab.repo.git("remote", "add", "fork", `${lab.server.url}/skills.git`);
  await lab.repo.git("remote", "set-url", "origin", `${lab.server.url}/gone.git`);
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--remote", "fork", "--json"]))).toMatchObject({
    remote: "fork",
    verified: true,
  });
});

test("--no-commit releases what the tag says, edits nothing, and a rerun goes on with the same version", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText(undefined) } });
  const head = await lab.repo.git("rev-parse", "HEAD");
  const environment = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "tagged:end" };
  await lab.publish(["--bump", "minor", "--no-commit"], { environment });
  const done = dataOfRun(await lab.publish(["--bump", "minor", "--no-commit", "--json"]));
  expect(done).toMatchObject({ version: "0.1.0", tag: "v0.1.0", commit: head, verified: true });
  expect(await lab.repo.git("rev-parse", "HEAD")).toBe(head);
  expect(dataOfRun(await lab.publish(["--bump", "minor", "--no-commit", "--json"]))).toMatchObject({
    state: "already-published",
  });
  await lab.repo.write({ "more.md": "more\n" });
  await lab.repo.commit("More");
  const next = dataOfRun(await lab.publish(["--bump", "minor", "--no-commit", "--json"]));
  expect(next).toMatchObject({ version: "0.2.0" });
});

test("--no-commit cannot release a version that the manifest contradicts", async () => {
  const lab = await openLab();
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--no-commit", "--json"]);
  expect({ exit: run.exit, ...failureOf(run) }).toMatchObject({
    exit: 5,
    code: "INVALID_PARAMETER",
    message: expect.stringContaining("0.1.0"),
    hint: expect.stringContaining("0.1.1"),
  });
  expect(await lab.snapshot()).toBe(before);
  expect(dataOfRun(await lab.publish(["--no-commit", "--json"]))).toMatchObject({ version: "0.1.0", verified: true });
});

test("--allow-secret lets exactly that finding pass, and it stays a warning", async () => {
  const key = ["ghp", "16C7e42F292c6912E7710c838347Ae178B4a"].join("_");
  const other = ["ghp", "26C7e42F292c6912E7710c838347Ae178B4b"].join("_");
  const lab = await openLab({ files: { "a.md": `A=${key}\n` } });
  const refused = failureOf(await lab.publish(["--bump", "patch", "--json"]));
  const print = /fingerprint ([0-9a-f]{8})/.exec(refused.hint ?? "")?.[1] ?? "";
  expect(refused).toMatchObject({ code: "SECRET_DETECTED", hint: expect.stringContaining("--allow-secret") });
  const done = dataOfRun(await lab.publish(["--bump", "patch", "--allow-secret", print, "--json"]));
  expect(done).toMatchObject({ verified: true });
  expect(done["warnings"]).toContainEqual(expect.objectContaining({ code: "SECRET_DETECTED", path: "a.md" }));
  await lab.repo.write({ "b.md": `B=${other}\n` });
  await lab.repo.commit("Another");
  const again = await lab.publish(["--bump", "patch", "--allow-secret", print, "--json"]);
  expect(failureOf(again)).toMatchObject({ code: "SECRET_DETECTED", details: { path: "b.md" } });
});

test.each([
  [["--sign", "--lightweight"], "sign"],
  [["--lightweight", "--message", "x"], "no message"],
  [["--branch=-x"], "branch"],
  [["--branch", "a..b"], "branch"],
  [["--branch", "a:refs/heads/b"], "branch"],
])("%j is refused before anything is read", async (args, tells) => {
  const lab = await openLab();
  const run = await lab.publish([...args, "--json"]);
  expect([2, 5]).toContain(run.exit);
  expect(run.stdout).toContain(tells);
});

test.each([
  ["an escape sequence", "\u001b[31mred"],
  ["a character that turns the text around", "fixed \u202Etxt.exe"],
])("--message with %s is refused before anything is asked", async (_what, message) => {
  const lab = await openLab();
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--message", message, "--json"]);
  expect(failureOf(run)).toMatchObject({ code: "INVALID_CHARACTERS", details: { field: "message" } });
  expect(await lab.snapshot()).toBe(before);
});

test("--message may have several lines and tabs", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--message", "One\n\n\tTwo", "--json"]));
  expect(await lab.repo.git("cat-file", "tag", "v0.1.0")).toContain("One\n\n\tTwo");
});
