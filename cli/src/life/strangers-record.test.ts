import { cp, mkdir, readFile, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { exists } from "../install/installed-state.ts";
import { type Project, makeProject } from "./testing/project.ts";

/** A project with an install of its own, whose record then says what a stranger wrote. */
let project: Project;
const recordFile = () => project.skill(".paks", "pdf.json");
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.registry.add("acme/pdf", "1.1.0");
  await project.ok("install", "acme/pdf@1.0.0", "--agent", "universal");
});

async function nameLinks(...links: string[]): Promise<void> {
  const record = JSON.parse(await readFile(recordFile(), "utf8")) as object;
  await writeFile(recordFile(), JSON.stringify({ ...record, links }));
}

const sameBytes = (path: string) => cp(project.skill("pdf"), path, { recursive: true });

async function otherBytes(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await writeFile(join(path, "keep.txt"), "mine");
}

/** What a stranger would name, from the skills folder. */
const names = [
  "../../.git",
  "../../src",
  "../../src/pdf",
  "../../../beside",
  "../../.claude/skills/another",
  "../../.claude/skills/pdf/scripts",
  "../../.claude/skills",
  "../../.claude",
  "../../skills/acme/pdf",
  "another",
];

test.each(names)("%s in a record: nothing is removed or moved, with the same bytes or others", async (name) => {
  const path = join(project.skill(), name);
  for (const fill of [sameBytes, otherBytes]) {
    for (const flags of [[], ["--force"]]) {
      await mkdir(dirname(path), { recursive: true });
      if (!(await exists(path))) await fill(path);
      const before = (await readdir(path)).sort();
      await project.ok("install", "acme/pdf@1.0.0", "--agent", "universal");
      await nameLinks(name);
      const done = await project.ok("remove", "pdf", ...flags);
      expect((await readdir(path)).sort()).toEqual(before);
      expect(done.stderr).toContain(path);
      expect(await exists(project.skill("pdf"))).toBe(false);
    }
    await rename(path, join(project.home, `gone-${fill.name}`));
  }
});

test("an absolute path in a record is left alone, wherever it leads", async () => {
  for (const [index, path] of [join(project.home, "thesis"), join(project.cwd, "src")].entries()) {
    await sameBytes(path);
    await nameLinks(path);
    await project.ok("remove", "pdf", ...(index === 0 ? [] : ["--force"]));
    expect(await exists(join(path, "SKILL.md"))).toBe(true);
    await project.ok("install", "acme/pdf@1.0.0", "--agent", "universal");
  }
});

test("update, install and rollback leave alone what a record names", async () => {
  const path = join(project.cwd, "my-source");
  await sameBytes(path);
  const before = await readFile(join(path, "SKILL.md"), "utf8");
  await nameLinks("../../my-source");
  for (const line of [
    "install acme/pdf@^1",
    "update",
    "rollback pdf --force",
    "ci --force",
    "install --copy --force",
  ]) {
    await project.ok(...line.split(" "));
    expect(await readFile(join(path, "SKILL.md"), "utf8"), line).toBe(before);
  }
});

test("folders of a tool that lead elsewhere by a link: what lies there is no copy of ours", async () => {
  const lib = join(project.cwd, "lib");
  await mkdir(lib);
  await mkdir(join(project.cwd, ".claude"));
  await sameBytes(join(lib, "pdf"));
  await symlink("../lib", join(project.cwd, ".claude", "skills"));
  await nameLinks("../../.claude/skills/pdf");
  await project.ok("remove", "pdf", "--force");
  expect(await exists(project.skill("pdf"))).toBe(false);
  expect(await exists(join(lib, "pdf", "SKILL.md"))).toBe(true);
});

test("a tool's folder that leads to the skills folder holds no copy: edits are refused as the folder's own", async () => {
  await mkdir(join(project.cwd, ".claude"));
  await symlink("../.agents/skills", join(project.cwd, ".claude", "skills"));
  await nameLinks("../../.claude/skills/pdf");
  await writeFile(project.skill("pdf", "SKILL.md"), "mine");
  expect(await project.json("remove", "pdf")).toMatchObject({ error: { code: "LOCAL_CHANGES" } });
  const { removed } = await project.json<{ removed: { moved: { from: string }[] }[] }>("remove", "pdf", "--force");
  expect(removed[0]!.moved.map(({ from }) => from)).toEqual([project.skill("pdf")]);
});

test("a tool's folder that is a link to the skills folder needs no link of ours", async () => {
  await mkdir(join(project.cwd, ".claude"));
  await symlink("../.agents/skills", join(project.cwd, ".claude", "skills"));
  await project.ok("install", "acme/pdf", "--agent", "claude-code");
  expect(await exists(project.skill("pdf", "SKILL.md"))).toBe(true);
  await project.ok("update");
  await project.ok("remove", "pdf");
  expect(await exists(project.skill("pdf"))).toBe(false);
});

test("what an install without its record finds by the same bytes is no copy of ours where anything may lie", async () => {
  const source = join(project.cwd, "skills", "mine");
  await mkdir(source, { recursive: true });
  await writeFile(join(source, "SKILL.md"), "---\nname: mine\ndescription: Of this project's own.\n---\nMine.\n");
  await project.ok("install", "./skills/mine", "--agent", "universal");
  // As in a clone whose .gitignore has `.paks/`.
  await rm(project.skill(".paks"), { recursive: true });
  await project.ok("install");
  await project.ok("remove", "mine");
  expect(await exists(project.skill("mine"))).toBe(false);
  expect(await exists(join(source, "SKILL.md"))).toBe(true);
});

test("links and copies that paks made go as before, those of the user's own tools and variables included", async () => {
  const config = join(project.home, ".config", "paks", "config.toml");
  await mkdir(dirname(config), { recursive: true });
  await writeFile(config, '[agents.mine]\nskills_dir = "~/my/skills"\nproject_dir = "tools/skills"\n');
  const elsewhere = join(project.home, "..", "claude-home");
  Object.assign(project.options.environment!, { CLAUDE_CONFIG_DIR: elsewhere });
  await project.ok("remove", "pdf");
  for (const copy of [[], ["--copy"]]) {
    await project.ok("install", "acme/pdf", "--agent", "mine,claude-code", ...copy);
    const links = ["tools/skills/pdf", ".claude/skills/pdf"].map((path) => join(project.cwd, path));
    for (const path of links) expect(await exists(path)).toBe(true);
    expect((await project.ok("remove", "pdf")).stderr).toBe("");
    for (const path of links) expect(await exists(path)).toBe(false);

    await project.ok("install", "acme/pdf", "-g", "--agent", "mine,claude-code,stakpak", ...copy);
    const own = [
      join(elsewhere, "skills/pdf"),
      join(project.home, "my/skills/pdf"),
      join(project.home, ".stakpak/skills/acme/pdf"),
    ];
    for (const path of own) expect(await exists(path)).toBe(true);
    expect((await project.ok("remove", "pdf", "-g")).stderr).toBe("");
    for (const path of own) expect(await exists(path)).toBe(false);
  }
});

test("a link of all projects goes with its pak also when the variable that named its tool's folder is not set", async () => {
  const environment = project.options.environment!;
  const elsewhere = join(project.home, "..", "claude-home");
  for (const [variable, tool] of [
    ["CLAUDE_CONFIG_DIR", "claude-code"],
    ["HERMES_HOME", "hermes-agent"],
  ] as const) {
    Object.assign(environment, { [variable]: elsewhere });
    await project.ok("install", "acme/pdf", "-g", "--agent", tool);
    delete (environment as Record<string, string>)[variable];
    const { installed } = await project.json<{ installed: { links: string[] }[] }>("list", "-g");
    const [link] = installed[0]!.links;
    expect(link).toContain(elsewhere);
    expect((await project.ok("list", "-g")).stderr).toBe("");
    expect((await project.ok("remove", "pdf", "-g")).stderr).toBe("");
    expect(await exists(link!)).toBe(false);
  }
});

test("what a record of all projects names, and is no link to its pak, stays, and is told how to be got rid of", async () => {
  const elsewhere = join(project.home, "..", "claude-home");
  const copy = join(elsewhere, "skills", "pdf");
  Object.assign(project.options.environment!, { CLAUDE_CONFIG_DIR: elsewhere });
  await project.ok("install", "acme/pdf", "-g", "--agent", "claude-code", "--copy");
  delete (project.options.environment as Record<string, string>)["CLAUDE_CONFIG_DIR"];
  const { stderr } = await project.ok("remove", "pdf", "-g");
  expect(stderr).toContain(`names ${copy}`);
  expect(stderr).toContain("such as CLAUDE_CONFIG_DIR");
  expect(stderr).toContain("delete it yourself");
  expect(await exists(join(copy, "SKILL.md"))).toBe(true);
});

test("a link that a project's record names outside the tools' folders stays, also when it leads to the pak", async () => {
  const path = join(project.cwd, "src-pdf");
  await symlink(".agents/skills/pdf", path);
  await nameLinks("../../src-pdf");
  expect((await project.ok("remove", "pdf")).stderr).toContain("delete it yourself");
  expect(await exists(path)).toBe(true);
});

test("what --force moves away is named with where it was and where it is", async () => {
  await project.ok("install", "acme/pdf@1.0.0", "--agent", "claude-code", "--copy");
  const copy = join(project.cwd, ".claude", "skills", "pdf");
  await writeFile(join(copy, "SKILL.md"), "mine");
  const text = await project.ok("install", "acme/pdf@1.1.0", "--force");
  expect(text.stdout).toMatch(/what was at \.claude\/skills\/pdf is kept at \.agents\/.*backups\/pdf-/);
  await writeFile(join(copy, "SKILL.md"), "mine");
  const { removed } = await project.json<{ removed: { moved: { from: string; to: string }[] }[] }>(
    "remove",
    "pdf",
    "--force",
  );
  expect(removed[0]!.moved).toHaveLength(1);
  expect(removed[0]!.moved[0]!.from).toBe(copy);
  expect(await readFile(join(removed[0]!.moved[0]!.to, "SKILL.md"), "utf8")).toBe("mine");
});
