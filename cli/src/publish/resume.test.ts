import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { faultPoints, readFault } from "./options.ts";
import { dataOfRun, failureOf, type Lab, openLab, skillText } from "./testing/lab.ts";

const fault = (point: string) => ({ environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:end` } });

/** One version commit, one tag here and there, one release: nothing twice, nothing missing. */
async function expectOneRelease(lab: Lab, path: string, version: string): Promise<void> {
  const tag = path === "" ? `v${version}` : `pdf--v${version}`;
  const log = await lab.repo.git("log", "--format=%s");
  expect(log.split("\n")).toEqual([`chore: bump version to ${version}`, "First"]);
  expect(await lab.repo.git("tag")).toBe(tag);
  expect(await lab.remote("tag")).toBe(`${tag}\n`);
  const head = await lab.repo.git("rev-parse", "HEAD");
  expect(await lab.repo.git("rev-parse", `${tag}^{commit}`)).toBe(head);
  expect(await lab.remote("rev-parse", "main", `${tag}^{commit}`)).toBe(`${head}\n${head}\n`);
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
  expect(lab.registry.releases.map((release) => release.version)).toEqual([version]);
}

// One pak has no groups of tags.
const points = faultPoints.filter((point) => point !== "group-pushed");
const runs = ["", "skills/pdf"].flatMap((path) => points.map((point) => ({ path, point })));

test.each(runs)("ended at $point (folder '$path'), the same command again finishes", async ({ path, point }) => {
  const lab = await openLab({ path });
  const ended = await lab.publish(["--bump", "patch", "--json"], fault(point));
  expect(ended.stdout).toContain(`fault at ${point}`);
  const done = dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  expect(done).toMatchObject({ version: "0.1.1" });
  await expectOneRelease(lab, path, "0.1.1");
});

test("ended twice at different points, the third run finishes", async () => {
  const lab = await openLab();
  await lab.publish(["--bump", "minor"], fault("edited"));
  await lab.publish(["--bump", "minor"], fault("tagged"));
  expect(dataOfRun(await lab.publish(["--bump", "minor", "--json"]))).toMatchObject({
    version: "0.2.0",
    verified: true,
  });
  await expectOneRelease(lab, "", "0.2.0");
});

test("done, the same command says so and does nothing", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  const before = await lab.snapshot();
  const again = await lab.publish(["--bump", "patch", "--json"]);
  expect(dataOfRun(again)).toMatchObject({ state: "already-published", version: "0.1.1", verified: true });
  expect((await lab.publish(["--bump", "patch"])).stdout).toContain("already published");
  expect(await lab.snapshot()).toBe(before);
  expect(lab.registry.announced()).toBe(1);
});

test("the same is true of a release without a bump", async () => {
  const lab = await openLab();
  await lab.publish(["--json"], fault("tagged"));
  await lab.publish(["--json"], fault("pushed"));
  expect(dataOfRun(await lab.publish(["--json"]))).toMatchObject({ version: "0.1.0", state: "indexed" });
  expect(dataOfRun(await lab.publish(["--json"]))).toMatchObject({ state: "already-published" });
  expect(await lab.repo.git("log", "--format=%s")).toBe("First");
});

test("a new commit after a release is a new release", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  await lab.repo.write({ "notes.md": "more\n" });
  await lab.repo.commit("More");
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ version: "0.1.2" });
  const unchanged = await lab.publish(["--version", "0.1.1", "--json"]);
  expect(unchanged.exit).toBe(6);
});

test("without --bump, a released version with new commits is refused with the way forward", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--json"]));
  await lab.repo.write({ "notes.md": "more\n" });
  await lab.repo.commit("More");
  const run = await lab.publish(["--json"]);
  expect(run.exit).toBe(6);
  expect(failureOf(run)).toMatchObject({ code: "TAG_EXISTS", hint: expect.stringContaining("--bump patch") });
});

test("an edit that is more than the version is not taken for an interrupted run", async () => {
  const lab = await openLab();
  await lab.repo.write({ "SKILL.md": `${skillText("0.1.1")}More.\n` });
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(failureOf(run).code).toBe("DIRTY_WORK_TREE");
});

test("a branch that was pushed without its tag gets the tag", async () => {
  const lab = await openLab();
  await lab.publish(["--bump", "patch"], fault("tagged"));
  await lab.repo.git("push", "-q", "origin", "main");
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  await expectOneRelease(lab, "", "0.1.1");
});

test("a version commit of another pak is not this pak's", async () => {
  const lab = await openLab({ path: "skills/pdf", files: { "skills/csv/SKILL.md": skillText("3.0.0", "csv") } });
  await lab.paks(["publish", "skills/csv", "--bump", "patch"], fault("committed"));
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ tag: "pdf--v0.1.1" });
});

test("a push whose answer is lost after the server took it is not undone, and goes on", async () => {
  const lab = await openLab();
  lab.server.setFaults((request) => (request.service === "push" ? { type: "cut" } : undefined));
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({
    state: "indexed",
    verified: true,
  });
  await expectOneRelease(lab, "", "0.1.1");
});

test("when nobody knows what became of the push, commit and tag stay and a rerun finishes", async () => {
  const lab = await openLab();
  let pushed = false;
  lab.server.setFaults((request) => {
    if (request.service === "push") pushed = true;
    if (request.service === "push") return { type: "cut" };
    return pushed ? { type: "status", status: 503 } : undefined;
  });
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(run.exit).toBe(8);
  expect(failureOf(run)).toMatchObject({
    code: "GIT_HOST_UNAVAILABLE",
    hint: expect.stringContaining("same command again"),
    details: { taken_back: false },
  });
  expect(await lab.repo.git("tag")).toBe("v0.1.1");
  lab.server.setFaults(undefined);
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ verified: true });
  await expectOneRelease(lab, "", "0.1.1");
});

test("a push that never reached the server leaves commit and tag for the rerun", async () => {
  const lab = await openLab();
  lab.server.setFaults((request) => (request.service === "push" ? { type: "status", status: 504 } : undefined));
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(run.exit).toBe(8);
  expect(failureOf(run)).toMatchObject({ details: { taken_back: false } });
  expect(await lab.repo.git("tag")).toBe("v0.1.1");
  expect(await lab.remote("tag")).toBe("");
  lab.server.setFaults(undefined);
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  await expectOneRelease(lab, "", "0.1.1");
});

test("a remote without atomic pushes that refuses the tag keeps the commit; the rerun sends only the tag", async () => {
  const lab = await openLab({ serverConfig: [["receive.advertiseAtomic", "false"]] });
  const update = join(lab.bare, "hooks", "update");
  await writeFile(update, '#!/bin/sh\ncase "$1" in refs/tags/*) exit 1;; esac\n', { mode: 0o755 });
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(run.exit).toBe(6);
  expect(failureOf(run)).toMatchObject({
    code: "PUSH_REJECTED",
    message: expect.stringContaining("Its tag was taken back. The version commit is out and stays."),
  });
  expect(await lab.repo.git("tag")).toBe("");
  await rm(update);
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  await expectOneRelease(lab, "", "0.1.1");
});

test("a rejected push of a tag that an earlier run made leaves that tag", async () => {
  const lab = await openLab();
  await lab.publish(["--bump", "patch"], fault("tagged"));
  const before = await lab.snapshot();
  await writeFile(join(lab.bare, "hooks", "pre-receive"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  expect(failureOf(await lab.publish(["--bump", "patch", "--json"])).code).toBe("PUSH_REJECTED");
  expect(await lab.snapshot()).toBe(before);
});

test("a registry that has this version with other content is named before anything is done", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  lab.registry.releases[0]!.digest = `h1:${"A".repeat(43)}=`;
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(failureOf(run).code).toBe("VERSION_EXISTS");
});

test("fault points do nothing unless they are enabled", () => {
  const variables = (map: Record<string, string>) => ({ variable: (name: string) => map[name] });
  const off = readFault(variables({ PAKS_FAULT: "edited:throw" }));
  const on = readFault(variables({ PAKS_FAULT: "edited:throw", PAKS_ENABLE_FAULTS: "1" }));
  for (const point of faultPoints) expect(() => off(point)).not.toThrow();
  expect(() => on("tagged")).not.toThrow();
  expect(() => on("edited")).toThrow("fault at edited");
});
