import { existsSync, lstatSync } from "node:fs";
import { mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

/** What is there because others need it is there for the tools of all of them, and only who names a pak takes tools from it. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  for (const version of ["1.0.0", "1.1.0"])
    await registry.add("acme/text", version, { files: { "notes.md": `${version}\n` } });
  await registry.add("acme/mid", "1.0.0", { dependencies: { "acme/text": "^1" } });
  await registry.add("acme/csv", "1.0.0", { dependencies: { "acme/mid": "^1" } });
  await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1" } });
  await registry.add("acme/newer", "1.0.0", { dependencies: { "acme/text": "^1.1" } });
  await registry.add("acme/alone", "1.0.0");
});
const tools = ["claude", "roo", "windsurf", "goose"];
const links = (name = "text") => tools.filter((tool) => existsSync(join(project.cwd, `.${tool}/skills`, name)));
const agents = async (name = "text") => (await project.lock()).paks[name]?.agents;
const everywhere = { claude: ".claude", roo: ".roo", windsurf: ".codeium/windsurf", goose: ".config/goose" };
const globalLinks = (name = "text") =>
  Object.entries(everywhere).flatMap(([tool, folder]) =>
    existsSync(join(project.home, folder, "skills", name)) ? [tool] : [],
  );
/** As a colleague has it, with nothing but what the project's files say. */
const cloned = async (...command: string[]) => {
  for (const folder of [".agents", ...tools.map((tool) => `.${tool}`)])
    await rm(join(project.cwd, folder), { recursive: true, force: true });
  await project.ok(...command);
};

test("a dependency is for the tools of all that need it, at once and wherever the lock is installed", async () => {
  await project.ok("install", "acme/csv", "--agent", "claude-code,roo");
  const run = await project.ok("install", "acme/pdf", "--agent", "windsurf");
  expect(run.stdout).not.toContain("no longer in");
  const all = [links("csv"), links("mid"), links("text"), links("pdf")];
  expect(all).toEqual([["claude", "roo"], ["claude", "roo"], ["claude", "roo", "windsurf"], ["windsurf"]]);
  expect([await agents("csv"), await agents("mid"), await agents(), await agents("pdf")]).toEqual([
    ["claude-code", "roo"],
    [],
    [],
    ["windsurf"],
  ]);
  await project.ok("install", "--frozen");
  for (const command of [["install"], ["ci"], ["install", "--frozen"], ["update"]]) {
    await cloned(...command);
    expect([links("csv"), links("mid"), links("text"), links("pdf")], command.join(" ")).toEqual(all);
  }
  expect(await project.json("verify")).toMatchObject({ exit: 0 });
});

test("one of those that need it is for the tools that are found: so is the dependency, with the named ones", async () => {
  await mkdir(join(project.cwd, ".roo"));
  await project.ok("install", "acme/csv");
  await project.ok("install", "acme/pdf", "--agent", "windsurf");
  expect([links("csv"), links("text"), links("pdf")]).toEqual([["roo"], ["roo", "windsurf"], ["windsurf"]]);
  await rm(join(project.cwd, ".windsurf"), { recursive: true });
  await project.ok("ci");
  expect(links()).toEqual(["roo", "windsurf"]);
  await project.write("paks.jsonc", JSON.stringify({ paks: ["acme/csv", "acme/pdf"], agents: ["goose"] }));
  await project.ok("install");
  expect([links("csv"), links("text"), links("pdf")]).toEqual([["goose"], ["windsurf", "goose"], ["windsurf"]]);
});

test("what is needed and asked for itself has its own tools and those of what needs it", async () => {
  await project.ok("install", "acme/csv", "--agent", "claude-code");
  await project.ok("install", "acme/text", "--agent", "roo,goose");
  expect([links(), await agents()]).toEqual([
    ["claude", "roo", "goose"],
    ["goose", "roo"],
  ]);
  const run = await project.ok("install", "acme/text", "--agent", "roo");
  expect(run.stdout).toContain(`no longer in ${join(".goose", "skills", "text")}`);
  expect([links(), await agents()]).toEqual([["claude", "roo"], ["roo"]]);
  await project.ok("install", "--frozen");
  await cloned("ci");
  expect(links()).toEqual(["claude", "roo"]);
});

test("a command that does not name a pak takes no tool from it; the next plain install does what all of them said", async () => {
  await project.ok("install", "acme/csv", "--agent", "claude-code,roo");
  await project.ok("install", "acme/pdf", "acme/alone", "--agent", "roo");
  await project.ok("install", "acme/csv", "--agent", "claude-code");
  expect([links("csv"), links()]).toEqual([["claude"], ["claude", "roo"]]);
  await project.ok("remove", "pdf");
  expect(links()).toEqual(["claude", "roo"]);
  await project.ok("ci");
  expect(links()).toEqual(["claude", "roo"]);
  await project.ok("install");
  expect([links(), links("mid"), links("alone")]).toEqual([["claude"], ["claude"], ["roo"]]);
});

test("who is no longer asked for and stays as a dependency has no tools of its own any more", async () => {
  await project.ok("install", "acme/text", "--agent", "goose");
  await project.ok("install", "acme/pdf", "--agent", "roo");
  await project.ok("remove", "text");
  expect(await agents()).toEqual([]);
  await project.ok("install");
  expect(links()).toEqual(["roo"]);
});

test("tools that a lock of an earlier version has for a mere dependency stay there and are not heeded", async () => {
  await project.ok("install", "acme/pdf", "--agent", "windsurf");
  await project.editLock((paks) => {
    paks["text"]!["agents"] = ["claude-code", "nobodys"];
  });
  const run = await project.ok("install", "--frozen");
  expect([run.stderr.includes("nobodys"), links(), await agents()]).toEqual([
    false,
    ["windsurf"],
    ["claude-code", "nobodys"],
  ]);
  await project.ok("install", "acme/text");
  expect(await agents()).toEqual([]);
});

test("what is only tried adds its tools and takes none", async () => {
  await project.ok("install", "acme/csv", "--agent", "claude-code");
  const before = await project.read("paks.lock");
  await project.ok("install", "acme/pdf", "--agent", "roo", "--no-save");
  expect([links(), links("mid")]).toEqual([["claude", "roo"], ["claude"]]);
  expect(await project.read("paks.lock")).toBe(before);
});

test("paks that depend on each other are for the tools of both", async () => {
  await project.registry.add("acme/one", "1.0.0", { dependencies: { "acme/two": "*" } });
  await project.registry.add("acme/two", "1.0.0", { dependencies: { "acme/one": "*" } });
  await project.ok("install", "acme/one", "--agent", "roo");
  await project.ok("install", "acme/two", "--agent", "goose");
  expect([links("one"), links("two")]).toEqual([
    ["roo", "goose"],
    ["roo", "goose"],
  ]);
});

test("list names the tools that read .agents/skills themselves for the dependency too", async () => {
  await project.ok("install", "acme/pdf", "--agent", "cursor");
  const { installed } = await project.json<{ installed: { folder: string; agents: string[] }[] }>("list");
  expect(installed.map(({ folder, agents: ids }) => [folder, ids])).toEqual([
    ["pdf", ["cursor"]],
    ["text", ["cursor"]],
  ]);
});

test("for all projects: what a pak needs gains the tools of the command and keeps those that it has", async () => {
  await project.ok("install", "-g", "acme/csv", "--agent", "claude-code");
  const run = await project.ok("install", "-g", "acme/pdf", "--agent", "roo");
  expect(run.stdout).not.toContain("no longer in");
  expect([globalLinks("csv"), globalLinks(), globalLinks("pdf")]).toEqual([["claude"], ["claude", "roo"], ["roo"]]);
  await project.ok("install", "-g", "acme/csv", "--agent", "goose");
  expect([globalLinks("csv"), globalLinks("mid")]).toEqual([["goose"], ["claude", "goose"]]);
  expect(globalLinks()).toEqual(["claude", "roo", "goose"]);
});

test("copies that a command does not mean stay copies, and follow to the next version", async () => {
  await project.ok("install", "-g", "acme/text@1.0.0", "--agent", "claude-code,goose", "--copy");
  await project.ok("install", "-g", "acme/newer", "--agent", "claude-code,roo");
  const at = (folder: string) => join(project.home, folder, "skills/text");
  expect(globalLinks()).toEqual(["claude", "roo", "goose"]);
  expect([".claude", ".config/goose", ".roo"].map((folder) => lstatSync(at(folder)).isSymbolicLink())).toEqual([
    false,
    false,
    true,
  ]);
  for (const folder of [".claude", ".config/goose", ".roo"])
    expect(await readFile(join(at(folder), "notes.md"), "utf8")).toBe("1.1.0\n");
  const { installed } = await project.json<{ installed: { folder: string; state: string; edited_copies: string[] }[] }>(
    "list",
    "-g",
  );
  expect(installed.find(({ folder }) => folder === "text")).toMatchObject({ state: "intact", edited_copies: [] });
});

test("for all projects: an update keeps copies, and naming pak and tool makes links of them", async () => {
  await project.ok("install", "-g", "acme/text@1.0.0", "--agent", "claude-code", "--copy");
  const isLink = () => lstatSync(join(project.home, ".claude/skills/text")).isSymbolicLink();
  await project.ok("install", "-g", "acme/text@1.1.0");
  expect(isLink()).toBe(false);
  expect(await readFile(join(project.home, ".claude/skills/text/notes.md"), "utf8")).toBe("1.1.0\n");
  await project.ok("install", "-g", "acme/text@1.1.0", "--agent", "claude-code");
  expect(isLink()).toBe(true);
});

test("for all projects: who names a dependency takes it from no tool in which another pak needs it", async () => {
  await project.ok("install", "-g", "acme/csv", "--agent", "claude-code");
  await project.ok("install", "-g", "acme/text", "--agent", "claude-code,roo");
  const run = await project.ok("install", "-g", "acme/text", "--agent", "goose");
  expect(run.stderr).toContain(`${join(project.home, ".claude/skills/text")} stays: mid needs text there.`);
  expect([globalLinks(), globalLinks("mid")]).toEqual([["claude", "goose"], ["claude"]]);
  await project.ok("install", "-g", "acme/csv", "acme/mid", "acme/text", "--agent", "roo");
  expect([globalLinks(), globalLinks("mid"), globalLinks("csv")]).toEqual([["roo"], ["roo"], ["roo"]]);
});
