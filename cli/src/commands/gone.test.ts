import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  for (const id of ["acme/csv", "acme/pdf"]) await registry.add(id, "1.0.0");
});

const forget = (...refs: readonly string[]) => refs.forEach((ref) => project.registry.releases.delete(ref));
const versions = async () =>
  Object.fromEntries(Object.entries((await project.lock()).paks).map(([folder, { version }]) => [folder, version]));

/** The registry has one pak less, and a newer version of the other one. */
async function loseCsv(): Promise<void> {
  forget("acme/csv@1.0.0");
  await project.registry.add("acme/pdf", "1.1.0");
}

test("update brings the others where one pak is gone, says which stays, and ends with its code", async () => {
  await project.ok("install", "acme/csv", "acme/pdf");
  await loseCsv();
  const run = await project.paks("update", "--dry-run");
  expect([run.exit, run.stdout]).toEqual([3, expect.stringContaining("acme/pdf 1.0.0 → 1.1.0")]);
  const { exit, stderr, stdout } = await project.paks("update");
  expect(exit).toBe(3);
  expect(stderr).toContain("csv stays as it is: ");
  expect(stderr).toContain("no longer knows acme/csv. [PAK_NOT_FOUND]");
  expect(stderr).toContain("https://git.example/acme/csv");
  expect(stdout).toContain("✗ csv was not updated.");
  expect(await versions()).toEqual({ csv: "1.0.0", pdf: "1.1.0" });
  await project.ok("ci");
  expect(await project.json("update")).toMatchObject({ exit: 3, updated: [], failed: { code: "PAK_NOT_FOUND" } });
});

test("a pinned one that is gone is not asked for, and update ends well", async () => {
  await project.ok("install", "acme/csv", "acme/pdf");
  await project.ok("pin", "csv");
  await loseCsv();
  await project.ok("update");
  expect(await versions()).toEqual({ csv: "1.0.0", pdf: "1.1.0" });
});

test("install --upgrade keeps what is gone as well, and says so", async () => {
  await project.ok("install", "acme/csv", "acme/pdf");
  await loseCsv();
  const { stderr } = await project.ok("install", "--upgrade");
  expect(stderr).toContain("csv stays as it is: ");
  expect(await versions()).toEqual({ csv: "1.0.0", pdf: "1.1.0" });
});

test("one dependency that is gone stays as well, and its range is heeded", async () => {
  const { registry } = project;
  await registry.add("acme/doc", "1.0.0", { dependencies: { "acme/csv": "^1" } });
  await project.ok("install", "acme/doc", "acme/pdf");
  await loseCsv();
  await registry.add("acme/doc", "1.1.0", { dependencies: { "acme/csv": "^1" } });
  await registry.add("acme/doc", "2.0.0", { dependencies: { "acme/csv": "^2" } });
  expect((await project.paks("update")).exit).toBe(3);
  expect(await versions()).toEqual({ csv: "1.0.0", doc: "1.1.0", pdf: "1.1.0" });
});

test("a locked version that is gone, where the range allows no other, keeps nothing back either", async () => {
  await project.ok("install", "acme/csv@1.0.0", "acme/pdf");
  await loseCsv();
  await project.registry.add("acme/csv", "2.0.0");
  expect(await project.json("update")).toMatchObject({ exit: 3, failed: { code: "VERSION_NOT_FOUND" } });
  expect(await versions()).toEqual({ csv: "1.0.0", pdf: "1.1.0" });
});

test.each([
  ["update", "csv"],
  ["install", "acme/csv"],
  ["install", "acme/csv@^1"],
])("whoever names what is gone is told so, and of its own repository: paks %s %s", async (...argv) => {
  await project.ok("install", "acme/csv", "acme/pdf");
  await loseCsv();
  const run = await project.json<{ error: { hint: string } }>(...argv);
  expect(run).toMatchObject({ exit: 3, error: { code: "PAK_NOT_FOUND" } });
  expect(run.error.hint).toContain("paks install https://git.example/acme/csv");
  expect(run.error.hint).not.toContain("github:");
  expect(await versions()).toEqual({ csv: "1.0.0", pdf: "1.0.0" });
});

test("for all projects: one that is gone is told, the others are updated", async () => {
  await project.ok("install", "acme/csv", "acme/pdf", "-g");
  await loseCsv();
  const { exit, stderr, stdout } = await project.paks("update", "-g");
  expect([exit, stdout]).toEqual([3, expect.stringContaining("acme/pdf 1.0.0 → 1.1.0")]);
  expect(stderr).toContain("csv was not updated: ");
  expect((await project.json("outdated", "-g")).exit).toBe(3);
});
