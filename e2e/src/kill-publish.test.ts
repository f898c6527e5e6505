import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchData, mustEndWell, openLabLoggedIn, pushedRepository, skillText } from "./harness/journey.ts";
import type { Lab } from "./harness/lab.ts";

let lab: Lab;
beforeAll(async () => {
  lab = await openLabLoggedIn();
});
afterAll(() => lab.close());

const publish = ["publish", "--bump", "patch", "--yes", "--json"];

/** One version commit, one tag on both sides, one release: whatever happened before. */
async function expectOneRelease(name: string, dir: string, tag: string): Promise<void> {
  const log = mustEndWell("git log", await lab.git(dir, "log", "--format=%s"));
  expect(log.stdout.trim().split("\n")).toEqual(["chore: bump version to 0.1.1", "first"]);
  const tags = mustEndWell("git tag", await lab.git(dir, "tag", "--list"));
  expect(tags.stdout.trim()).toBe(tag);
  const remote = mustEndWell("git ls-remote", await lab.git(dir, "ls-remote", "--refs", "origin"));
  expect(remote.stdout.match(/refs\/\S+/g)).toEqual(["refs/heads/main", `refs/tags/${tag}`]);
  expect(mustEndWell("git status", await lab.git(dir, "status", "--porcelain")).stdout).toBe("");
  const versions = await fetchData<{ version: string }[]>(lab, `/api/skills/acme/${name}/versions`);
  expect(versions.map((one) => one.version)).toEqual(["0.1.1"]);
}

/** Every point between two steps that change something. */
const points = [
  "planned",
  "manifest-edited",
  "edited",
  "committed",
  "verified",
  "tag-made",
  "tagged",
  "pushed",
  "notified",
];

test.each(points)("killed at %s, the same command again finishes the one release", async (point) => {
  const name = `at-${point}`;
  const { dir } = await pushedRepository(lab, name, { "SKILL.md": skillText(name) });
  const killed = await lab.paks(dir, publish, { env: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:kill` } });
  expect(killed.signal, killed.stdout + killed.stderr).toBe("SIGKILL");
  mustEndWell("publish", await lab.paks(dir, publish));
  await expectOneRelease(name, dir, "v0.1.1");
});

test.each(["committed", "tagged", "pushed"])(
  "killed at %s in a folder of a repository, nothing of its neighbours is touched",
  async (point) => {
    const name = `sub-${point}`;
    const { dir } = await pushedRepository(lab, `repo-${point}`, {
      [`skills/${name}/SKILL.md`]: skillText(name),
      "skills/neighbour/SKILL.md": skillText("neighbour"),
    });
    const args = ["publish", `skills/${name}`, "--bump", "patch", "--yes", "--json"];
    const killed = await lab.paks(dir, args, { env: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:kill` } });
    expect(killed.signal, killed.stdout + killed.stderr).toBe("SIGKILL");
    mustEndWell("publish", await lab.paks(dir, args));
    await expectOneRelease(name, dir, `${name}--v0.1.1`);
  },
);
