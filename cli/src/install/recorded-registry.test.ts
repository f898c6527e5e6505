import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type RunResult, type TestRegistry, runPaks, serveRegistry, tempFolder } from "../testing/index.ts";

/** Two registries that the configuration names; the second has paks of the same names that are somebody else's. */
let home: string;
let cwd: string;
let own: TestRegistry;
let other: TestRegistry;
beforeEach(async () => {
  home = await tempFolder();
  cwd = join(home, "work", "project");
  await mkdir(cwd, { recursive: true });
  [own, other] = [await serveRegistry(), await serveRegistry()];
  await own.add("acme/text", "2.0.0");
  await own.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": ">=1" } });
  await other.add("acme/text", "9.9.9");
  await other.add("more/report", "1.0.0", { dependencies: { "acme/text": ">=1" } });
  await useFirst(own);
});

const useFirst = async ({ url }: TestRegistry, accounts = "") => {
  await mkdir(join(home, ".config/paks"), { recursive: true });
  const tables = [
    `default_registry = "${url}"`,
    `[registries.a]\nurl = "${own.url}"`,
    `[registries.b]\nurl = "${other.url}"`,
  ];
  await writeFile(join(home, ".config/paks/config.toml"), [...tables, accounts].join("\n"));
};
const paks = async (...argv: string[]): Promise<RunResult> => await runPaks(argv, { cwd, home });
const ok = async (...argv: string[]): Promise<RunResult> => {
  const run = await paks(...argv);
  expect(run.exit, `${argv.join(" ")}: ${run.stderr}${run.stdout}`).toBe(0);
  return run;
};
const failureOf = async (...argv: string[]) => {
  const run = await paks(...argv, "--json");
  return { exit: run.exit, ...(run.json() as { error?: { code: string; message: string; hint: string } }).error };
};
const refused = { exit: 7, code: "LOCKFILE_MISMATCH" };

const places = [
  { where: ["-g"], folder: () => join(home, ".agents/skills/text") },
  { where: ["--dir", "vend"], folder: () => join(cwd, "vend/acme/text") },
  { where: ["--no-save"], folder: () => join(cwd, ".agents/skills/text") },
];
for (const { where, folder } of places) {
  const versionThere = async () => await readFile(join(folder(), "SKILL.md"), "utf8");

  test(`install ${where.join(" ")} does not put a pak of another registry in the place of one of the same name`, async () => {
    await ok("install", "acme/text", ...where);
    await useFirst(other);
    for (const more of [[], ["--force"], ["--upgrade"]]) {
      const failure = await failureOf("install", "acme/text", ...where, ...more);
      expect(failure, more.join(" ")).toMatchObject(refused);
      expect(failure.message).toContain(own.url);
      expect(failure.message).toContain(`${other.url} (by default_registry of your configuration)`);
      expect(failure.hint).toContain("remove it and install it again");
      expect(failure.hint).not.toContain("paks.jsonc");
    }
    expect(await versionThere()).toContain("# text 2.0.0");
    await useFirst(own);
    const flag = await failureOf("install", "acme/text", ...where, "--registry", other.url);
    expect(flag).toMatchObject({ ...refused, hint: "Leave out --registry: without it acme is looked up there." });
    expect(await versionThere()).toContain("# text 2.0.0");
  });

  test(`install ${where.join(" ")} does not put a dependency of another registry there either`, async () => {
    await ok("install", "acme/text", ...where);
    await useFirst(other);
    expect(await failureOf("install", "more/report", ...where)).toMatchObject(refused);
    expect(await versionThere()).toContain("# text 2.0.0");
  });

  test(`install ${where.join(" ")} moves a pak on purpose as the hint says, and one that is there again from its own registry`, async () => {
    await ok("install", "acme/text", ...where);
    await rm(folder(), { recursive: true });
    await ok("install", "acme/text", ...where);
    await useFirst(other);
    await ok("remove", "text", ...where.filter((one) => one !== "--no-save"));
    await ok("install", "acme/text", ...where);
    expect(await versionThere()).toContain("# text 9.9.9");
  });

  test(`outdated and update ${where.join(" ")} both refuse what another registry gave`, async () => {
    await ok("install", "acme/text", ...where);
    await ok("install", "acme/pdf", ...where);
    await own.add("acme/text", "2.1.0");
    await useFirst(other);
    const at = where.filter((one) => one !== "--no-save");
    other.requests.length = 0;
    for (const argv of [
      ["outdated", ...at],
      ["update", "text", "pdf", ...at],
    ]) {
      const run = await paks(...argv);
      expect([run.exit, run.stdout + run.stderr], argv.join(" ")).toEqual([
        7,
        expect.stringContaining("LOCKFILE_MISMATCH"),
      ]);
      expect(run.stdout + run.stderr).not.toMatch(/Nothing is newer|passed over|paks update/);
    }
    expect(other.requests).toEqual([]);
  });
}

test("who names a pak in a project does not get it from elsewhere than what lies there without a lock", async () => {
  await ok("install", "acme/text", "--no-save");
  await useFirst(other);
  expect(await failureOf("install", "acme/text")).toMatchObject(refused);
  expect(await failureOf("install", "more/report")).toMatchObject(refused);
  await writeFile(join(cwd, "paks.jsonc"), '{"paks": ["acme/text"]}');
  expect((await paks("install")).exit).toBe(0);
});

test("a lock that was moved to another registry on purpose is followed over a record of the first", async () => {
  await ok("install", "acme/text");
  await useFirst(other);
  await rm(join(cwd, "paks.lock"));
  await writeFile(join(cwd, "paks.jsonc"), '{"paks": ["acme/text"]}');
  const there = join(home, "work", "copy");
  await mkdir(there);
  await writeFile(join(there, "paks.jsonc"), '{"paks": ["acme/text"]}');
  expect((await runPaks(["install"], { cwd: there, home })).exit).toBe(0);
  await writeFile(join(cwd, "paks.lock"), await readFile(join(there, "paks.lock")));
  await ok("install", "more/report");
  await ok("ci");
  expect(await readFile(join(cwd, ".agents/skills/text/SKILL.md"), "utf8")).toContain("# text 9.9.9");
});

test("outdated of a project says what update says: the locked pak is looked up elsewhere now", async () => {
  await ok("install", "acme/pdf");
  await writeFile(join(cwd, "paks.jsonc"), '{"paks": ["acme/pdf"]}');
  await own.add("acme/pdf", "1.1.0");
  await useFirst(other);
  for (const command of ["outdated", "update"]) expect(await failureOf(command), command).toMatchObject(refused);
});

test("what is locked is installed from its registry while the configuration names that, unless the account is mapped elsewhere", async () => {
  await ok("install", "acme/pdf");
  await writeFile(join(cwd, "paks.jsonc"), '{"paks": ["acme/pdf"]}');
  await useFirst(other);
  for (const argv of [["install"], ["install", "--frozen"], ["ci"]]) {
    await rm(join(cwd, ".agents"), { recursive: true, force: true });
    await rm(join(home, ".cache"), { recursive: true, force: true });
    await ok(...argv);
    expect(await readFile(join(cwd, ".agents/skills/text/SKILL.md"), "utf8")).toContain("# text 2.0.0");
  }
  expect(other.requests).toEqual([]);
  await useFirst(own, `[registries.c]\nurl = "${other.url}"\naccounts = ["acme"]`);
  for (const argv of [["install"], ["install", "--frozen"], ["ci"], ["update"], ["outdated"]])
    expect(await failureOf(...argv), argv.join(" ")).toMatchObject(refused);
});
