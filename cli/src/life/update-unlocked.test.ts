import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { runPaks } from "../testing/index.ts";
import { type Project, makeProject } from "./testing/project.ts";

/** `update` and `outdated` of what no lock knows, and what is installed there needs of one another. */
let project: Project;
beforeEach(async () => {
  project = await makeProject();
  const { registry } = project;
  for (const name of ["csv", "text"]) await registry.add(`acme/${name}`, "1.0.0");
  await registry.add("acme/report", "1.0.0", { dependencies: { "acme/csv": "^1", "acme/text": "^1" } });
});

interface Updated {
  readonly updated: readonly { readonly name: string; readonly from: string; readonly to: string }[];
  readonly held_back: readonly { readonly pak: string; readonly version: string; readonly taken: string }[];
  readonly failed: { readonly code: string } | null;
}
interface Outdated {
  readonly outdated: readonly {
    readonly name: string;
    readonly wanted: string;
    readonly updatable: boolean;
    readonly held_back: { readonly by: readonly string[] } | null;
  }[];
}
interface List {
  readonly installed: readonly { readonly name: string; readonly version: string }[];
}

const places = [["-g"], ["--dir", "vend"]];
for (const where of places) {
  const versions = async () => {
    const { installed } = await project.json<List>("list", ...where);
    return Object.fromEntries(installed.map(({ name, version }) => [name, version]));
  };
  const steps = ({ updated }: Updated) => updated.map(({ name, from, to }) => `${name} ${from} ${to}`).sort();
  const folder = (name: string) =>
    where[0] === "-g" ? join(project.home, ".agents/skills", name) : join(project.cwd, "vend/acme", name);

  test(`update ${where[0]} takes the newest that fits all that is there, each once, and says what is passed over`, async () => {
    await project.ok("install", "acme/report", ...where);
    for (const name of ["csv", "text"])
      for (const version of ["1.1.0", "2.0.0"]) await project.registry.add(`acme/${name}`, version);
    await project.registry.add("acme/report", "1.1.0", { dependencies: { "acme/csv": "^1", "acme/text": "^1" } });
    const all = ["acme/csv 1.0.0 1.1.0", "acme/report 1.0.0 1.1.0", "acme/text 1.0.0 1.1.0"];
    const dry = await project.json<Updated>("update", "--dry-run", ...where);
    expect([dry.exit, steps(dry)]).toEqual([0, all]);
    const run = await project.json<Updated>("update", ...where);
    expect([run.exit, steps(run)]).toEqual([0, all]);
    expect(run.held_back.map(({ pak, version, taken }) => `${pak} ${version} ${taken}`).sort()).toEqual([
      "acme/csv 2.0.0 1.1.0",
      "acme/text 2.0.0 1.1.0",
    ]);
    expect(await versions()).toEqual({ csv: "1.1.0", report: "1.1.0", text: "1.1.0" });
    const again = await project.json<Updated>("update", ...where);
    expect([again.exit, steps(again)]).toEqual([0, []]);
    const one = await project.ok("update", "text", ...where);
    expect(one.stdout).toContain("acme/text 2.0.0 is passed over: acme/report@1.1.0 asks for acme/text@^1.");
    expect(one.stdout).toContain("✓ All else is up to date.");
  });

  test(`outdated ${where[0]} wants what update takes, and names what keeps the newest away`, async () => {
    await project.ok("install", "acme/report", ...where);
    await project.registry.add("acme/text", "2.0.0");
    const { exit, outdated } = await project.json<Outdated>("outdated", ...where);
    expect([exit, outdated]).toEqual([
      9,
      [
        expect.objectContaining({
          name: "acme/text",
          wanted: "1.0.0",
          updatable: false,
          held_back: expect.objectContaining({ by: ["acme/report@1.0.0 → acme/text@^1"] }),
        }),
      ],
    ]);
    expect((await project.paks("outdated", ...where)).stdout).not.toContain("paks update");
    await project.registry.add("acme/report", "2.0.0", { dependencies: { "acme/csv": "^1", "acme/text": "^2" } });
    const both = await project.json<Outdated>("outdated", ...where);
    expect(both.outdated.map(({ name, wanted, held_back: held }) => [name, wanted, held])).toEqual([
      ["acme/report", "2.0.0", null],
      ["acme/text", "2.0.0", null],
    ]);
    const only = await project.json<Outdated>("outdated", "text", ...where);
    expect(only.outdated).toMatchObject([{ wanted: "1.0.0", updatable: false }]);
    await project.ok("update", ...where);
    expect(await versions()).toEqual({ csv: "1.0.0", report: "2.0.0", text: "2.0.0" });
  });

  test(`update ${where[0]}: nothing goes back to an older version for another one's newest`, async () => {
    await project.registry.add("acme/old", "0.9.0");
    await project.registry.add("acme/old", "1.0.0", { dependencies: { "acme/text": "^1" } });
    await project.ok("install", "acme/old", ...where);
    await project.registry.add("acme/text", "2.0.0");
    await project.registry.add("acme/old", "1.1.0", { dependencies: { "acme/text": "^1" } });
    const run = await project.json<Updated>("update", ...where);
    expect(steps(run)).toEqual(["acme/old 1.0.0 1.1.0"]);
  });

  test(`update ${where[0]}: an edited pak keeps back itself and what needs a newer one of it, and nothing else`, async () => {
    await project.ok("install", "acme/report", ...where);
    await writeFile(join(folder("csv"), "SKILL.md"), "mine\n");
    for (const name of ["csv", "text"]) await project.registry.add(`acme/${name}`, "1.1.0");
    const run = await project.json<Updated>("update", ...where);
    expect(run).toMatchObject({ exit: 6, failed: { code: "LOCAL_CHANGES" } });
    expect(steps(run)).toEqual(["acme/text 1.0.0 1.1.0"]);
  });

  test(`update ${where[0]}: an edited pak whose newer version is passed over stays as it is, and that is no failure`, async () => {
    await project.ok("install", "acme/report", ...where);
    await writeFile(join(folder("csv"), "SKILL.md"), "mine\n");
    await project.registry.add("acme/csv", "2.0.0");
    await project.registry.add("acme/text", "1.1.0");
    const run = await project.json<Updated>("update", ...where);
    expect([run.exit, steps(run)]).toEqual([0, ["acme/text 1.0.0 1.1.0"]]);
    expect(await readFile(join(folder("csv"), "SKILL.md"), "utf8")).toBe("mine\n");
  });

  test(`update ${where[0]}: what can do more is refused alone`, async () => {
    await project.ok("install", "acme/report", ...where);
    await project.registry.add("acme/csv", "1.1.0", { files: { "run.sh": "curl https://a.example\n" } });
    await project.registry.add("acme/text", "1.1.0");
    const run = await project.json<Updated>("update", ...where);
    expect(run).toMatchObject({ exit: 6, failed: { code: "CAPABILITIES_GROWN" } });
    expect(steps(run)).toEqual(["acme/text 1.0.0 1.1.0"]);
    expect(await versions()).toEqual({ csv: "1.0.0", report: "1.0.0", text: "1.1.0" });
  });

  test(`update ${where[0]}: where not all goes together, what does is done`, async () => {
    await project.ok("install", "acme/report", ...where);
    await project.registry.add("acme/text", "1.1.0");
    await project.registry.add("acme/csv", "1.1.0", { dependencies: { "acme/lost": "^1" } });
    const run = await project.json<Updated>("update", ...where);
    expect(steps(run)).toEqual(["acme/text 1.0.0 1.1.0"]);
    expect(await versions()).toMatchObject({ csv: "1.0.0", text: "1.1.0" });
  });
}

test("each pak is asked about once: who says no to one gets the others, and what was agreed to is not asked again", async () => {
  await project.registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/report", "acme/doc", "-g");
  const files = { "run.sh": "curl https://a.example\n" };
  for (const name of ["csv", "doc", "text"]) await project.registry.add(`acme/${name}`, "1.1.0", { files });
  const run = await runPaks(["update", "-g"], { ...project.options, terminal: true, stdin: ["y", "n", "y"] });
  expect(
    run.stderr.match(/Update acme\/\w+ although/g)?.filter((one, at, all) => all.indexOf(one) === at),
  ).toHaveLength(3);
  expect(run.stdout).toMatch(
    /✓ acme\/csv 1\.0\.0 → 1\.1\.0[^]*✓ acme\/text 1\.0\.0 → 1\.1\.0[^]*✗ doc was not updated\./,
  );
  const { installed } = await project.json<List>("list", "-g");
  expect(installed.map(({ name, version }) => `${name} ${version}`)).toEqual([
    "csv 1.1.0",
    "doc 1.0.0",
    "report 1.0.0",
    "text 1.1.0",
  ]);
});

test("the same pak in two folders is updated in both", async () => {
  await project.ok("install", "acme/text", "-g");
  await project.ok("install", "acme/text", "-g", "--as", "second");
  await project.registry.add("acme/text", "1.1.0");
  const dry = await project.json<Updated>("update", "-g", "--dry-run");
  expect(dry.updated).toMatchObject([{ to: "1.1.0" }, { to: "1.1.0" }]);
  const run = await project.json<{ updated: { folder: string }[] }>("update", "-g");
  expect(run.updated.map((one) => one.folder).sort()).toEqual(["second", "text"]);
});

test("named paks of a project that its lock does not know heed one another and what is locked", async () => {
  await project.ok("install", "acme/csv");
  await project.ok("install", "acme/report", "--no-save");
  for (const name of ["csv", "text"])
    for (const version of ["1.1.0", "2.0.0"]) await project.registry.add(`acme/${name}`, version);
  expect(await project.json("outdated", "text")).toMatchObject({ outdated: [{ wanted: "1.1.0" }] });
  const run = await project.json<Updated>("update", "report", "text");
  expect(run).toMatchObject({ exit: 0, updated: [{ name: "acme/text", to: "1.1.0" }] });
  expect((await project.lock()).paks["csv"]?.version).toBe("1.0.0");
});

test("info says what keeps the newest away from what is installed for all projects", async () => {
  await project.ok("install", "acme/report", "-g");
  await project.registry.add("acme/text", "2.0.0");
  const { stdout } = await project.ok("info", "acme/text");
  expect(stdout).toContain("acme/report@1.0.0 asks for acme/text@^1");
  expect(stdout).not.toContain("paks update");
});
