import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { defaultLimits } from "@paks/schema";
import { expect, test } from "vitest";
import { runPaks, tempFolder } from "../testing/index.ts";

const good =
  '---\nname: pdf\ndescription: Fills PDF forms. Use for forms.\nlicense: MIT\nmetadata:\n  version: "1.0.0"\n---\n\n# PDF\n';

async function pak(files: Record<string, string>) {
  const home = await tempFolder();
  const folder = join(home, "pdf");
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
  const run = async (...argv: string[]) => await runPaks(["validate", ...argv], { cwd: folder, home });
  return { folder, run };
}

interface Report {
  valid: boolean;
  findings: { code: string; severity: string; path?: string; line?: number; hint?: string }[];
}

const codesOf = (report: unknown) => (report as Report).findings.map((one) => one.code);

test("a good pak is valid in both profiles: exit 0 and its facts", async () => {
  const { run, folder } = await pak({ "SKILL.md": good, "scripts/run.sh": "echo hi\n" });
  expect((await run()).stdout).toContain("✓ pdf 1.0.0 is valid (lenient): 2 files");
  expect((await run("--strict", "--json")).json()).toEqual({
    path: folder,
    profile: "strict",
    valid: true,
    kind: "skill",
    name: "pdf",
    version: "1.0.0",
    files: 2,
    bytes: good.length + 8,
    findings: [],
    consumers: ["agent-skills", "skills-ref", "claude-ai", "claude-code", "cursor", "copilot", "paks"].map((id) =>
      expect.objectContaining({ id, accepts: true, reasons: [] }),
    ),
  });
});

test("a finding names file, line, column, field, fix and who refuses it: exit 5", async () => {
  const { run } = await pak({ "SKILL.md": good.replace("name: pdf", "name: other") });
  const { exit, stdout } = await run("--strict");
  expect(exit).toBe(5);
  expect(stdout).toMatch(/✗ SKILL\.md:2:\d+: .* \(name\) \[[A-Z_]+\]/);
  expect(stdout).toMatch(/ {2}hint: /);
  expect(stdout).toMatch(/ {2}refused by: /);
  expect((await run()).exit).toBe(0);
});

test.skipIf(process.platform === "win32")(
  "all problems are told at once, of the manifest and of the files",
  async () => {
    const { run, folder } = await pak({
      "SKILL.md": good.replace("description: Fills PDF forms. Use for forms.\n", ""),
    });
    await symlink("/etc/passwd", join(folder, "link"));
    await writeFile(join(folder, "CON"), "x");
    const { exit, json } = await run("--json");
    expect(exit).toBe(5);
    expect(codesOf(json())).toEqual(expect.arrayContaining(["MANIFEST_INVALID", "SYMLINK_NOT_ALLOWED", "UNSAFE_PATH"]));
  },
);

test("a manifest with another language in its fence is refused and not run", async () => {
  const { run } = await pak({ "SKILL.md": "---js\n{ name: (globalThis.ran = true, 'pdf') }\n---\n" });
  const { exit, json } = await run("--json");
  expect(exit).toBe(5);
  expect(codesOf(json())).toContain("FRONTMATTER_LANGUAGE_NOT_ALLOWED");
  expect(globalThis).not.toHaveProperty("ran");
});

test("a file at the limit is fine, one byte above is told by its name and not read", async () => {
  const { run, folder } = await pak({ "SKILL.md": good, "big.bin": "" });
  await truncate(join(folder, "big.bin"), defaultLimits.fileBytes);
  expect((await run()).exit).toBe(0);
  await truncate(join(folder, "big.bin"), defaultLimits.fileBytes + 1);
  const { exit, json } = await run("--json");
  expect(exit).toBe(5);
  expect((json() as Report).findings).toMatchObject([{ code: "TOO_LARGE", path: "big.bin" }]);
});

test("files that are too large only together are told", async () => {
  const { run, folder } = await pak({ "SKILL.md": good });
  for (let index = 0; index < 6; index += 1) {
    await writeFile(join(folder, `part-${index}.bin`), "");
    await truncate(join(folder, `part-${index}.bin`), defaultLimits.fileBytes);
  }
  expect(codesOf((await run("--json")).json())).toContain("TOO_LARGE");
});

test("git's own folder and installed packages are not judged", async () => {
  const { run } = await pak({ "SKILL.md": good, ".git/config": "x", "node_modules/a/index.js": "x" });
  expect((await run("--json")).json()).toMatchObject({ valid: true, files: 1 });
});

test("the root of a repository with several paks says where they are", async () => {
  const { run } = await pak({ "skills/pdf/SKILL.md": good, "README.md": "x" });
  const { exit, stdout } = await run();
  expect(exit).toBe(5);
  expect(stdout).toContain("skills/pdf");
  expect((await run("skills/pdf")).exit).toBe(0);
});

test("the manifest can be named instead of its folder", async () => {
  const { run } = await pak({ "skills/pdf/SKILL.md": good });
  expect((await run("skills/pdf/SKILL.md")).exit).toBe(0);
});

test("a folder that is not there is not found: exit 3", async () => {
  const { run } = await pak({ "SKILL.md": good });
  const { exit, json } = await run("nowhere", "--json");
  expect(exit).toBe(3);
  expect(json()).toMatchObject({ error: { code: "NOT_FOUND" } });
});

test("text of the pak cannot act on the terminal", async () => {
  const { run } = await pak({ "SKILL.md": good.replace("name: pdf", 'name: "\\x1b[2J\\u202Epdf"') });
  const { stdout } = await run("--strict");
  expect(stdout).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F\u202E]/);
});

test("what can be read and everybody refuses is not called valid, with the same exit", async () => {
  const { run } = await pak({
    "SKILL.md": good.replace(/description: .*/, "description: Fills forms: use when a PDF is there."),
  });
  const { exit, stdout } = await run();
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^⚠ .* is readable \(lenient\), but refused by all that were asked, with /m);
  expect(stdout).not.toContain("✓");
});
