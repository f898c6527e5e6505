import { rm } from "node:fs/promises";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const versionOf = async (name: string) => (await project.lock()).paks[name]?.version;

test("the newest that a dependant keeps away is refused by name, and outdated and update say who keeps it away", async () => {
  const { registry } = project;
  await registry.add("acme/text", "0.1.2");
  await registry.add("acme/report", "1.0.0", { dependencies: { "acme/text": "^0.1" } });
  await project.ok("install", "acme/report", "acme/text");
  await registry.add("acme/text", "0.2.1");
  const before = await project.read("paks.jsonc");
  const holder = "acme/text 0.2.1 is passed over: acme/report@1.0.0 asks for acme/text@^0.1.";
  const outdated = await project.paks("outdated");
  expect(outdated.stdout).toContain(holder);
  expect(outdated.stdout).not.toContain("@latest");
  expect(await project.json("outdated")).toMatchObject({
    exit: 9,
    outdated: [
      {
        wanted: "0.1.2",
        latest: "0.2.1",
        updatable: false,
        held_back: { version: "0.2.1", taken: "0.1.2", by: ["acme/report@1.0.0 → acme/text@^0.1"] },
      },
    ],
  });
  const refused = await project.json("install", "acme/text@latest");
  expect(refused).toMatchObject({ exit: 6, error: { code: "DEPENDENCY_CONFLICT" } });
  expect(JSON.stringify(refused)).toContain("acme/report@1.0.0 → acme/text@^0.1");
  expect(await project.read("paks.jsonc")).toBe(before);
  const updated = await project.ok("update");
  expect(updated.stdout).toContain(holder);
  expect(updated.stdout).not.toContain("Everything is up to date");
  expect(await project.json("update")).toMatchObject({ updated: [], held_back: [{ pak: "acme/text" }] });
  expect((await project.ok("install", "acme/text")).stdout).toContain(holder);
  expect((await project.ok("info", "acme/text")).stdout).toContain(holder);
  expect(await project.json("info", "acme/text")).toMatchObject({ held_back: { version: "0.2.1" } });
  // As soon as the dependant goes with it, it comes.
  await registry.add("acme/report", "1.1.0", { dependencies: { "acme/text": ">=0.1" } });
  expect((await project.paks("outdated")).stdout).not.toContain("passed over");
  await project.ok("install", "acme/text@latest");
  expect(await versionOf("text")).toBe("0.2.1");
});

test("a newest version whose dependency is missing is told by install, update, outdated and info, which agree", async () => {
  const { registry } = project;
  await registry.add("acme/text", "0.1.2");
  await registry.add("acme/text", "0.2.0", { dependencies: { "acme/nothere": "^1" } });
  const why = "acme/text 0.2.0 is passed over: it needs acme/nothere, which the registry does not know.";
  const installed = await project.ok("install", "acme/text");
  expect(installed.stdout).toContain("Installed acme/text 0.1.2");
  expect(installed.stdout).toContain(why);
  expect(await project.json("install", "acme/text")).toMatchObject({
    held_back: [{ pak: "acme/text", version: "0.2.0", taken: "0.1.2", by: ["acme/text@0.2.0 → acme/nothere@^1"] }],
  });
  const outdated = await project.paks("outdated");
  expect(outdated).toMatchObject({ exit: 9 });
  expect(outdated.stdout).toMatch(/acme\/text +0\.1\.2 +0\.1\.2 +0\.2\.0/);
  expect(outdated.stdout).toContain(why);
  expect(outdated.stdout).not.toContain("Take what is wanted");
  expect((await project.ok("update")).stdout).toContain(why);
  const info = await project.ok("info", "acme/text");
  expect(info.stdout).toContain(why);
  expect(info.stdout).not.toContain("paks update acme/text");
  expect(await project.json("install", "acme/text@latest")).toMatchObject({
    exit: 3,
    error: { code: "PAK_NOT_FOUND", details: { pak: "acme/nothere" } },
  });
  // What is installed for all projects is no different.
  await project.ok("install", "acme/text", "-g");
  expect((await project.paks("outdated", "-g")).stdout).toContain(why);
  expect((await project.ok("update", "-g")).stdout).toContain(why);
});

test("nothing is asked of anybody to say what is held back where all is as locked", async () => {
  const { registry } = project;
  await registry.add("acme/text", "0.1.2");
  await registry.add("acme/text", "0.2.0", { dependencies: { "acme/nothere": "^1" } });
  await project.ok("install", "acme/text");
  const asked = registry.requests.length;
  expect((await project.ok("install")).stdout).not.toContain("passed over");
  expect(registry.requests.length).toBe(asked);
});

test("info says how to get beyond what paks.jsonc asks for, and update where that brings it", async () => {
  const { registry } = project;
  await registry.add("acme/text", "0.1.2");
  await project.ok("install", "acme/text@^0.1");
  await registry.add("acme/text", "0.2.0");
  const beyond = await project.ok("info", "acme/text");
  expect(beyond.stdout).toContain("0.2.0 is newer than what paks.jsonc asks for: paks install acme/text@0.2.0");
  await registry.add("acme/text", "0.2.1");
  await project.ok("install", "acme/text@0.2.0");
  await project.ok("install", "acme/text@>=0.1");
  expect(await versionOf("text")).toBe("0.2.1");
  await registry.add("acme/text", "0.3.0");
  expect((await project.ok("info", "acme/text")).stdout).toContain("0.3.0 is newer: paks update acme/text");
});

test("a pin keeps a pak through every install that only names it; a version, range or channel moves it, and it stays pinned", async () => {
  const { registry } = project;
  await registry.add("acme/csv", "0.1.0");
  await project.ok("install", "acme/csv");
  await project.ok("pin", "csv");
  for (const version of ["0.1.1", "0.1.2", "0.2.0"]) await registry.add("acme/csv", version);
  const named = await project.ok("install", "acme/csv");
  expect(named.stdout).toContain("csv is pinned to 0.1.0 and stays there. Let it go: paks unpin csv");
  expect(await versionOf("csv")).toBe("0.1.0");
  for (const [selector, version] of [
    ["0.1.1", "0.1.1"],
    ["^0.1", "0.1.2"],
    ["latest", "0.2.0"],
  ] as const) {
    const moved = await project.ok("install", `acme/csv@${selector}`);
    expect(moved.stdout).toContain(`csv stays pinned, to ${version} from now on. Let it go: paks unpin csv`);
    expect((await project.lock()).paks["csv"]).toMatchObject({ version, pinned: true });
  }
});

test("a dependency that is installed by name is said to be asked for by paks.jsonc now", async () => {
  const { registry } = project;
  await registry.add("acme/csv", "0.1.0");
  await registry.add("acme/report", "1.0.0", { dependencies: { "acme/csv": "^0.1" } });
  await project.ok("install", "acme/report");
  const run = await project.ok("install", "acme/csv");
  expect(run.stdout).toContain("Already there: acme/csv 0.1.0 (paks.jsonc asks for it too now)");
  expect((await project.ok("install", "acme/csv")).stdout).not.toContain("too now");
});

test("a folder that was deleted is put back by install and by update, and both say so", async () => {
  await project.registry.add("acme/csv", "0.1.0");
  await project.ok("install", "acme/csv");
  for (const command of ["install", "update"]) {
    await rm(project.skill("csv"), { recursive: true });
    expect((await project.ok(command)).stdout, command).toContain("Put back acme/csv 0.1.0");
    expect(await project.read(".agents", "skills", "csv", "SKILL.md")).toContain("0.1.0");
  }
});

test("info answers all the same beside a lock that cannot be read", async () => {
  await project.registry.add("acme/text", "0.1.2");
  await project.ok("install", "acme/text");
  await project.registry.add("acme/text", "0.2.0");
  await project.write("paks.lock", "<<<<<<<");
  expect((await project.ok("info", "acme/text")).stdout).toContain("0.1.2, 0.2.0 is newer");
});

const searched = async () => (await project.ok("search", "text", "--detailed")).stdout;

test("search says what keeps a newer version away as outdated and info do, and asks nothing for it", async () => {
  const { registry } = project;
  await registry.add("acme/text", "0.1.2");
  await project.ok("install", "acme/text@^0.1");
  await registry.add("acme/text", "0.2.0");
  const asked = registry.requests.length;
  expect(await searched()).toContain(
    "0.1.2, 0.2.0 is newer than what paks.jsonc asks for: paks install acme/text@0.2.0",
  );
  expect(registry.requests.length).toBe(asked + 1);
  await project.ok("install", "acme/text");
  await project.ok("pin", "text");
  const beyond = "0.1.2, pinned; 0.2.0 is newer: paks unpin text, then paks install acme/text@0.2.0";
  expect(await searched()).toContain(beyond);
  expect((await project.ok("info", "acme/text")).stdout).toContain(beyond);
  await project.ok("install", "acme/text@>=0.1.2");
  await project.ok("pin", "text");
  await registry.add("acme/text", "0.3.0");
  const within = "0.2.0, pinned; 0.3.0 is newer: paks unpin text, then paks update acme/text";
  expect(await searched()).toContain(within);
  expect((await project.ok("info", "acme/text")).stdout).toContain(within);
  await project.ok("unpin", "text");
  expect(await searched()).toContain("0.2.0, 0.3.0 is newer: paks update acme/text");
});

test("search names who needs an older version, and no command that would not bring the newer one", async () => {
  const { registry } = project;
  await registry.add("acme/text", "0.1.2");
  await registry.add("acme/report", "1.0.0", { dependencies: { "acme/text": "^0.1" } });
  await project.ok("install", "acme/report");
  await registry.add("acme/text", "0.2.0");
  expect(await searched()).toMatch(/0\.1\.2, 0\.2\.0 is newer; acme\/report@1\.0\.0 asks for acme\/text@\^0\.1$/m);
  await registry.add("acme/report", "1.1.0", { dependencies: { "acme/text": "^0.2" } });
  expect((await project.ok("info", "acme/text")).stdout).toContain("0.1.2, 0.2.0 is newer: paks update acme/text");
});
