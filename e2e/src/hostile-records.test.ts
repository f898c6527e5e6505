import { cp, lstat, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { skillText } from "./harness/journey.ts";
import { run } from "./harness/run.ts";
import { snapshotOf, writeFiles } from "./hostile/files.ts";
import { expectCode, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { tagFiles } from "./hostile/tags.ts";

/** What paks keeps beside the skills, as a stranger would write it before he gives the project away. */
let hostile: HostileLab;
let good: string;
beforeAll(async () => {
  hostile = await openHostileLab();
  const { repository, tag } = await tagFiles(hostile.lab, "good", { "SKILL.md": skillText("good", "1.0.0") });
  good = `${repository}#${tag}`;
});
afterAll(() => hostile.close());

const project = (name: string) => hostile.lab.folder(join("projects", name, "project"));

const skills = ".agents/skills";

/** A project with the pak installed, a repository, and folders that hold byte for byte what the pak holds. */
async function installedProject(name: string): Promise<string> {
  const folder = await project(name);
  const git = await run("git", ["init", "-q", folder], { cwd: folder, env: hostile.lab.env() });
  expect(git.exitCode).toBe(0);
  expectCode(await hostile.paks(folder, ["install", good, "--agent", "universal"]), "ok");
  for (const same of ["src", "src/good", "real/good", "../beside"])
    await cp(join(folder, skills, "good"), join(folder, same), { recursive: true });
  await mkdir(join(folder, ".goose"));
  await symlink("../real", join(folder, ".goose", "skills"));
  return folder;
}

const namesOf = (folder: string) => [
  "../../.git",
  "../../src",
  "../../src/good",
  "../../../beside",
  "../../.goose/skills/good",
  join(folder, "src"),
  hostile.canary,
];

/** Everything in the project and beside it but what paks itself keeps there. */
async function othersOf(folder: string): Promise<Record<string, string>> {
  const all = Object.entries(await snapshotOf(join(folder, "..")));
  return Object.fromEntries(all.filter(([path]) => !/^project\/(?:\.agents(?:\/|$)|paks\.(?:jsonc|lock)$)/.test(path)));
}

test("with a record that names its .git, its sources, the same bytes: none of them is removed or moved", async () => {
  const folder = await installedProject("record-links");
  const record = join(folder, skills, ".paks/good.json");
  const text = await readFile(record, "utf8");
  const links = namesOf(folder);
  const before = await othersOf(folder);
  const claim = () => writeFile(record, JSON.stringify({ ...(JSON.parse(text) as object), links }));
  const leavesThem = async (argv: readonly string[]): Promise<string> => {
    const done = await hostile.paks(folder, argv);
    expectCode(done, "ok");
    expect(await othersOf(folder)).toEqual(before);
    await hostile.requireWell();
    return done.stderr;
  };
  for (const force of [[], ["--force"]]) {
    await claim();
    expect(await leavesThem(["remove", "good", ...force])).toContain(
      `names ${join(folder, ".git")}, which lies in no folder of a coding tool that paks knows`,
    );
    await leavesThem(["install", good, "--agent", "universal"]);
  }
  for (const command of ["install", "ci"]) {
    await claim();
    await leavesThem([command, "--force"]);
  }
});

test("with traces of commands that never ran: they make, replace, move and remove nothing of the user's", async () => {
  const folder = await installedProject("record-traces");
  const bookkeeping = join(folder, skills, ".paks");
  const record = JSON.parse(await readFile(join(bookkeeping, "good.json"), "utf8")) as object;
  const links = [...namesOf(folder), "../../node_modules/left-pad"];
  const before = await othersOf(folder);
  const empty = join(folder, ".git", "refs", "tags");
  await writeFiles(bookkeeping, { made: JSON.stringify(["../../.git/refs/tags", "../../.git/refs"]) });
  await cp(join(folder, skills, "good"), join(bookkeeping, "work/x/old-0"), { recursive: true });
  // The folder that "was replaced" holds what the named ones hold.
  const placing = [{ folder: "good", aside: "old-0", record: { ...record, links } }];
  await writeFiles(join(bookkeeping, "work/x"), { "intent.json": JSON.stringify(placing) });
  expectCode(await hostile.paks(folder, ["list"]), "ok");
  expect(await othersOf(folder)).toEqual(before);
  // The folder is gone, and its record names the user's.
  await writeFiles(bookkeeping, { "good.json": JSON.stringify({ ...record, links }) });
  await rm(join(folder, skills, "good"), { recursive: true });
  const removing = [{ folder: "good", aside: "old-0", record: null }];
  await writeFiles(join(bookkeeping, "work/y"), { "intent.json": JSON.stringify(removing) });
  // A folder of a killed command that is a link into the sources.
  await writeFiles(join(folder, "src"), { "intent.json": JSON.stringify(placing) });
  await symlink("../../../../src", join(bookkeeping, "work/z"));
  expectCode(await hostile.paks(folder, ["list"]), "ok");
  await hostile.paks(folder, ["remove", "good", "--force"]);
  await rm(join(folder, "src", "intent.json"));
  expect(await othersOf(folder)).toEqual(before);
  expect((await lstat(empty)).isDirectory()).toBe(true);
  await hostile.requireWell();
});
