import { randomBytes } from "node:crypto";
import { isPaksError } from "@paks/schema";
import { afterAll, beforeAll, expect, test } from "vitest";

import { fetchPoint, readPakFiles } from "./index.ts";
import { type GitLab, gitLab } from "./testing/index.ts";

let lab: GitLab;
const folders = ["a", "b", "c", "d", "e", "f"];

beforeAll(async () => {
  lab = await gitLab();
  const files = Object.fromEntries(folders.map((name) => [`${name}/SKILL.md`, randomBytes(300 * 1024)]));
  await lab.repo("repo", { ...files, "big/SKILL.md": randomBytes(700 * 1024) }, ["v1.0.0"]);
});
afterAll(() => lab.close());

/** All read at the same time: how many files each has, or what it failed with; and how often the host was asked. */
async function readAtOnce(paths: readonly string[], packBytes?: number) {
  const cage = lab.limited(packBytes === undefined ? {} : { packBytes });
  const snapshot = await fetchPoint(cage, lab.url("repo"), { type: "tag", name: "v1.0.0" });
  const before = lab.server.count("fetch");
  try {
    const found = await Promise.all(
      paths.map(async (path) => {
        try {
          return (await readPakFiles(snapshot, path, lab.cage.limits)).files.length;
        } catch (error) {
          return isPaksError(error) ? error.code : "?";
        }
      }),
    );
    return { found, asked: lab.server.count("fetch") - before };
  } finally {
    await snapshot.close();
  }
}

test("folders of one state that are read at once are asked for one fetch after the other, and together where they wait", async () => {
  const { found, asked } = await readAtOnce(folders);
  expect(found).toEqual(folders.map(() => 1));
  expect(asked).toBeLessThan(folders.length);
  // Asked for once: nothing is missing any more.
  expect((await readAtOnce(["a", "a", "a"])).asked).toBe(1);
  expect(await lab.leftovers()).toEqual([]);
});

test("a host that does not answer is waited for once by all who read", async () => {
  const cage = lab.limited({ fetchMilliseconds: 1500 });
  const snapshot = await fetchPoint(cage, lab.url("repo"), { type: "tag", name: "v1.0.0" });
  const before = lab.server.count("fetch");
  lab.server.setFaults(({ service }) => (service === "fetch" ? { type: "hang" } : undefined));
  try {
    const reading = folders.map(async (path) => {
      try {
        await readPakFiles(snapshot, path, lab.cage.limits);
        return undefined;
      } catch (error) {
        return isPaksError(error) ? error.code : "?";
      }
    });
    expect(await Promise.all(reading)).toEqual(folders.map(() => "GIT_HOST_TIMEOUT"));
    expect(lab.server.count("fetch") - before).toBeLessThanOrEqual(3);
  } finally {
    lab.server.setFaults(undefined);
  }
  expect((await readPakFiles(snapshot, "a", lab.cage.limits)).files).toHaveLength(1);
  await snapshot.close();
  expect(await lab.leftovers()).toEqual([]);
});

test("what is too much together, or too large for itself, is no other's failure", async () => {
  const { found } = await readAtOnce([...folders, "big"], 512 * 1024);
  expect(found).toEqual([...folders.map(() => 1), "TOO_LARGE"]);
  expect(await lab.leftovers()).toEqual([]);
});
