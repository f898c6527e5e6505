import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { runPaks, type RunResult, tempFolder } from "../testing/index.ts";

const skill = (name: string): string =>
  `---\nname: ${name}\ndescription: Fills PDF forms. Use for forms.\nlicense: MIT\nmetadata:\n  version: "1.0.0"\n---\n\n# PDF\n`;

/** Paks below `skills`, by their folder; `files` are of that folder. */
async function skillsWith(paks: Record<string, string>) {
  const home = await tempFolder();
  await chmod(home, 0o755);
  for (const [path, text] of Object.entries(paks)) {
    const file = join(home, "skills", path, "SKILL.md");
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  const run = async (...argv: string[]) => await runPaks(["validate", ...argv], { cwd: join(home, "skills"), home });
  return { folder: join(home, "skills"), run };
}

const fine = { fine: skill("fine") };
/** claude.ai refuses it and nobody else does. */
const partly = { partly: skill("partly").replaceAll("\n", "\r\n") };
/** Nobody takes it, but what it says can be made out. */
const readable = { readable: skill("readable").replace("Fills PDF forms. Use", "Fills forms: use") };
const broken = { broken: skill("broken").replace(/description.*\n/, "") };
const elsewhere = { "more/fine": skill("fine") };

interface Report {
  readonly valid: boolean;
  readonly paks?: readonly Report[];
  readonly consumers?: readonly { readonly accepts: boolean }[];
}

const isRefused = ({ paks = [], consumers = [] }: Report): boolean =>
  paks.some(isRefused) || consumers.some(({ accepts }) => !accepts);

/** The marks that are shown, and the right ones: no ✓ above or beside a refusal, ✗ exactly where the exit is not 0. */
async function marksOf(run: (...argv: string[]) => Promise<RunResult>, argv: readonly string[]) {
  const { stdout, exit } = await run(...argv);
  const report = (await run(...argv, "--json")).json() as Report;
  const marks = new Set(stdout.split("\n").map((line) => /^[✓⚠✗]/.exec(line)?.[0]));
  return {
    stdout,
    shown: { valid: report.valid, bad: marks.has("✗"), good: marks.has("✓") },
    right: { valid: exit === 0, bad: exit !== 0, good: exit === 0 && !isRefused(report) },
  };
}

const ways: readonly (readonly string[])[] = [
  [],
  ["--strict"],
  ["--for", "claude-ai"],
  ["--for", "cursor"],
  ["--for", "claude-ai,cursor,paks"],
];

test.each([
  { what: "fine ones alone", paks: fine },
  { what: "one that one tool refuses", paks: { ...fine, ...partly } },
  { what: "one that everybody refuses", paks: { ...fine, ...readable } },
  { what: "one that is broken", paks: { ...fine, ...broken } },
  { what: "all of them", paks: { ...fine, ...partly, ...readable, ...broken } },
  { what: "two of one name", paks: { ...fine, ...elsewhere } },
])("with $what no mark contradicts another one or the exit code, together and alone", async ({ paks }) => {
  const { run } = await skillsWith(paks);
  for (const way of ways) {
    for (const place of ["--all", ...Object.keys(paks)]) {
      const { stdout, shown, right } = await marksOf(run, [place, ...way]);
      expect(shown, stdout).toEqual(right);
    }
  }
});

test("who is refused is counted below the table, and each row says by how many", async () => {
  const { run } = await skillsWith({ ...fine, ...partly, ...readable });
  const { stdout, exit } = await run("--all");
  expect(exit).toBe(0);
  expect(stdout).toMatch(/^fine +1\.0\.0 +ok +fine$/m);
  expect(stdout).toMatch(/^partly +1\.0\.0 +ok for 6 of 7 +partly +claude\.ai upload$/m);
  expect(stdout).toMatch(/^readable +1\.0\.0 +readable, \d warnings? +readable +Agent/m);
  expect(stdout).toContain("⚠ 3 paks are valid, but 2 are not accepted by all\n");
  expect((await run("partly")).stdout).toContain(
    "⚠ partly 1.0.0 is valid (lenient), but refused by 1 of 7 that were asked",
  );
});

test("what a named tool refuses is an error there, whatever it is elsewhere", async () => {
  const { run } = await skillsWith(partly);
  const { stdout, exit } = await run("--all", "--for", "claude-ai");
  expect(exit).toBe(5);
  expect(stdout).toMatch(/^partly +1\.0\.0 +1 error, 0 warnings /m);
  expect(stdout).toMatch(/^✗ partly\/SKILL\.md: Lines end with CRLF/m);
  expect((await run("partly", "--for", "claude-ai", "--json")).json()).toMatchObject({
    valid: false,
    findings: [{ code: "CRLF", severity: "error" }],
  });
});

test("paks that only clash are told so, and not as none that is invalid", async () => {
  const { run } = await skillsWith({ ...fine, ...elsewhere });
  const { stdout, exit } = await run("--all");
  expect(exit).toBe(5);
  expect(stdout).toContain("✗ 2 paks are valid, each by itself, but not what is said above");
});

/** Root may read everything: then it is somebody else for a while. */
async function asNobody<T>(work: () => Promise<T>): Promise<T> {
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    return await work();
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
}

test.skipIf(process.platform === "win32")(
  "what cannot be read is told with its place, and the other paks are judged",
  async () => {
    const { run, folder } = await skillsWith({ ...fine, closed: skill("closed"), deep: skill("deep") });
    await chmod(join(folder, "closed/SKILL.md"), 0);
    for (const path of ["deep/data", "other"]) await mkdir(join(folder, path), { mode: 0o000 });
    // Everything is loaded once before: as nobody, the loader could not.
    await run("--all");
    const { stdout, exit } = await asNobody(async () => await run("--all"));
    expect(exit, stdout).toBe(5);
    expect(stdout).toMatch(/^fine +1\.0\.0 +ok +fine$/m);
    expect(stdout).toContain("✗ closed/SKILL.md: It cannot be read (EACCES). [READ_ONLY_TARGET]");
    expect(stdout).toContain("✗ deep/data: It cannot be read (EACCES).");
    expect(stdout).toContain("✗ other: It cannot be read (EACCES).");
    expect(stdout).not.toContain("MANIFEST_MISSING");
    expect(stdout).toContain("✗ 2 of 3 paks are not valid");
    const alone = await asNobody(async () => await run("closed", "--json"));
    expect([alone.exit, alone.json()]).toMatchObject([5, { valid: false, findings: [{ code: "READ_ONLY_TARGET" }] }]);
  },
);
