import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { type RunResult, type TestRegistry, runPaks, serveRegistry } from "../testing/index.ts";

/** Two registries with paks of one name: what the second has is newer, and somebody else's. */
let project: Project;
let other: TestRegistry;
beforeEach(async () => {
  project = await makeProject();
  other = await serveRegistry();
  await project.registry.add("acme/text", "1.0.0");
  await project.registry.add("acme/pdf", "1.2.0", { dependencies: { "acme/text": "^1" } });
  await other.add("acme/pdf", "9.0.0");
  await other.add("acme/text", "1.9.0");
});

const withOther = async (...argv: string[]): Promise<RunResult> =>
  await runPaks(argv, { ...project.options, environment: { PAKS_REGISTRY: other.url } });
const failureOf = (run: RunResult) => ({
  exit: run.exit,
  ...(run.json() as { error: { code: string; message: string; hint: string } }).error,
});

for (const command of [
  ["update"],
  ["update", "--dry-run"],
  ["update", "acme/pdf"],
  ["update", "acme/text"],
  ["install", "--upgrade"],
  ["install", "acme/pdf"],
  ["install", "acme/pdf@9"],
  ["install"],
  ["install", "--frozen"],
  ["ci"],
  ["outdated"],
])
  test(`${command.join(" ")} does not move a locked pak to another registry: refused with both addresses and a hint`, async () => {
    await project.ok("install", "acme/pdf");
    const before = await project.read("paks.lock");
    const failure = failureOf(await withOther(...command, "--json"));
    expect(failure).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
    expect(failure.message).toContain(project.registry.url);
    expect(failure.message).toContain(other.url);
    // paks.jsonc names the right one already, and moving the pak would make the slip last.
    expect(failure.message).toContain("(by PAKS_REGISTRY)");
    expect(failure.hint).toBe("Unset PAKS_REGISTRY: without it acme is looked up there.");
    expect(await project.read("paks.lock")).toBe(before);
    expect(await project.read(".agents/skills/pdf/SKILL.md")).toContain("# pdf 1.2.0");
    expect(other.requests).toEqual([]);
  });

test("the hint goes by who chose the other registry, and offers to move the pak only where that may be meant", async () => {
  await project.ok("install", "acme/pdf");
  const failureWith = async (argv: string[], environment: Record<string, string> = {}) =>
    failureOf(await runPaks([...argv, "--json"], { ...project.options, environment }));
  const flag = await failureWith(["ci", "--registry", other.url]);
  expect([flag.message, flag.hint]).toEqual([
    expect.stringContaining("(by --registry)"),
    "Leave out --registry: without it acme is looked up there.",
  ]);
  await project.write("paks.jsonc", '{"paks": ["acme/pdf"]}');
  const variable = await failureWith(["ci"], { PAKS_REGISTRY: other.url });
  expect(variable.hint).toMatch(
    /^Unset PAKS_REGISTRY first\. If that registry is right, name it: .* on purpose: delete/,
  );
  await project.write("paks.jsonc", JSON.stringify({ paks: ["acme/pdf"], registry: other.url }));
  const own = await failureWith(["ci"]);
  expect(own.message).toContain("(by paks.jsonc)");
  expect(own.hint).toContain(`"registry": "${project.registry.url}" in paks.jsonc`);
});

test("verify and audit say what to do about several paks once", async () => {
  await project.ok("install", "acme/pdf");
  for (const command of ["verify", "audit"]) {
    const { stdout } = await withOther(command);
    expect([stdout.split("LOCKFILE_MISMATCH").length, stdout.split("Unset PAKS_REGISTRY").length], stdout).toEqual([
      3, 2,
    ]);
  }
});

test("a range that the locked version no longer fits does not move it either", async () => {
  await project.ok("install", "acme/pdf");
  await project.write("paks.jsonc", '{"paks": ["acme/pdf@^9"]}');
  expect(failureOf(await withOther("install", "--json"))).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
});

test("a pak is moved on purpose as the hint says", async () => {
  await project.ok("install", "acme/text");
  await project.editLock((paks) => void delete paks["text"]);
  expect((await withOther("install")).exit).toBe(0);
  expect((await project.lock()).paks["text"]).toMatchObject({ version: "1.9.0", resolved: { registry: other.url } });
});

test("another pak can be added by whoever does not know the registry of those that are there", async () => {
  await project.ok("install", "acme/pdf");
  await other.add("more/csv", "1.0.0");
  expect((await withOther("install", "more/csv")).exit).toBe(0);
  expect((await project.lock()).paks["pdf"]).toMatchObject({ version: "1.2.0" });
});

test("update leaves alone what no lock knows and another registry gave", async () => {
  await project.ok("install", "acme/text", "-g");
  const failure = failureOf(await withOther("update", "-g", "--json"));
  expect(failure).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
  expect(failure.hint).toContain("remove it and install it again");
  expect(other.requests).toEqual([]);
});

test("what a project's own registry gave without the lock is still updated from there", async () => {
  await project.write("paks.jsonc", JSON.stringify({ paks: [], registry: project.registry.url }));
  const options = { ...project.options, environment: {} };
  expect((await runPaks(["install", "acme/text", "--no-save"], options)).exit).toBe(0);
  await project.registry.add("acme/text", "1.1.0");
  const run = await runPaks(["update", "--json"], options);
  expect(run.json()).toMatchObject({ updated: [{ from: "1.0.0", to: "1.1.0" }] });
});

test("outdated does not say that nothing is newer when it did not ask", async () => {
  await project.ok("install", "acme/pdf");
  await mkdir(join(project.cwd, "mine"));
  await writeFile(join(project.cwd, "mine", "SKILL.md"), "---\nname: mine\ndescription: Mine. Use it.\n---\n# Mine\n");
  await project.ok("install", "./mine");
  const run = await withOther("outdated", "--json");
  expect(run.exit).toBe(7);
  expect(run.json()).toMatchObject({
    outdated: [],
    others: [{ name: "mine" }, { name: "acme/pdf", state: "unknown", error: { code: "LOCKFILE_MISMATCH" } }, {}],
  });
  const text = await withOther("outdated");
  expect(text.stdout).toContain("LOCKFILE_MISMATCH");
  expect(text.stdout).not.toContain("Nothing is newer");
});

test("outdated says so of what paks.jsonc does not ask for any more", async () => {
  await mkdir(join(project.cwd, "mine"));
  await writeFile(join(project.cwd, "mine", "SKILL.md"), "---\nname: mine\ndescription: Mine. Use it.\n---\n# Mine\n");
  await project.ok("install", "./mine");
  await project.write("paks.jsonc", '{"paks": []}');
  const run = await project.paks("outdated", "--json");
  expect(failureOf(run)).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
});

test("what is wanted follows paks.jsonc as it is now, and update does the same", async () => {
  await rm(project.skill(), { recursive: true, force: true });
  await project.registry.add("acme/text", "1.1.0");
  await project.ok("install", "acme/text@1.0.0");
  await project.write("paks.jsonc", '{"paks": ["acme/text@^1"]}');
  expect(await project.json("outdated")).toMatchObject({
    exit: 9,
    outdated: [{ current: "1.0.0", wanted: "1.1.0", latest: "1.1.0", updatable: true }],
  });
  expect(await project.json("update", "--dry-run")).toMatchObject({ updated: [{ from: "1.0.0", to: "1.1.0" }] });
  await project.write("paks.jsonc", '{"paks": ["acme/text@1.0.0"]}');
  expect(await project.json("outdated")).toMatchObject({ outdated: [{ wanted: "1.0.0", latest: "1.1.0" }] });
});
