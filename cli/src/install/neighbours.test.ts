import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

/** What no lock knows goes on working when something else is installed beside it. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  for (const name of ["csv", "text"])
    for (const version of ["1.0.0", "1.1.0", "2.0.0"]) await registry.add(`acme/${name}`, version);
  await registry.add("acme/report", "1.0.0", { dependencies: { "acme/csv": "^1", "acme/text": "^1" } });
  await registry.add("acme/needs2", "1.0.0", { dependencies: { "acme/text": "^2" } });
});

interface Failure {
  readonly error: { readonly code: string; readonly message: string; readonly details: { readonly paths: string[] } };
}
interface List {
  readonly installed: readonly { readonly name: string; readonly version: string }[];
}
const places = [["-g"], ["--dir", "vend"], ["--no-save"]];
for (const where of places) {
  const at = where.filter((one) => one !== "--no-save");
  const versions = async () => {
    const { installed } = await project.json<List>("list", ...at);
    return Object.fromEntries(installed.map(({ name, version }) => [name, version]));
  };

  test(`install ${where.join(" ")} refuses what needs another version than a pak there needs, and changes nothing`, async () => {
    await project.ok("install", "acme/report", ...where);
    for (const source of ["acme/needs2", "acme/text@2.0.0", "acme/text@latest"]) {
      const { exit, error } = await project.json<Failure>("install", source, ...where);
      expect([exit, error.code], source).toEqual([6, "DEPENDENCY_CONFLICT"]);
      expect(error.details.paths).toContain("acme/report@1.0.0 → acme/text@^1");
    }
    expect(await versions()).toEqual({ csv: "1.1.0", report: "1.0.0", text: "1.1.0" });
  });

  test(`install ${where.join(" ")} of a name takes the newest that fits all, and says what is passed over`, async () => {
    await project.ok("install", "acme/report", ...where);
    const run = await project.ok("install", "acme/text", ...where);
    expect(run.stdout + run.stderr).toContain(
      "acme/text 2.0.0 is passed over: acme/report@1.0.0 asks for acme/text@^1.",
    );
    expect(await versions()).toMatchObject({ text: "1.1.0" });
  });

  test(`install ${where.join(" ")} of both together goes by what the new one needs`, async () => {
    await project.ok("install", "acme/report", ...where);
    await project.registry.add("acme/report", "2.0.0", { dependencies: { "acme/csv": "^1", "acme/text": "^2" } });
    await project.ok("install", "acme/needs2", "acme/report", ...where);
    expect(await versions()).toEqual({ csv: "1.1.0", needs2: "1.0.0", report: "2.0.0", text: "2.0.0" });
  });

  test(`install ${where.join(" ")}: a pak that comes anew as a dependency brings what it needs then`, async () => {
    await project.ok("install", "acme/report", ...where);
    await project.registry.add("acme/report", "2.0.0", { dependencies: { "acme/text": "^2" } });
    await project.registry.add("acme/all", "1.0.0", { dependencies: { "acme/report": "^2", "acme/needs2": "^1" } });
    await project.ok("install", "acme/all", ...where);
    expect(await versions()).toMatchObject({ csv: "1.1.0", report: "2.0.0", text: "2.0.0" });
  });

  test(`install ${where.join(" ")} of something else asks for nothing that the paks there need`, async () => {
    await project.ok("install", "acme/report", ...where);
    await project.ok("remove", "csv", ...at);
    await project.registry.add("acme/own", "1.0.0");
    project.registry.requests.length = 0;
    await project.ok("install", "acme/own", ...where);
    expect(project.registry.requests.filter(({ path }) => /csv|text|report/.test(path))).toEqual([]);
    expect(await versions()).toEqual({ own: "1.0.0", report: "1.0.0", text: "1.1.0" });
  });
}

test("a pak from a folder is heeded by what its files say, also in its skill.yaml, and one that cannot be read is not", async () => {
  const out = join(project.cwd, "..", "out");
  await mkdir(out);
  await writeFile(join(out, "SKILL.md"), "---\nname: out\ndescription: Comes from elsewhere.\n---\n");
  await writeFile(join(out, "skill.yaml"), 'dependencies: ["acme/text@^1"]\n');
  await project.ok("install", "../out", "-g");
  const refused = await project.json<Failure>("install", "acme/needs2", "-g");
  expect(refused.error.details.paths).toContain("out → acme/text@^1");
  const installed = join(project.home, ".agents/skills/out");
  await writeFile(join(installed, "skill.yaml"), "dependencies: [\n");
  await project.ok("install", "acme/needs2", "-g");
});

test("a pak in two folders: what is put in one of them leaves the other as it is", async () => {
  await project.ok("install", "acme/report", "-g");
  await project.ok("install", "acme/report", "-g", "--as", "second");
  await project.registry.add("acme/report", "2.0.0", { dependencies: { "acme/text": "^2" } });
  expect(await project.json("install", "acme/report@2.0.0", "-g")).toMatchObject({
    exit: 6,
    error: { code: "DEPENDENCY_CONFLICT" },
  });
});

test("a folder outside the project that is installed into it heeds what lies there unsaved", async () => {
  const out = join(project.cwd, "..", "out");
  await mkdir(out);
  const text = 'name: out\ndescription: Comes from elsewhere.\ndependencies: ["acme/text@^2"]\n';
  await writeFile(join(out, "SKILL.md"), `---\n${text}---\n`);
  await project.ok("install", "acme/report", "--no-save");
  const { exit, error } = await project.json<Failure>("install", "../out");
  expect([exit, error.code]).toEqual([6, "DEPENDENCY_CONFLICT"]);
  expect(error.details.paths).toContain("acme/report@1.0.0 → acme/text@^1");
});

test("an install in a project that is saved goes by its files alone", async () => {
  await project.ok("install", "acme/report", "--no-save");
  await project.ok("install", "acme/needs2");
  expect((await project.lock()).paks["text"]?.version).toBe("2.0.0");
});
