import { chmod, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { exists } from "./installed-state.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
  await project.registry.add("acme/pdf", "1.1.0");
});

interface Listed {
  readonly installed: readonly {
    readonly state: string;
    readonly changed: string[];
    readonly changed_modes: string[];
  }[];
}
interface Verified {
  readonly problems: readonly { readonly code: string; readonly hint: string | null; readonly paths: string[] }[];
}

async function runPython(folder: string): Promise<void> {
  await mkdir(join(folder, "scripts", "__pycache__"), { recursive: true });
  await writeFile(join(folder, "scripts", "__pycache__", "run.cpython-312.pyc"), "compiled");
}

async function showInFileManager(folder: string): Promise<void> {
  for (const name of [".DS_Store", "Thumbs.db", "desktop.ini"]) await writeFile(join(folder, name), "window");
}

const listBackups = () => readdir(join(project.cwd, ".agents", ".paks", "backups")).catch(() => []);
const compiled = "scripts/__pycache__/run.cpython-312.pyc";

describe("what tools leave in an installed skill", () => {
  beforeEach(async () => {
    await project.ok("install", "acme/pdf@^1.0", "--agent", "universal");
    await project.ok("install", "acme/pdf@1.0.0", "--agent", "universal");
    await runPython(project.skill("pdf"));
    await showInFileManager(project.skill("pdf"));
  });

  test("is no edit: list says intact, and nothing is refused or kept for it", async () => {
    const { installed } = await project.json<Listed>("list");
    expect(installed).toMatchObject([{ state: "intact", changed: [] }]);
    for (const line of ["install", "ci", "install acme/pdf@^1.0", "update"]) await project.ok(...line.split(" "));
    await project.ok("install", "acme/pdf@1.1.0");
    expect(await exists(project.skill("pdf", "scripts"))).toBe(false);
    await runPython(project.skill("pdf"));
    await project.ok("remove", "pdf");
    expect(await exists(project.skill("pdf"))).toBe(false);
    expect(await listBackups()).toEqual([]);
  });

  test("verify tells of compiled Python, which runs, and names the command that takes it away", async () => {
    const found = await project.json<Verified>("verify");
    expect(found).toMatchObject({ exit: 9, problems: [{ code: "DRIFT", paths: [compiled] }] });
    expect(found.problems[0]!.hint).toContain("paks ci --force");
    await project.ok("ci");
    expect((await project.paks("verify")).exit).toBe(9);
    await project.ok("ci", "--force");
    expect(await exists(project.skill("pdf", compiled))).toBe(false);
    expect(await exists(project.skill("pdf", "SKILL.md"))).toBe(true);
    await project.ok("verify");
    expect(await listBackups()).toEqual([]);
  });

  test("install --force takes it away as well", async () => {
    await project.ok("install", "--force");
    expect(await exists(project.skill("pdf", compiled))).toBe(false);
    expect(await listBackups()).toEqual([]);
    await project.ok("verify");
  });

  test("a folder without a record is taken over beside it", async () => {
    await rm(project.skill(".paks"), { recursive: true });
    await project.ok("ci", "--offline");
    expect((await project.json<Listed>("list")).installed).toMatchObject([{ state: "intact" }]);
  });
});

test("only compiled Python where Python puts it, and only files, are left by tools", async () => {
  await project.ok("install", "acme/pdf@1.0.0", "--agent", "universal");
  await mkdir(project.skill("pdf", "__pycache__"));
  for (const path of ["x.pyc", "__pycache__/x.py", "__pycache__/note.txt", "thumbs.txt"]) {
    await writeFile(project.skill("pdf", path), "mine");
    expect((await project.json<Listed>("list")).installed, path).toMatchObject([{ state: "edited", changed: [path] }]);
    await rm(project.skill("pdf", path));
  }
  await mkdir(project.skill("pdf", "desktop.ini"));
  await writeFile(project.skill("pdf", "desktop.ini", "x"), "mine");
  expect((await project.json<Listed>("list")).installed).toMatchObject([{ state: "edited" }]);
});

test("what a release has itself is compared as ever", async () => {
  const { registry } = project;
  await registry.add("acme/python", "1.0.0", { files: { "__pycache__/x.pyc": "released", "desktop.ini": "released" } });
  await project.ok("install", "acme/python", "--agent", "universal");
  await writeFile(project.skill("python", "__pycache__", "x.pyc"), "mine");
  expect((await project.json<Listed>("list")).installed).toMatchObject([
    { state: "edited", changed: ["__pycache__/x.pyc"] },
  ]);
  expect((await project.paks("ci")).exit).toBe(6);
});

test("in a copy it is told by verify and goes with --force", async () => {
  await project.ok("install", "acme/pdf@1.0.0", "--agent", "claude-code", "--copy");
  const copy = join(project.cwd, ".claude", "skills", "pdf");
  await runPython(copy);
  await project.ok("install");
  expect(await project.json<Verified>("verify")).toMatchObject({
    exit: 9,
    problems: [{ code: "DRIFT", paths: [join(copy, ...compiled.split("/"))] }],
  });
  await project.ok("ci", "--force");
  await project.ok("verify");
  expect(await exists(join(copy, "SKILL.md"))).toBe(true);
});

describe.skipIf(process.platform === "win32")("executable bits", () => {
  beforeEach(async () => {
    await project.ok("install", "acme/pdf@1.0.0", "--agent", "universal");
    await project.ok("install", "acme/pdf@^1.0", "--agent", "universal");
  });
  const skill = () => project.skill("pdf", "SKILL.md");
  const isExecutable = async () => ((await stat(skill())).mode & 0o111) !== 0;

  test.each(["install", "ci", "update", "install acme/pdf@^1.0"])(
    "that are not as recorded are told by list and verify, and paks %s sets them again",
    async (line) => {
      await chmod(skill(), 0o755);
      expect((await project.json<Listed>("list")).installed).toMatchObject([
        { state: "intact", changed_modes: ["SKILL.md"] },
      ]);
      expect((await project.paks("list")).stdout).toContain("executable bits changed");
      const found = await project.json<Verified>("verify", "--offline");
      expect(found).toMatchObject({ exit: 9, problems: [{ code: "DRIFT", paths: ["SKILL.md"] }] });
      expect(found.problems[0]!.hint).toContain("paks install");
      await project.ok(...line.split(" "));
      expect(await isExecutable()).toBe(false);
      await project.ok("verify", "--offline");
    },
  );

  test("are given back to who may read the file, and to nobody else", async () => {
    const record = project.skill(".paks", "pdf.json");
    const text = await readFile(record, "utf8");
    await writeFile(record, text.replace('"executable": false', '"executable": true'));
    await chmod(skill(), 0o640);
    await project.ok("ci");
    expect((await stat(skill())).mode & 0o777).toBe(0o750);
  });
});
