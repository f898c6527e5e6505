import { afterAll, beforeAll, expect, test } from "vitest";
import { type Author, change, expectRegistered, expectReleases, openAuthor } from "./harness/author.ts";
import { mustEndWell, openLabLoggedIn } from "./harness/journey.ts";
import type { Lab } from "./harness/lab.ts";

/** Four paks: two groups of tags. */
const names = ["a", "b", "c", "d"];

let lab: Lab;
let author: Author;
beforeAll(async () => {
  lab = await openLabLoggedIn();
  const paks = new Map(names.map((name) => [name, `skills/${name}`]));
  const args = ["publish", "--changed", "--bump", "patch", "--yes", "--json", "--no-wait"];
  author = await openAuthor(lab, { repository: "monorepo", paks, args });
});
afterAll(() => lab.close());

/** Every point between two steps of a release of several paks; `@n`: when it is passed for the n-th time. */
const points = [
  "planned",
  ...["manifest-edited", "manifest-edited@2", "manifest-edited@4"],
  ...["edited", "committed", "verified"],
  ...["tag-made", "tag-made@3", "tagged"],
  ...["group-pushed", "group-pushed@2", "pushed"],
  ...["notified", "notified@3"],
];

test.each(points)("killed at %s, the same command again releases each of the four paks once", async (point) => {
  await change(author, names);
  const env = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:kill` };
  const killed = await lab.paks(author.dir, author.args, { env });
  expect(killed.signal, killed.stdout + killed.stderr).toBe("SIGKILL");
  mustEndWell("publish", await lab.paks(author.dir, author.args));
  await expectReleases(author);
});

test("killed twice, at two points, the third run releases the two paks that were changed", async () => {
  for (const [first, second] of [
    ["manifest-edited", "tag-made"],
    ["tag-made", "pushed"],
    ["committed", "notified"],
  ]) {
    await change(author, ["b", "d"]);
    for (const point of [first, second]) {
      const env = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:kill` };
      expect((await lab.paks(author.dir, author.args, { env })).signal).toBe("SIGKILL");
    }
    mustEndWell("publish", await lab.paks(author.dir, author.args));
    await expectReleases(author);
  }
});

test("after all of it the registry has every intended version once, and no other", async () => {
  await expectRegistered(author, 170_000);
}, 180_000);
