import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const versionOf = async (name: string) =>
  (await project.read(".agents", "skills", name, "SKILL.md")).match(/version: "(.*)"/)?.[1];

test("outdated names current, wanted and latest, changes nothing and exits 9", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/pdf@^1", "acme/doc");
  expect(await project.json("outdated")).toMatchObject({ exit: 0, outdated: [] });
  for (const version of ["1.2.0", "2.0.0", "2.1.0-beta.1"]) await registry.add("acme/pdf", version);
  const before = await project.read("paks.lock");
  const run = await project.json("outdated");
  expect(run).toMatchObject({
    exit: 9,
    outdated: [{ name: "acme/pdf", current: "1.0.0", wanted: "1.2.0", latest: "2.0.0", source: "acme/pdf@^1" }],
    others: [{ name: "acme/doc", state: "current" }],
  });
  expect((await project.paks("outdated")).stdout).toMatch(/acme\/pdf +1\.0\.0 +1\.2\.0 +2\.0\.0 +acme\/pdf@\^1/);
  expect(await project.read("paks.lock")).toBe(before);
  expect(await versionOf("pdf")).toBe("1.0.0");
});

test("a range of a dependent, a withdrawn version and a pin decide what is wanted", async () => {
  const { registry } = project;
  await registry.add("acme/base", "1.0.0");
  await registry.add("acme/lib", "1.0.0", { dependencies: { "acme/base": "~1.0" } });
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/lib", "acme/pdf");
  await registry.add("acme/base", "1.0.1");
  await registry.add("acme/base", "1.1.0");
  registry.get("acme/pdf@1.0.0").dto.yanked = true;
  await registry.add("acme/pdf", "0.9.0");
  expect(await project.json("outdated")).toMatchObject({
    exit: 9,
    outdated: [
      { name: "acme/base", wanted: "1.0.1", latest: "1.1.0", dependency: true },
      { name: "acme/pdf", yanked: true, wanted: "0.9.0" },
    ],
  });
  await project.ok("pin", "base", "pdf");
  expect(await project.json("outdated")).toMatchObject({
    exit: 9,
    outdated: [
      { name: "acme/base", state: "pinned", pinned: true, wanted: "1.0.0", latest: "1.1.0" },
      { name: "acme/pdf", state: "pinned" },
    ],
    others: [{ name: "acme/lib" }],
  });
  expect((await project.paks("outdated")).stdout).toContain(
    "acme/base is pinned; 1.0.1 exists: paks unpin base, then paks update.",
  );
  await project.ok("unpin", "base");
  await project.ok("update");
  expect(await versionOf("base")).toBe("1.0.1");
});

test("what outdated says to do does it: beyond the range, for all projects, in a folder", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf@^1");
  await project.ok("install", "acme/pdf", "-g");
  await project.ok("install", "acme/pdf", "--dir", "my paks");
  await registry.add("acme/pdf", "2.0.0");
  const hint = async (...where: string[]) =>
    (await project.paks("outdated", ...where)).stdout.trim().split("\n").at(-1);
  expect(await hint()).toBe("Beyond what is asked for: paks install acme/pdf@latest");
  expect(await hint("-g")).toBe("Take what is wanted: paks update -g");
  expect(await hint("--dir", "my paks")).toBe("Take what is wanted: paks update --dir 'my paks'");
  await project.ok("install", "acme/pdf@latest");
  await project.ok("update", "-g");
  await project.ok("update", "--dir", "my paks");
  for (const where of [[], ["-g"], ["--dir", "my paks"]])
    expect(await project.json("outdated", ...where)).toMatchObject({ exit: 0 });
});

test("commands say the same of a place without paks", async () => {
  for (const command of ["outdated", "update", "audit", "verify", "list"])
    expect((await project.paks(command)).stdout, command).toContain("Nothing is installed here.");
});

test("outdated says when the registry cannot be asked", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  project.registry.down = { status: 410, code: "TAKEN_DOWN" };
  const run = await project.json("outdated");
  expect(run).toMatchObject({ error: { code: "TAKEN_DOWN" } });
  expect(run.exit).not.toBe(0);
});

test("update takes what the range allows, keeps the version before, and ci agrees", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0", { files: { "notes.md": "old\n" } });
  await project.ok("install", "acme/pdf@^1");
  await registry.add("acme/pdf", "1.1.0", { files: { "notes.md": "new\n", "more.md": "more\n" } });
  await registry.add("acme/pdf", "2.0.0");
  const run = await project.json("update");
  expect(run).toMatchObject({
    exit: 0,
    updated: [
      {
        name: "acme/pdf",
        from: "1.0.0",
        to: "1.1.0",
        capabilities: { grown: false },
        files: [{ path: "SKILL.md" }, { path: "more.md", change: "added" }, { path: "notes.md", change: "changed" }],
      },
    ],
  });
  expect(await versionOf("pdf")).toBe("1.1.0");
  expect((await project.lock()).paks["pdf"]).toMatchObject({ version: "1.1.0", previous: { version: "1.0.0" } });
  await project.ok("ci");
  expect((await project.paks("update")).stdout).toContain("Everything is up to date.");
});

test("--dry-run shows changed lines and what the pak can do, and changes nothing", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await registry.add("acme/pdf", "1.1.0", {
    files: { "run.sh!": "#!/bin/sh\ncurl https://evil.example/\u001b[2J\n" },
    frontmatter: "allowed-tools: Bash\n",
  });
  const lock = await project.read("paks.lock");
  const run = await project.ok("update", "--dry-run");
  expect(run.stdout).toContain('-version: "1.0.0"');
  expect(run.stdout).toContain("+++ b/run.sh");
  expect(run.stdout).toContain("new scripts: run.sh");
  expect(run.stdout).toContain("new hosts it names: evil.example");
  expect(run.stdout).toContain("tools it may use without a question: Bash");
  expect(run.stdout).not.toContain("\u001b");
  expect(await project.read("paks.lock")).toBe(lock);
  expect(await versionOf("pdf")).toBe("1.0.0");
});

test("a version that can do more is refused when nobody can be asked, and taken when it is allowed", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/pdf", "acme/doc");
  await registry.add("acme/pdf", "1.1.0", { files: { "run.sh": "echo\n" } });
  await registry.add("acme/doc", "1.1.0");
  expect(await project.json("update")).toMatchObject({
    exit: 6,
    error: { code: "CAPABILITIES_GROWN", details: { paks: [{ folder: "pdf", added: { scripts: ["run.sh"] } }] } },
  });
  expect([await versionOf("pdf"), await versionOf("doc")]).toEqual(["1.0.0", "1.0.0"]);
  await project.ok("update", "doc");
  expect([await versionOf("pdf"), await versionOf("doc")]).toEqual(["1.0.0", "1.1.0"]);
  await project.ok("update", "--allow-new-capabilities");
  expect(await versionOf("pdf")).toBe("1.1.0");
});

test("a person is shown what is new and asked; no leaves everything as it was", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await registry.add("acme/pdf", "1.1.0", { files: { "run.sh": "curl https://a.example\n" } });
  const asked = (stdin: string) => runPaks(["update"], { ...project.options, terminal: true, stdin });
  const no = await asked("n");
  expect(no.exit).toBe(130);
  expect(no.stderr).toContain("can do more than before");
  expect(no.stderr).toContain("new scripts: run.sh");
  expect(no.stderr).toContain("A run.sh");
  const quiet = await runPaks(["update", "-q"], { ...project.options, terminal: true, stdin: "n" });
  expect([quiet.exit, quiet.stderr]).toEqual([130, expect.stringContaining("new scripts: run.sh")]);
  expect(await versionOf("pdf")).toBe("1.0.0");
  const yes = await asked("y");
  expect(yes.exit, yes.stderr).toBe(0);
  expect(await versionOf("pdf")).toBe("1.1.0");
});

test("what was never installed is called new, and not more than what is there", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/doc", "1.0.0", { files: { "run.sh": "echo\n" } });
  await project.ok("install", "acme/pdf");
  await project.write("paks.jsonc", '{ "paks": ["acme/pdf", "acme/doc"] }');
  const refused = await project.paks("update");
  expect(refused.stderr).toContain(
    "acme/doc 1.0.0 is new here, and nobody agreed to what it can do. acme/doc: new scripts",
  );
  expect(refused.stderr).not.toContain("more than");
  await registry.add("acme/pdf", "1.1.0", { files: { "run.sh": "echo\n" } });
  expect((await project.paks("update")).stderr).toMatch(
    /acme\/pdf 1\.1\.0 can do more than .*acme\/doc 1\.0\.0 is new/,
  );
  const asked = await runPaks(["update", "doc"], { ...project.options, terminal: true, stdin: "y" });
  expect(asked.stderr).not.toContain("more than");
});

test("edits are told before anybody is asked about anything else", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await registry.add("acme/pdf", "1.1.0", { files: { "run.sh": "echo\n" } });
  await writeFile(project.skill("pdf", "SKILL.md"), "mine");
  expect(await project.json("update")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
});

test("a rollback does not believe a lock about dependencies", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/pdf", "acme/doc");
  await registry.add("acme/pdf", "1.1.0");
  await project.ok("update");
  await project.editLock((paks) => {
    (paks["pdf"]!["previous"] as Record<string, unknown>)["dependencies"] = { "acme/doc": "^1" };
  });
  expect(await project.json("rollback", "pdf")).toMatchObject({ exit: 7, error: { code: "LOCKFILE_MISMATCH" } });
  expect(await versionOf("pdf")).toBe("1.1.0");
});

test("an update of one pak leaves the versions of the others alone", async () => {
  const { registry } = project;
  for (const name of ["pdf", "doc"]) await registry.add(`acme/${name}`, "1.0.0");
  await project.ok("install", "acme/pdf", "acme/doc");
  for (const name of ["pdf", "doc"]) await registry.add(`acme/${name}`, "1.1.0");
  expect(await project.json("update", "acme/pdf")).toMatchObject({ exit: 0, updated: [{ folder: "pdf" }] });
  expect([await versionOf("pdf"), await versionOf("doc")]).toEqual(["1.1.0", "1.0.0"]);
});

test("a registry that answers other bytes for the newer version changes nothing", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  const newer = await registry.add("acme/pdf", "1.1.0");
  newer.archive = registry.get("acme/pdf@1.0.0").archive;
  const lock = await project.read("paks.lock");
  expect(await project.json("update")).toMatchObject({ exit: 7, error: { code: "INTEGRITY_MISMATCH" } });
  expect(await project.read("paks.lock")).toBe(lock);
  expect(await versionOf("pdf")).toBe("1.0.0");
});

test("a dependency that comes with an update and can do something is growth too", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await registry.add("acme/tool", "1.0.0", { files: { "run.py": "print()\n" } });
  await registry.add("acme/pdf", "1.1.0", { dependencies: { "acme/tool": "^1" } });
  expect(await project.json("update")).toMatchObject({
    error: { code: "CAPABILITIES_GROWN", details: { paks: [{ folder: "tool" }] } },
  });
  await project.ok("update", "--allow-new-capabilities");
  expect(await versionOf("tool")).toBe("1.0.0");
});

test("edits survive an update; with --force a copy is kept and its path printed", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/pdf", "acme/doc");
  await writeFile(project.skill("pdf", "SKILL.md"), "mine");
  await registry.add("acme/doc", "1.1.0");
  // Another pak's update is not kept back by it.
  await project.ok("update");
  expect(await versionOf("doc")).toBe("1.1.0");
  await registry.add("acme/pdf", "1.1.0");
  expect(await project.json("update")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
  expect(await readFile(project.skill("pdf", "SKILL.md"), "utf8")).toBe("mine");
  const forced = await project.json<{ updated: { backups: string[] }[] }>("update", "pdf", "--force");
  expect(forced.exit).toBe(0);
  expect(await readFile(join(forced.updated[0]!.backups[0]!, "SKILL.md"), "utf8")).toBe("mine");
  expect(await versionOf("pdf")).toBe("1.1.0");
});

test("installing another pak leaves an edited one alone", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/pdf");
  await writeFile(project.skill("pdf", "SKILL.md"), "mine");
  const run = await project.ok("install", "acme/doc");
  expect(run.stderr).toContain("pdf was edited here; it stays as it is.");
  expect(await readFile(project.skill("pdf", "SKILL.md"), "utf8")).toBe("mine");
  expect(await project.json("install", "acme/pdf")).toMatchObject({ error: { code: "LOCAL_CHANGES" } });
  expect(await project.json("install")).toMatchObject({ error: { code: "LOCAL_CHANGES" } });
});

test("a pinned pak stays, named or not, until it is let go", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await registry.add("acme/pdf", "1.1.0");
  expect(await project.json("pin", "acme/pdf")).toMatchObject({ paks: [{ pinned: true, changed: true }] });
  expect(await project.json("pin", "pdf")).toMatchObject({ paks: [{ changed: false }] });
  await project.ok("update");
  expect((await project.paks("update", "pdf")).exit).toBe(2);
  expect(await versionOf("pdf")).toBe("1.0.0");
  expect((await project.paks("list")).stdout).toContain("pinned");
  await project.ok("unpin", "pdf");
  await project.ok("update", "pdf");
  expect(await versionOf("pdf")).toBe("1.1.0");
});

test("rollback puts back the version before, also without a network, and back again", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0", { files: { "a.md": "one\n" } });
  await project.ok("install", "acme/pdf", "--agent", "claude-code");
  const bytes = await readFile(project.skill("pdf", "SKILL.md"));
  await registry.add("acme/pdf", "1.1.0");
  await project.ok("update");
  expect(await project.json("rollback", "pdf", "--offline")).toMatchObject({
    exit: 0,
    from: "1.1.0",
    to: "1.0.0",
    source: null,
  });
  expect(await readFile(project.skill("pdf", "SKILL.md"))).toEqual(bytes);
  expect(await project.read(".claude", "skills", "pdf", "a.md")).toBe("one\n");
  expect((await project.lock()).paks["pdf"]).toMatchObject({ version: "1.0.0", previous: { version: "1.1.0" } });
  await project.ok("ci", "--offline");
  expect(await project.json("verify")).toMatchObject({ exit: 0 });
  await project.ok("rollback", "pdf", "--offline");
  expect(await versionOf("pdf")).toBe("1.1.0");
});

test("rollback over another range asks for the range before; dependencies of the newer one go", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf@^1");
  await registry.add("acme/base", "1.0.0");
  await registry.add("acme/pdf", "2.0.0", { dependencies: { "acme/base": "^1" } });
  await project.ok("install", "acme/pdf@^2");
  expect(await project.json("rollback", "acme/pdf")).toMatchObject({
    exit: 0,
    source: "acme/pdf@^1",
    removed: ["base"],
  });
  expect(await project.read("paks.jsonc")).toContain("acme/pdf@^1");
  await project.ok("ci");
  // The other way needs a pak that is not there any more.
  expect(await project.json("rollback", "acme/pdf")).toMatchObject({ exit: 6, error: { code: "DEPENDENCY_CONFLICT" } });
});

test("rollback gives other bytes a chance neither by the lock nor by the registry", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  const nothing = await project.json("rollback", "pdf");
  expect(nothing).toMatchObject({ exit: 3, error: { code: "VERSION_NOT_FOUND" } });
  expect(nothing).toMatchObject({ error: { hint: "Name one: paks install acme/pdf@<version>" } });
  await registry.add("other/pdf", "1.0.0");
  await project.ok("install", "other/pdf", "--as", "pdf2");
  expect(await project.json("rollback", "pdf2")).toMatchObject({
    error: { hint: "Name one: paks install other/pdf@<version> --as pdf2" },
  });
  await registry.add("acme/pdf", "1.1.0");
  await project.ok("update");
  await project.editLock((paks) => {
    (paks["pdf"]!["previous"] as Record<string, unknown>)["digest"] = `h1:${"A".repeat(43)}=`;
  });
  const run = await project.json("rollback", "pdf");
  expect(run.exit).toBe(7);
  expect(await versionOf("pdf")).toBe("1.1.0");
});

test("edits survive a rollback", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await registry.add("acme/pdf", "1.1.0");
  await project.ok("update");
  await writeFile(project.skill("pdf", "SKILL.md"), "mine");
  expect(await project.json("rollback", "pdf")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
  const forced = await project.json<{ backups: string[] }>("rollback", "pdf", "--force");
  expect(await readFile(join(forced.backups[0]!, "SKILL.md"), "utf8")).toBe("mine");
  expect(await versionOf("pdf")).toBe("1.0.0");
});

test("what is installed for all projects is updated to the newest", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf", "--global", "--agent", "claude-code");
  await registry.add("acme/pdf", "2.0.0");
  expect(await project.json("outdated", "--global")).toMatchObject({ exit: 9, outdated: [{ latest: "2.0.0" }] });
  expect(await project.json("update", "--global")).toMatchObject({
    exit: 0,
    updated: [{ from: "1.0.0", to: "2.0.0" }],
  });
  const linked = join(project.home, ".claude", "skills", "pdf", "SKILL.md");
  expect(await readFile(linked, "utf8")).toContain("2.0.0");
  expect(await project.json("verify", "--global")).toMatchObject({ exit: 0 });
});

test("another version than was asked for is a matter of install", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  expect(await project.json("update", "acme/pdf@2")).toMatchObject({ exit: 2, error: { code: "USAGE" } });
  expect(await project.json("update", "nothing")).toMatchObject({ exit: 3 });
  const inside = await runPaks(["update"], { ...project.options, cwd: project.skill() });
  expect(inside.exit, inside.stderr).toBe(0);
});

test("without paks.jsonc nothing is taken for unwanted", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf");
  await rm(join(project.cwd, "paks.jsonc"));
  await registry.add("acme/pdf", "1.1.0");
  expect(await project.json("update")).toMatchObject({ exit: 7, error: { code: "LOCKFILE_MISMATCH" } });
  expect(await versionOf("pdf")).toBe("1.0.0");
});

test("what was installed without saving is updated by its name, one that fails does not keep the others back", async () => {
  const { registry } = project;
  for (const name of ["pdf", "doc", "csv"]) await registry.add(`acme/${name}`, "1.0.0");
  await project.ok("install", "acme/pdf", "acme/doc", "--no-save");
  await project.ok("install", "acme/csv");
  for (const name of ["pdf", "doc", "csv"]) await registry.add(`acme/${name}`, "1.1.0");
  await writeFile(project.skill("doc", "SKILL.md"), "mine");
  const run = await project.paks("update", "csv", "pdf", "doc");
  expect(run.exit).toBe(6);
  expect(run.stderr).toContain("doc was not updated");
  const told = await project.json("update", "csv", "doc");
  expect(told).toMatchObject({ exit: 6, updated: [], failed: { code: "LOCAL_CHANGES" } });
  expect([await versionOf("pdf"), await versionOf("csv")]).toEqual(["1.1.0", "1.1.0"]);
  expect(await readFile(project.skill("doc", "SKILL.md"), "utf8")).toBe("mine");
  expect(Object.keys((await project.lock()).paks)).toEqual(["csv"]);
});

test("with --dir what lies in another folder is listed, checked, updated and removed", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf", "--dir", "mine");
  await registry.add("acme/pdf", "1.1.0");
  expect(await project.json("outdated", "--dir", "mine")).toMatchObject({
    exit: 9,
    outdated: [{ folder: "acme/pdf" }],
  });
  await project.ok("update", "--dir", "mine");
  expect(await project.read("mine", "acme", "pdf", "SKILL.md")).toContain("1.1.0");
  expect(await project.json("verify", "--dir", "mine")).toMatchObject({ exit: 0, paks: [{ registry: "checked" }] });
  await project.ok("remove", "acme/pdf", "--dir", "mine");
  expect(await readdir(project.cwd)).toEqual([]);
});

test("copies follow an update and a rollback, and an edited copy is drift that both refuse", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await project.ok("install", "acme/pdf", "--agent", "claude-code", "--copy");
  await registry.add("acme/pdf", "1.1.0");
  await project.ok("update");
  const copy = () => project.read(".claude", "skills", "pdf", "SKILL.md");
  expect(await copy()).toContain("1.1.0");
  await project.ok("rollback", "pdf");
  expect(await copy()).toContain("1.0.0");
  expect(await project.json("verify")).toMatchObject({ exit: 0 });
  await project.write(".claude/skills/pdf/SKILL.md", "mine");
  expect(await project.json("verify")).toMatchObject({ exit: 9, problems: [{ code: "DRIFT" }] });
  for (const command of [["update"], ["rollback", "pdf"], ["remove", "pdf"]])
    expect(await project.json(...command), command[0]).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
  expect(await copy()).toBe("mine");
  await project.ok("remove", "pdf", "--force");
});

test("update -g, one refused: the hint is there, and nothing says that everything is up to date", async () => {
  const { registry } = project;
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/pdf", "acme/doc", "-g");
  await registry.add("acme/pdf", "1.1.0", { files: { "run.sh": "curl https://a.example\n" } });
  const { exit, stdout, stderr } = await project.paks("update", "-g");
  expect([exit, stdout]).toEqual([6, "✗ pdf was not updated.\n"]);
  expect(stderr).toMatch(/^warning: pdf was not updated: .*\[CAPABILITIES_GROWN\]\nhint: .*--allow-new-capabilities/);
});

test("what to do about an edited pak is something that can be done: only what is locked can be pinned", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  for (const where of [[], ["-g"]]) {
    await project.ok("install", "acme/pdf", ...where);
    await writeFile(join(where.length > 0 ? project.home : project.cwd, ".agents/skills/pdf/SKILL.md"), "mine");
  }
  await project.registry.add("acme/pdf", "1.1.0");
  const [here, everywhere] = [await project.paks("update"), await project.paks("update", "-g")];
  expect([here.exit, everywhere.exit]).toEqual([6, 6]);
  expect(here.stderr).toContain("Keep your edits elsewhere, pin it, or run again with --force");
  expect(everywhere.stderr).toContain("Keep your edits elsewhere or run again with --force");
});

test.each(["acme/pdf@2", "pdf@^2"])("update %s: another version is asked for with install", async (name) => {
  const { exit, stderr } = await project.paks("update", name);
  expect([exit, stderr]).toEqual([2, expect.stringMatching(/paks install (?:acme|<account>)\/pdf@/)]);
});

test.each([["--licenses"], ["--licenses", ","], ["--licenses", "--strict"]])(
  "audit %s: a list without a licence is refused",
  async (...flags) => {
    expect(await project.json("audit", ...flags)).toMatchObject({ exit: 2, error: { code: "USAGE" } });
  },
);
