import { beforeEach, expect, test } from "vitest";
import { type Project, addVersions, makeProject } from "../life/testing/project.ts";

/** A pin is moved by its own name alone. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  await addVersions(project, "acme/text", ["1.0.0", "1.1.0", "2.0.0"]);
  await registry.add("acme/csv", "1.0.0", { dependencies: { "acme/text": "^1" } });
  await registry.add("acme/app", "1.0.0");
  await registry.add("acme/app", "1.1.0", { dependencies: { "acme/text": "^1" } });
  await registry.add("acme/needs2", "1.0.0", { dependencies: { "acme/text": "^2" } });
});
const versions = async () =>
  Object.fromEntries(Object.entries((await project.lock()).paks).map(([folder, { version }]) => [folder, version]));
type Refused = { error: { code: string; message: string; hint: string } };

test("what another pak needs does not move a pinned pak: it is refused, and the hint says how to let it go", async () => {
  await project.ok("install", "acme/text@^1");
  await project.write("paks.jsonc", '{ "paks": ["acme/text"] }');
  await project.ok("pin", "text");
  const before = await project.read("paks.lock");
  const refused = await project.json<Refused>("install", "acme/needs2");
  expect(refused).toMatchObject({ exit: 6, error: { code: "DEPENDENCY_CONFLICT" } });
  expect(refused.error.message).toContain("paks.lock (pinned) → acme/text@1.1.0");
  expect(refused.error.hint).toContain("paks unpin text");
  expect(await project.read("paks.lock")).toBe(before);
  await project.ok("unpin", "text");
  await project.ok("install", "acme/needs2");
  expect(await versions()).toMatchObject({ text: "2.0.0" });
});

test("a pinned pak is not taken back to an older version for what is installed beside it", async () => {
  await project.ok("install", "acme/app");
  await project.ok("pin", "app");
  expect(await project.json<Refused>("install", "acme/needs2")).toMatchObject({
    exit: 6,
    error: { code: "DEPENDENCY_CONFLICT", hint: expect.stringContaining("paks unpin app") as string },
  });
  expect(await versions()).toEqual({ app: "1.1.0", text: "1.1.0" });
});

test("update leaves a pinned dependency and takes what goes with it", async () => {
  await project.registry.add("acme/csv", "1.1.0", { dependencies: { "acme/text": "^1" } });
  await project.ok("install", "acme/csv@1.0.0");
  await project.ok("pin", "text");
  await project.registry.add("acme/csv", "2.0.0", { dependencies: { "acme/text": "^2" } });
  await project.write("paks.jsonc", '{ "paks": ["acme/csv"] }');
  const run = await project.ok("update");
  expect(await versions()).toEqual({ csv: "1.1.0", text: "1.1.0" });
  expect(run.stdout).toContain("paks.lock (pinned)");
});

test("a version on the command line or in paks.jsonc moves the pin", async () => {
  await project.ok("install", "acme/text@^1");
  await project.ok("pin", "text");
  await project.ok("install", "acme/text@1.0.0");
  expect(await versions()).toEqual({ text: "1.0.0" });
  await project.write("paks.jsonc", '{ "paks": ["acme/text@^2"] }');
  await project.ok("install");
  expect(await versions()).toEqual({ text: "2.0.0" });
});

test("a pinned dependency that nobody needs any more goes", async () => {
  await project.ok("install", "acme/app", "acme/csv");
  await project.ok("pin", "text");
  await project.write("paks.jsonc", '{ "paks": ["acme/app@1.0.0"] }');
  await project.ok("install");
  expect(await versions()).toEqual({ app: "1.0.0" });
});

test.each([["install"], ["install", "acme/app"], ["update"], ["update", "--dry-run"]])(
  "a lock that pins a version with a build nobody gives out keeps no command from ending: %s %s",
  async (...argv) => {
    await project.ok("install", "acme/csv");
    await project.editLock((paks) => {
      const { resolved, ...entry } = paks["csv"] as Record<string, unknown> & { resolved: object };
      const changed = { version: "1.0.0+x", pinned: true, dependencies: { "acme/text": "^9" } };
      paks["csv"] = { ...entry, ...changed, resolved: { ...resolved, version: "1.0.0+x", tag: "v1.0.0+x" } };
    });
    expect((await project.paks(...argv)).exit).toBeLessThan(10);
  },
  20_000,
);
