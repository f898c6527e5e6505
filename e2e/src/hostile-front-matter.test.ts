import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Files, listFolder, snapshotOf } from "./hostile/files.ts";
import { frontMatterRows } from "./hostile/front-matter-rows.ts";
import { expectCode, expectVerdict, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { tagFiles, type Work, workRepository } from "./hostile/tags.ts";

const paks = frontMatterRows.map((row) => ({ ...row, pak: `matter-${row.name}` }));

/** All of them in one repository of an author, each in a folder of its own. */
const committed: Files = Object.fromEntries(
  paks.flatMap(({ pak, files }) => Object.entries(files(pak)).map(([path, bytes]) => [`skills/${pak}/${path}`, bytes])),
);

let hostile: HostileLab;
let work: Work;
const refs = async () => [await work.git("for-each-ref"), await work.git("ls-remote", "origin")];
let before: string[];
beforeAll(async () => {
  hostile = await openHostileLab();
  work = await workRepository(hostile.lab, "collection", committed);
  before = await refs();
});
afterAll(async () => {
  await work.remove();
  await hostile.close();
});

describe.concurrent("front matter is judged alike wherever it is read", () => {
  test.each(paks)("$name", async ({ pak, files, validate, publish, install, index }) => {
    const folder = join("skills", pak);
    expectCode(await hostile.paks(work.dir, ["validate", folder]), validate);
    // What can be released is only planned here.
    const mode = publish === "ok" ? "--dry-run" : "--yes";
    expectCode(await hostile.paks(work.dir, ["publish", folder, "--version", "1.0.0", mode]), publish);

    const { repository, tag } = await tagFiles(hostile.lab, pak, files(pak));
    const project = await hostile.lab.folder(join("projects", pak, "project"));
    expectCode(await hostile.paks(project, ["install", `${repository}#${tag}`, "--agent", "claude-code"]), install);
    const nothing = Object.keys(await snapshotOf(join(project, ".."))).length === 1;
    expect(nothing).toBe(install !== "ok");
    expectVerdict(await hostile.follow({ repository, tag }), index);
    await hostile.requireWell();
  });
});

test("no refused publish changed the author's repository or its remote", async () => {
  expect(await refs()).toEqual(before);
  expect(await work.git("status", "--porcelain")).toBe("");
  expect(await listFolder(join(work.dir, ".git", "index.lock"))).toEqual([]);
});

test("of all this only what can be read was released, and nothing is left", async () => {
  const good = paks.filter(({ index }) => index === "ok").map(({ pak }) => `acme/${pak}@1.0.0`);
  expect((await hostile.finish()).releases).toEqual(good.sort());
});
