import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testGit } from "@paks/git/testing";
import { expect, test } from "vitest";
import { dataOfRun, failureOf, type Lab, openLab } from "./testing/lab.ts";
import { pushFromElsewhere } from "./testing/elsewhere.ts";

const force = ["--bump", "patch", "--force", "--yes", "--json"];

/** A tag v0.1.1 that is no release, here or on the remote. @returns its object */
async function takeTag(lab: Lab, where: { local: boolean; remote: boolean }): Promise<string> {
  await lab.repo.tag("v0.1.1", "my own words\n");
  const object = (await lab.repo.git("rev-parse", "v0.1.1")).trim();
  if (where.remote) await lab.repo.git("push", "-q", "origin", "v0.1.1");
  if (!where.local) await lab.repo.git("tag", "-d", "v0.1.1");
  return object;
}

const places = [
  { what: "here", local: true, remote: false },
  { what: "on the remote", local: false, remote: true },
  { what: "on both sides", local: true, remote: true },
];

test.each(places)("a tag that is taken $what gives way to --force, and is named with its commit", async (where) => {
  const lab = await openLab();
  const object = await takeTag(lab, where);
  const head = (await lab.repo.git("rev-parse", "HEAD")).trim();
  const taken = await lab.publish(["--bump", "patch", "--json"]);
  expect(failureOf(taken)).toMatchObject({ code: "TAG_EXISTS" });
  const done = dataOfRun(await lab.publish(force));
  const overwritten = [where.local ? null : [], where.remote ? "origin" : []].flat();
  expect(done).toMatchObject({
    version: "0.1.1",
    verified: true,
    overwrites: overwritten.map((remote) => ({ remote, tag: "v0.1.1", object, commit: head })),
  });
  expect((done["notes"] as string[]).filter((note) => note.includes(head.slice(0, 12)))).toHaveLength(
    overwritten.length,
  );
  expect(await lab.remote("rev-parse", "v0.1.1^{commit}", "main")).toBe(`${done["commit"]}\n${done["commit"]}\n`);
  expect((await lab.repo.git("rev-parse", "v0.1.1^{commit}")).trim()).toBe(done["commit"]);
});

test("--force without anything to overwrite is a plain publish that needs no --yes", async () => {
  const lab = await openLab();
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--force", "--json"]))).toMatchObject({ overwrites: [] });
});

test("--force where nobody can be asked wants --yes and says what it would overwrite", async () => {
  const lab = await openLab();
  await takeTag(lab, { local: true, remote: true });
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--force", "--json"]);
  expect(run.exit).toBe(2);
  expect(failureOf(run)).toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(/v0\.1\.1 in this repository \(commit \w{12}\) and the tag v0\.1\.1 on origin/),
    hint: expect.stringContaining("--yes"),
  });
  expect(await lab.snapshot()).toBe(before);
});

test("a person is asked before anything is overwritten, and Enter alone means no", async () => {
  const lab = await openLab();
  await takeTag(lab, { local: true, remote: true });
  const before = await lab.snapshot();
  const run = await lab.publish(["--bump", "patch", "--force"], { terminal: true, stdin: "\r" });
  expect(run.exit).toBe(130);
  expect(run.stderr).toContain("overwrite the tag v0.1.1 in this repository");
  expect(await lab.snapshot()).toBe(before);
  expect((await lab.publish(["--bump", "patch", "--force"], { terminal: true, stdin: "y" })).exit).toBe(0);
});

test("what the registry has recorded is never overwritten", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  await lab.repo.write({ "more.md": "more\n" });
  await lab.repo.commit("More");
  const before = await lab.snapshot();
  const run = await lab.publish(["--version", "0.1.1", "--force", "--yes", "--json"]);
  expect(failureOf(run)).toMatchObject({ code: "VERSION_EXISTS", hint: expect.stringContaining("--bump patch") });
  expect(await lab.snapshot()).toBe(before);
});

test("a registry that cannot be asked stops --force; --skip-registry does it and warns", async () => {
  const lab = await openLab();
  await takeTag(lab, { local: true, remote: true });
  const before = await lab.snapshot();
  lab.registry.override = ({ path }) => (path.includes("/versions/") ? { status: 503 } : undefined);
  const run = await lab.publish(force);
  expect(failureOf(run).code).toBe("REGISTRY_UNAVAILABLE");
  expect(await lab.snapshot()).toBe(before);
  const done = dataOfRun(await lab.publish([...force, "--skip-registry", "--account", "acme"]));
  expect(done).toMatchObject({
    state: "pushed",
    notes: expect.arrayContaining([expect.stringContaining("TAG_MOVED")]),
  });
});

test("--force never overwrites the branch", async () => {
  const lab = await openLab();
  await takeTag(lab, { local: true, remote: true });
  await pushFromElsewhere(lab);
  const before = await lab.snapshot();
  expect(failureOf(await lab.publish(force)).code).toBe("BEHIND_UPSTREAM");
  expect(await lab.snapshot()).toBe(before);
});

test("a push that is refused puts the old tag back, object for object", async () => {
  const lab = await openLab();
  await takeTag(lab, { local: true, remote: true });
  await writeFile(join(lab.bare, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const before = await lab.snapshot();
  expect(failureOf(await lab.publish(force))).toMatchObject({ code: "PUSH_REJECTED", details: { taken_back: true } });
  expect(await lab.snapshot()).toBe(before);
});

test("a tag that somebody moves on the remote in the meantime is not overwritten", async () => {
  const lab = await openLab();
  await takeTag(lab, { local: true, remote: true });
  const move = `#!/bin/sh\nunset $(git rev-parse --local-env-vars)\ngit -C '${lab.bare}' update-ref refs/tags/v0.1.1 main\n`;
  await writeFile(join(lab.repo.dir, ".git", "hooks", "pre-commit"), move, { mode: 0o755 });
  const local = await lab.repo.git("for-each-ref");
  const run = await lab.publish(force);
  expect(failureOf(run)).toMatchObject({
    code: "PUSH_REJECTED",
    hint: expect.stringContaining("same command again"),
    details: { taken_back: true },
  });
  expect(await lab.repo.git("for-each-ref")).toBe(local);
  expect(await lab.remote("rev-parse", "v0.1.1")).toBe(await lab.remote("rev-parse", "main"));
});

test.each(["committed", "tag-made", "pushed"])("ended at %s, the same command with --force finishes", async (point) => {
  const lab = await openLab();
  await takeTag(lab, { local: true, remote: true });
  await lab.publish(force, { environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:end` } });
  const done = dataOfRun(await lab.publish(force));
  expect(done).toMatchObject({ version: "0.1.1", verified: true });
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("2");
  expect((await lab.remote("rev-parse", "v0.1.1^{commit}")).trim()).toBe(done["commit"]);
});

test("a remote that takes one ref at a time is given the tag with its lease too", async () => {
  const lab = await openLab({ serverConfig: [["receive.advertiseAtomic", "false"]] });
  await takeTag(lab, { local: true, remote: true });
  expect(dataOfRun(await lab.publish(force))).toMatchObject({ verified: true });
});

test("the commands of a dry run force the tag alone, and only from what it was", async () => {
  const lab = await openLab();
  const object = await takeTag(lab, { local: true, remote: true });
  const plan = dataOfRun(await lab.publish(["--bump", "patch", "--force", "--dry-run", "--json"]));
  const commands = (plan["commands"] as string[]).join("\n");
  expect(commands).toContain("git tag --force --annotate");
  expect(commands).toContain(
    `--force-with-lease=refs/tags/v0.1.1:${object} origin HEAD:refs/heads/main refs/tags/v0.1.1`,
  );
});

test("a local tag alone is overwritten with --no-push, and nobody is asked", async () => {
  const lab = await openLab();
  await takeTag(lab, { local: true, remote: false });
  const done = dataOfRun(await lab.publish([...force, "--no-push", "--account", "acme"]));
  expect(done).toMatchObject({ state: "tagged", overwrites: [{ remote: null }] });
  expect(lab.registry.requests).toHaveLength(0);
  expect(await testGit(lab.bare, ["tag"])).toBe("");
});

test("several paks at once cannot be forced", async () => {
  const lab = await openLab();
  const run = await lab.paks(["publish", "--all", "--force", "--json"]);
  expect(failureOf(run)).toMatchObject({ code: "USAGE" });
});
