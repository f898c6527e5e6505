import { lstat, mkdir, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { exists } from "../install/installed-state.ts";
import { makeLinks, removeLinks } from "../install/links.ts";
import { bookkeeping } from "../install/record.ts";
import { requireApart } from "../install/same-folder.ts";
import { type Project, makeProject } from "./testing/project.ts";

let project: Project;
const at = (...path: string[]) => join(project.cwd, ...path);
const skillText = () => readFile(project.skill("text", "SKILL.md"), "utf8");

beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/text", "1.0.0");
  await mkdir(join(project.home, ".claude"));
});

const addNewer = () => project.registry.add("acme/text", "2.0.0");

async function link(path: string, value: string) {
  await rm(path, { recursive: true, force: true });
  await mkdir(dirname(path), { recursive: true });
  await symlink(value, path, "dir");
}

/** Everything that a pak goes through, with the tool's folder as it is. */
async function expectWholeLife() {
  const listed = async () => (await project.json<{ installed: object[] }>("list")).installed;
  await project.ok("install");
  expect(await skillText()).toContain("# text 1.0.0");
  const [row] = await listed();
  expect(row).toMatchObject({ state: "intact", lock: "same", broken_links: [], edited_copies: [] });
  expect((row as { agents: string[] }).agents).toContain("claude-code");
  await project.ok("verify");
  await project.ok("ci");
  await addNewer();
  await project.ok("update", "text");
  expect(await skillText()).toContain("# text 2.0.0");
  expect(await listed()).toMatchObject([{ version: "2.0.0", state: "intact", lock: "same", broken_links: [] }]);
  await project.ok("rollback", "text");
  expect(await skillText()).toContain("# text 1.0.0");

  await writeFile(project.skill("text", "SKILL.md"), "mine\n");
  expect((await project.paks("update", "text")).exit).toBe(6);
  expect((await project.paks("remove", "text")).exit).toBe(6);
  expect(await skillText()).toBe("mine\n");
  const forced = await project.json<{ installed: { backups: string[] }[] }>("install", "acme/text", "--force");
  expect(await readFile(join(forced.installed[0]!.backups[0]!, "SKILL.md"), "utf8")).toBe("mine\n");
  expect(forced.installed[0]!.backups).toHaveLength(1);
  expect(await skillText()).toContain("# text 2.0.0");
  await project.ok("verify");
  await project.ok("remove", "text");
  expect(await exists(project.skill("text"))).toBe(false);
}

test("a tool's folder that becomes a link to the skills folder reads what is there", async () => {
  await mkdir(at(".claude"));
  await project.ok("install", "acme/text");
  await link(at(".claude/skills"), "../.agents/skills");
  expect((await project.ok("install", "acme/text")).stdout).not.toContain("no longer in");
  await expectWholeLife();
  expect((await lstat(at(".claude/skills"))).isSymbolicLink()).toBe(true);
});

test("the same with copies", async () => {
  await mkdir(at(".claude"));
  await project.ok("install", "acme/text", "--agent", "claude-code", "--copy");
  await link(at(".claude/skills"), "../.agents/skills");
  await expectWholeLife();
});

test.each(["there", "still to be made"])("a link from the start to a skills folder that is %s", async (when) => {
  if (when === "there") await mkdir(project.skill(), { recursive: true });
  await link(at(".claude/skills"), "../.agents/skills");
  const done = await project.ok("install", "acme/text");
  expect(done.stdout).toMatch(/read by .*Claude Code/);
  expect(done.stdout).not.toContain("linked from");
  await expectWholeLife();
});

test("the other way round: the skills folder is a link to the tool's own", async () => {
  await mkdir(at(".claude/skills"), { recursive: true });
  await link(at(".agents/skills"), "../.claude/skills");
  await project.ok("install", "acme/text");
  await expectWholeLife();
  expect(await exists(at(".claude/skills"))).toBe(true);
});

test("a folder above is the link", async () => {
  await mkdir(project.skill(), { recursive: true });
  await link(at(".claude"), ".agents");
  await project.ok("install", "acme/text");
  await expectWholeLife();
});

test("for all projects as well", async () => {
  await addNewer();
  await mkdir(join(project.home, ".agents", "skills"), { recursive: true });
  await link(join(project.home, ".claude", "skills"), "../.agents/skills");
  for (const version of ["1.0.0", "2.0.0"]) await project.ok("install", `acme/text@${version}`, "-g");
  expect(await readFile(join(project.home, ".claude/skills/text/SKILL.md"), "utf8")).toContain("# text 2.0.0");
  await project.ok("verify", "-g");
  await project.ok("remove", "text", "-g");
  expect(await exists(join(project.home, ".agents/skills/text"))).toBe(false);
});

test.each([[], ["--copy"]])(
  "a tool's folder that is a link to another tool's gets one link or copy %s",
  async (...copy) => {
    await addNewer();
    const both = ["--agent", "cursor-like,claude-code", ...copy];
    await project.ok("agent", "add", "cursor-like", "--project-dir", ".cursor-like/skills");
    await mkdir(at(".claude/skills"), { recursive: true });
    await link(at(".cursor-like/skills"), "../.claude/skills");
    for (const version of ["1.0.0", "^1.0.0", "2.0.0"]) await project.ok("install", `acme/text@${version}`, ...both);
    expect(await readFile(at(".cursor-like/skills/text/SKILL.md"), "utf8")).toContain("# text 2.0.0");
    const { installed } = await project.json<{ installed: object[] }>("list");
    const agents = expect.arrayContaining(["claude-code", "cursor-like"]);
    expect(installed).toMatchObject([{ state: "intact", broken_links: [], agents }]);
    await project.ok("remove", "text");
    expect(await readdir(at(".claude/skills"))).toEqual([]);
  },
);

test("two tools' folders that become one keep the link that is for both", async () => {
  await project.ok("agent", "add", "mine", "--project-dir", ".mine/skills");
  const both = ["--agent", "claude-code,mine"];
  await project.ok("install", "acme/text", ...both);
  await link(at(".mine/skills"), "../.claude/skills");
  const done = await project.ok("install", "acme/text", ...both);
  expect(done.stdout).not.toContain("no longer in");
  expect(await exists(at(".claude/skills/text"))).toBe(true);
  await project.ok("verify");
});

test("a tool's link that leads there by way of another tool's is one", async () => {
  await project.ok("agent", "add", "mine", "--project-dir", ".mine/skills");
  const both = ["--agent", "claude-code,mine"];
  await addNewer();
  await project.ok("install", "acme/text@1.0.0", ...both);
  await link(at(".claude/skills/text"), "../../.mine/skills/text");
  await project.ok("install", "acme/text@2.0.0", ...both);
  expect(await readFile(at(".claude/skills/text/SKILL.md"), "utf8")).toContain("# text 2.0.0");
  await project.ok("verify");
  await project.ok("remove", "text");
  for (const path of [".claude/skills/text", ".mine/skills/text"]) expect(await exists(at(path))).toBe(false);
});

test("what a killed install left is ended without touching the folder", async () => {
  await mkdir(at(".claude"));
  await project.ok("install", "acme/text@1.0.0");
  const { work, record } = bookkeeping(project.skill());
  const intent = {
    folder: "text",
    aside: join(work, "left", "old-0"),
    record: JSON.parse(await readFile(record("text"), "utf8")),
  };
  await mkdir(join(work, "left"), { recursive: true });
  await writeFile(join(work, "left", "intent.json"), JSON.stringify([intent]));
  await link(at(".claude/skills"), "../.agents/skills");
  await project.ok("install");
  expect(await skillText()).toContain("# text 1.0.0");
  expect(await exists(join(work, "left"))).toBe(false);
});

test("the last guard: the installed folder, what holds it and what lies in it are never deleted for a link", async () => {
  await project.ok("install", "acme/text");
  const to = project.skill("text");
  await link(at("other"), ".agents");
  for (const path of [to, project.skill(), at(".agents"), at("other/skills/text"), join(to, "scripts")])
    expect(() => requireApart(path, to), path).toThrow("one folder");
  expect(() => requireApart(at("other"), to)).not.toThrow();
  expect(() => requireApart(project.skill("text-b"), to)).not.toThrow();
  const linking = { to, force: true, backupOf: (path: string) => `${path}-kept` };
  await expect(makeLinks([{ target: "", path: project.skill() }], linking)).rejects.toMatchObject({
    code: "UNSAFE_TARGET",
  });
  await makeLinks([{ target: "", path: to }], linking);
  await removeLinks([to], { to });
  expect(await skillText()).toContain("# text");
});
