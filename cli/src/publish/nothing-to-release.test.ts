import { expect, test } from "vitest";
import { codesOf, dataOfRun, failureOf, type Lab, openLab } from "./testing/lab.ts";

/** As the real registry's own check says it. */
const versionExists = { severity: "error", code: "VERSION_EXISTS", message: "Version 0.1.1 was released from v0.1.1." };

async function openReleased(): Promise<Lab> {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  lab.registry.override = ({ method, path }) =>
    method === "POST" && path === "/api/index?dry_run=true"
      ? { body: { data: { ok: false, digest: null, creates: false, findings: [versionExists] } } }
      : undefined;
  return lab;
}

test("with the git host down, what is released already is not said to be in the way", async () => {
  const lab = await openReleased();
  lab.server.setFaults(() => ({ type: "status", status: 503 }));
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(failureOf(run).code).toBe("GIT_HOST_UNAVAILABLE");
  expect(codesOf(run)).not.toContain("VERSION_EXISTS");
});

test("with the git host down, a version that the registry has with other content is named", async () => {
  const lab = await openReleased();
  lab.registry.releases[0]!.digest = `h1:${"A".repeat(43)}=`;
  lab.server.setFaults(() => ({ type: "status", status: 503 }));
  expect(codesOf(await lab.publish(["--bump", "patch", "--json"]))).toContain("VERSION_EXISTS");
});

test("a dry run of what is published already says so, and shows no commands", async () => {
  const lab = await openReleased();
  const run = await lab.publish(["--bump", "patch", "--dry-run"]);
  expect(run.exit).toBe(0);
  expect(run.stdout).toContain("✓ acme/pdf 0.1.1 is already published");
  expect(run.stdout).not.toContain("These commands");
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--dry-run", "--json"]))).toMatchObject({
    state: "already-published",
    version: "0.1.1",
    commands: [],
  });
  expect((await lab.paks(["publish", "--all", "--bump", "patch", "--dry-run"])).stdout).not.toContain("These commands");
});

test("a remote that was switched is noticed, although there is nothing to release", async () => {
  const lab = await openReleased();
  const here = dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  expect(here["notes"]).toEqual([]);
  const known = String(here["repository"]);
  lab.registry.releases[0]!.repository = "https://git.example/acme/skills";
  const note = `has acme/pdf from https://git.example/acme/skills, and this repository is ${known}`;
  const run = await lab.publish(["--bump", "patch"]);
  expect(run.stdout).toContain("already published");
  expect(run.stdout).toContain(note);
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))["notes"]).toEqual([expect.stringContaining(note)]);
  expect((await lab.paks(["publish", "--all", "--bump", "patch"])).stdout).toContain(note);
});

test("that the version of a tag on the remote is recorded is not told beside the tag", async () => {
  const lab = await openReleased();
  await lab.repo.write({ "new.md": "new\n" });
  await lab.repo.commit("More");
  const codes = codesOf(await lab.publish(["--json"]));
  expect(codes).toContain("TAG_EXISTS");
  expect(codes).not.toContain("VERSION_EXISTS");
});

test("with the tag only here, both are told: without the tag the version is still taken", async () => {
  const lab = await openReleased();
  await lab.repo.write({ "new.md": "new\n" });
  await lab.repo.commit("More");
  await lab.remote("update-ref", "-d", "refs/tags/v0.1.1");
  expect(codesOf(await lab.publish(["--json"]))).toEqual(expect.arrayContaining(["TAG_EXISTS", "VERSION_EXISTS"]));
});

test.each([[[]], [["--bump", "patch"]]])(
  "publish %j of uncommitted files, when what is committed is out, asks nothing, touches nothing and says why",
  async (args) => {
    const lab = await openReleased();
    await lab.repo.write({ "new.md": "new\n" });
    const before = await lab.snapshot();
    const run = await lab.publish(args, { terminal: true, stdin: [] });
    expect(run.exit).toBe(0);
    expect(run.stderr).toContain("new.md. Your changes are not committed, so there is nothing to release.");
    expect(run.stdout).toContain("0.1.1 is already published");
    expect(await lab.snapshot()).toBe(before);
  },
);
