import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "./testing/project.ts";

/** What nobody named and what does not change stays exactly as it is, also with `--force`, and keeps nothing back. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  for (const id of ["acme/csv", "acme/pdf", "acme/text"]) await project.registry.add(id, "1.0.0");
});
const at = (...path: string[]) => join(project.cwd, ...path);
const copyOfPdf = () => at(".claude", "skills", "pdf", "SKILL.md");
const isKept = () => existsSync(at(".agents", ".paks", "backups"));
const mine = "somebody's own\n";

/** csv has something newer, pdf has not. */
async function installTwo(...flags: string[]): Promise<void> {
  await project.ok("install", "acme/csv@^1", "acme/pdf@^1", "-a", "claude-code", ...flags);
  await project.registry.add("acme/csv", "1.1.0");
}

const others: (readonly string[])[] = [
  ["update"],
  ["update", "csv"],
  ["update", "--force"],
  ["update", "csv", "--force"],
  ["install", "acme/text"],
  ["install", "acme/text", "--force"],
  ["install", "--upgrade", "--force"],
];

test.each(others.map((argv) => ({ argv, called: argv.join(" ") })))(
  "$called: an edited copy of another pak stays, and that is said",
  async ({ argv }) => {
    await installTwo("--copy");
    appendFileSync(copyOfPdf(), mine);
    const record = await project.read(".agents", "skills", ".paks", "pdf.json");
    const run = await project.ok(...argv);
    expect(run.stderr).toContain(`${join(".claude", "skills", "pdf")} was edited here; it stays as it is.`);
    expect(readFileSync(copyOfPdf(), "utf8")).toContain(mine);
    expect(await project.read(".agents", "skills", ".paks", "pdf.json")).toBe(record);
    expect(isKept()).toBe(false);
    // It is edited still, and not forgotten.
    expect(await project.json("verify")).toMatchObject({ exit: 9, problems: [{ code: "DRIFT", folder: "pdf" }] });
  },
);

test.each(others.map((argv) => ({ argv, called: argv.join(" ") })))(
  "$called: what somebody put where a link of another pak was stays",
  async ({ argv }) => {
    await installTwo();
    rmSync(at(".claude/skills/pdf"));
    writeFileSync(at(".claude/skills/pdf"), mine);
    const run = await project.ok(...argv);
    expect(run.stderr).toContain(`${join(".claude", "skills", "pdf")} was not made by paks; it stays as it is.`);
    expect(readFileSync(at(".claude/skills/pdf"), "utf8")).toBe(mine);
    expect(isKept()).toBe(false);
  },
);

test.each(others.map((argv) => ({ argv, called: argv.join(" ") })))(
  "$called: somebody else's folder in the place of another pak stays",
  async ({ argv }) => {
    await installTwo();
    writeFileSync(project.skill("pdf", "SKILL.md"), mine);
    rmSync(project.skill(".paks", "pdf.json"));
    const run = await project.ok(...argv);
    expect(run.stderr).toContain("pdf was not made by paks; it stays as it is.");
    expect(await project.read(".agents", "skills", "pdf", "SKILL.md")).toBe(mine);
    expect(isKept()).toBe(false);
    expect(await project.json("install")).toMatchObject({ exit: 6, error: { code: "ALREADY_EXISTS" } });
  },
);

test("the record does not name what stands in the way of a link and was never ours", async () => {
  await project.ok("install", "acme/pdf", "-a", "goose");
  const lock = JSON.stringify(["claude-code", "goose"]);
  await project.write("paks.lock", (await project.read("paks.lock")).replace(/\[\s*"goose"\s*\]/, lock));
  mkdirSync(at(".claude/skills/pdf"), { recursive: true });
  writeFileSync(copyOfPdf(), mine);
  await project.ok("install", "acme/text", "--force");
  expect(await project.read(".agents", "skills", ".paks", "pdf.json")).not.toContain(".claude");
  await project.ok("remove", "pdf");
  expect(readFileSync(copyOfPdf(), "utf8")).toBe(mine);
});

test("a folder that is gone comes back, and its edited copy stays", async () => {
  await installTwo("--copy");
  appendFileSync(copyOfPdf(), mine);
  rmSync(project.skill("pdf"), { recursive: true });
  await project.ok("install", "acme/text", "--force");
  expect(existsSync(project.skill("pdf", "SKILL.md"))).toBe(true);
  expect(readFileSync(copyOfPdf(), "utf8")).toContain(mine);
});

test("all as locked means every one: an edited copy is in the way there", async () => {
  await installTwo("--copy");
  appendFileSync(copyOfPdf(), mine);
  for (const argv of [["install"], ["ci"], ["install", "acme/pdf"]])
    expect(await project.json(...argv), argv.join(" ")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
});

test("-g and --dir: an edited dependency without a newer version does not keep back what needs it", async () => {
  await project.registry.add("acme/base", "1.0.0");
  await project.registry.add("acme/lib", "1.0.0", { dependencies: { "acme/base": "^1" } });
  const folders = { "-g": join(project.home, ".agents/skills/base"), "--dir=d": at("d/acme/base") };
  for (const flag of Object.keys(folders)) await project.ok("install", "acme/lib@1.0.0", flag);
  await project.registry.add("acme/lib", "1.1.0", { dependencies: { "acme/base": "^1" } });
  for (const [flag, folder] of Object.entries(folders)) {
    appendFileSync(join(folder, "SKILL.md"), mine);
    const run = await project.ok("update", "lib", flag, "--force");
    expect(run.stdout).toContain("acme/lib 1.0.0 → 1.1.0");
    expect(run.stderr).toContain("base was edited here; it stays as it is.");
    expect(readFileSync(join(folder, "SKILL.md"), "utf8")).toContain(mine);
  }
});

test("update --dir compares with what is installed: only what is new is shown and asked about", async () => {
  const files = { "run.sh!": "echo\n", "a.md": "one\n" };
  await project.registry.add("acme/tool", "1.0.0", { files });
  await project.ok("install", "acme/tool", "--dir", "d");
  await project.registry.add("acme/tool", "1.1.0", { files: { ...files, "a.md": "two\n" } });
  appendFileSync(at("d/acme/tool/SKILL.md"), mine);
  expect(await project.json("update", "--dir", "d")).toMatchObject({
    exit: 6,
    error: { code: "LOCAL_CHANGES", details: { folder: "acme/tool", changed: ["SKILL.md"] } },
  });
  const forced = await project.json("update", "--dir", "d", "--force");
  expect(forced).toMatchObject({
    exit: 0,
    updated: [
      {
        folder: "acme/tool",
        from: "1.0.0",
        to: "1.1.0",
        capabilities: { grown: false },
        edited: ["SKILL.md"],
        files: [
          { path: "SKILL.md", change: "changed" },
          { path: "a.md", change: "changed" },
        ],
        backups: [expect.stringContaining(at("d", ".paks", "backups"))],
      },
    ],
  });
});

test("an edited copy is told before anybody is asked what a newer version may do, and in a dry run", async () => {
  await project.ok("install", "acme/pdf@^1", "-a", "claude-code", "--copy");
  await project.registry.add("acme/pdf", "1.1.0", { files: { "run.sh!": "echo\n" } });
  appendFileSync(copyOfPdf(), mine);
  const dry = await project.ok("update", "--dry-run");
  expect(dry.stdout).toContain(`edited here: ${join(".claude", "skills", "pdf")}`);
  expect(await project.json("update")).toMatchObject({
    exit: 6,
    error: {
      code: "LOCAL_CHANGES",
      details: { folder: "pdf", changed: [], edited_copies: [at(".claude/skills/pdf")] },
    },
  });
});

test("a rename that update --force makes names what it kept of the old folder", async () => {
  await project.ok("install", "acme/pdf@^1");
  appendFileSync(project.skill("pdf", "SKILL.md"), mine);
  await project.write("paks.jsonc", JSON.stringify({ paks: [{ source: "acme/pdf@^1", as: "paper" }] }));
  const run = await project.json<{ backups: string[] }>("update", "--force");
  expect(run).toMatchObject({ exit: 0, updated: [], moved: [{ from: project.skill("pdf") }] });
  expect(readFileSync(join(run.backups[0]!, "SKILL.md"), "utf8")).toContain(mine);
});

test("rollback leaves an edited copy of what is no longer needed where it is", async () => {
  await project.registry.add("acme/base", "1.0.0");
  await project.ok("install", "acme/pdf@^1", "-a", "claude-code", "--copy");
  await project.registry.add("acme/pdf", "1.1.0", { dependencies: { "acme/base": "^1" } });
  await project.ok("install", "acme/pdf@1.1.0", "-a", "claude-code", "--copy");
  appendFileSync(at(".claude/skills/base/SKILL.md"), mine);
  const run = await project.ok("rollback", "pdf", "--force");
  expect(run.stdout).toContain("acme/pdf 1.1.0 → 1.0.0");
  expect(run.stderr).toContain("base is no longer needed, but it was edited: it stays.");
  expect(await project.read(".claude", "skills", "base", "SKILL.md")).toContain(mine);
});

test("of two that are named, none is said to take the other's place with --force", async () => {
  await project.registry.add("corp/pdf", "1.0.0");
  const both = await project.json("install", "acme/pdf@^1", "corp/pdf", "--force");
  expect(both).toMatchObject({ error: { code: "ALREADY_EXISTS", hint: expect.not.stringContaining("--force") } });
  await project.ok("install", "acme/pdf");
  const one = await project.json("install", "corp/pdf");
  expect(one).toMatchObject({ error: { code: "ALREADY_EXISTS", hint: expect.stringContaining("--force puts it") } });
});

test("diff takes -g and --dir: what was edited there, and releases of what is there", async () => {
  await project.registry.add("acme/pdf", "2.0.0");
  for (const where of [["-g"], ["--dir", "d"]]) {
    await project.ok("install", "acme/pdf@1.0.0", ...where);
    const folder = where[0] === "-g" ? join(project.home, ".agents/skills/pdf") : at("d/acme/pdf");
    appendFileSync(join(folder, "SKILL.md"), mine);
    expect((await project.ok("diff", "pdf", ...where)).stdout).toContain(`+${mine.trim()}`);
    expect(await project.json("diff", "pdf", "2.0.0", ...where)).toMatchObject({
      exit: 0,
      before: { version: "1.0.0" },
      after: { version: "2.0.0" },
    });
  }
  expect(await project.json("diff", "pdf")).toMatchObject({ error: { code: "PAK_NOT_FOUND" } });
});
