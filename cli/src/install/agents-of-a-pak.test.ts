import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

/** For which tools a pak is: what `--agent` said of it, else the `agents` of paks.jsonc, and nobody else. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/text", "1.0.0");
  await project.registry.add("acme/pdf", "1.0.0");
});
const links = (name = "text") =>
  ["claude", "roo", "goose"].filter((tool) => existsSync(join(project.cwd, `.${tool}/skills`, name)));
const agents = async () => (await project.lock()).paks["text"]?.agents;
const workspace = (tools: readonly string[], paks = ["acme/text"]) =>
  project.write("paks.jsonc", JSON.stringify({ paks, agents: tools }));

test("a change of agents in paks.jsonc is followed, in both directions", async () => {
  await project.ok("install", "acme/text");
  await workspace(["claude-code", "roo"]);
  await project.ok("install");
  expect(links()).toEqual(["claude", "roo"]);
  await workspace(["goose", "roo"]);
  const run = await project.ok("install");
  expect(run.stdout).toContain(`no longer in ${join(".claude", "skills", "text")}`);
  expect(links()).toEqual(["roo", "goose"]);
  expect(await project.json("verify")).toMatchObject({ exit: 0 });
  await project.ok("remove", "text");
  expect(links()).toEqual([]);
});

test("what --agent said of a pak goes before paks.jsonc, and that is said", async () => {
  await project.ok("install", "acme/text", "--agent", "goose");
  await workspace(["claude-code", "roo"], ["acme/text", "acme/pdf"]);
  for (const command of ["install", "ci"]) {
    const run = await project.ok(command);
    expect(run.stderr).toContain("acme/text is for goose, as --agent said of it");
    expect(run.stderr).toContain("paks install acme/text --agent claude-code,roo");
    expect([links(), links("pdf")]).toEqual([["goose"], ["claude", "roo"]]);
  }
  expect((await project.ok("install", "acme/text", "--agent", "claude-code,roo")).stderr).not.toContain("is for");
  expect([links(), await agents()]).toEqual([
    ["claude", "roo"],
    ["claude-code", "roo"],
  ]);
  expect((await project.ok("install")).stderr).not.toContain("is for");
});

test("--agent says anew for whom a pak is: those left out lose their link, those of other paks do not", async () => {
  await project.ok("install", "acme/text", "acme/pdf", "--agent", "claude-code,goose");
  expect(await project.json("install", "acme/text", "--agent", "roo")).toMatchObject({
    installed: [{ folder: "text", unlinked: [expect.stringContaining("claude"), expect.stringContaining("goose")] }],
  });
  expect([links(), links("pdf"), await agents()]).toEqual([["roo"], ["claude", "goose"], ["roo"]]);
  await project.ok("install", "acme/text", "--agent", "goose", "--no-save");
  expect([links(), await agents()]).toEqual([["roo", "goose"], ["roo"]]);
});

test("a copy that was edited stays where it is, and is named", async () => {
  await project.ok("install", "acme/text", "--agent", "claude-code", "--copy");
  await writeFile(join(project.cwd, ".claude/skills/text/SKILL.md"), "mine\n");
  const run = await project.ok("install", "acme/text", "--agent", "roo");
  expect(run.stderr).toContain("is a copy that was edited: it stays");
  expect(links()).toEqual(["claude", "roo"]);
});

test("for all projects as well", async () => {
  await project.ok("install", "acme/text", "--global", "--agent", "claude-code,goose");
  await project.ok("install", "acme/text", "--global", "--agent", "claude-code");
  const at = (folder: string) => existsSync(join(project.home, folder, "text"));
  expect([at(".claude/skills"), at(".config/goose/skills")]).toEqual([true, false]);
});

test("what is only found on a machine takes nothing away", async () => {
  await project.ok("install", "acme/text", "--agent", "claude-code");
  await project.ok("install", "acme/text", "--agent", "*");
  expect(await agents()).toEqual([]);
  expect(links()).toEqual(["claude"]);
});

test("an agent of the lock that this machine does not know is told", async () => {
  await project.ok("install", "acme/text", "--agent", "claude-code");
  await project.editLock((paks) => {
    paks["text"]!["agents"] = ["claude-code", "nobodys"];
  });
  expect((await project.ok("ci")).stderr).toContain('paks.lock names the agent "nobodys"');
});
