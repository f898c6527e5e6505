import { expect, test } from "vitest";
import { heldBackText } from "../output/held-back.ts";
import { findHolder, resolveAsked } from "./held-back.ts";
import type { Ranges, Resolving, Root } from "./resolve.ts";

/** `account/name` → version → what it depends on. */
type World = Record<string, Record<string, Ranges>>;

const resolvingOf = (world: World, roots: readonly Root[], preferred: Record<string, string> = {}): Resolving => ({
  roots,
  preferred: new Map(Object.entries(preferred)),
  universe: {
    listVersions: async (id) => Object.keys(world[id] ?? {}).map((version) => ({ version, yanked: false })),
    listDependencies: async (id, version) => world[id]![version]!,
    findNewest: async (id, range) => (range === "latest" ? Object.keys(world[id] ?? {}).at(-1) : undefined),
  },
});
const ask = async (resolving: Resolving, strict: readonly string[] = []) => {
  const { chosen, heldBack } = await resolveAsked(resolving, new Set(strict));
  return {
    versions: Object.fromEntries([...chosen].map(([id, { version }]) => [id, version])),
    told: heldBack.map(heldBackText),
    heldBack,
  };
};
const held: World = {
  "a/report": { "1.0.0": { "a/text": "^0.1" } },
  "a/text": { "0.1.2": {}, "0.2.1": {} },
};
const workspace = (requires: Ranges): Root[] =>
  Object.entries(requires).map(([id, range]) => ({ requires: { [id]: range } }));

test("a newest version that a dependant does not take is named with the whole path to who holds it", async () => {
  const found = await ask(resolvingOf(held, workspace({ "a/text": "latest", "a/report": "^1" })));
  expect(found.versions).toEqual({ "a/report": "1.0.0", "a/text": "0.1.2" });
  expect(found.heldBack).toMatchObject([
    { pak: "a/text", version: "0.2.1", taken: "0.1.2", by: ["a/report@1.0.0 → a/text@^0.1"] },
  ]);
  expect(found.told).toEqual(["a/text 0.2.1 is passed over: a/report@1.0.0 asks for a/text@^0.1."]);
});

test("the newest that somebody asked for by name is refused instead of replaced by an older one", async () => {
  const resolving = resolvingOf(held, workspace({ "a/text": "latest", "a/report": "^1" }), { "a/report": "1.0.0" });
  await expect(ask(resolving, ["a/text"])).rejects.toMatchObject({
    code: "DEPENDENCY_CONFLICT",
    details: { pak: "a/text", paths: ["a/text@0.2.1", "a/report@1.0.0 → a/text@^0.1"] },
  });
});

test("the newest that somebody asked for by name goes before the newest of what nobody named", async () => {
  const world = { "a/a": { "1.0.0": {}, "2.0.0": { "a/b": "^1" } }, "a/b": { "1.0.0": {}, "2.0.0": {} } };
  const resolving = resolvingOf(world, workspace({ "a/a": "latest", "a/b": "latest" }));
  const lenient = await ask(resolving);
  expect(lenient.versions).toEqual({ "a/a": "2.0.0", "a/b": "1.0.0" });
  expect(lenient.told).toEqual(["a/b 2.0.0 is passed over: a/a@2.0.0 asks for a/b@^1."]);
  const strict = await ask(resolving, ["a/b"]);
  expect(strict.versions).toEqual({ "a/a": "1.0.0", "a/b": "2.0.0" });
  expect(strict.heldBack).toMatchObject([{ pak: "a/a", version: "2.0.0", taken: "1.0.0" }]);
});

test("a newest version whose dependency nobody knows, or of which no release fits, is not passed over in silence", async () => {
  const world = {
    "a/text": { "0.1.2": {}, "0.2.0": { "a/nothere": "^1" } },
    "a/csv": { "1.0.0": {}, "1.1.0": { "a/text": "^9" } },
  };
  expect((await ask(resolvingOf(world, workspace({ "a/text": "latest" })))).told).toEqual([
    "a/text 0.2.0 is passed over: it needs a/nothere, which the registry does not know.",
  ]);
  expect((await ask(resolvingOf(world, workspace({ "a/csv": "^1" })))).told).toEqual([
    "a/csv 1.1.0 is passed over: it needs a/text@^9, and no release fits that.",
  ]);
  // The same of what nobody asked for itself.
  const dependant = { ...world, "a/report": { "1.0.0": { "a/text": "*" } } };
  const { told } = await ask(resolvingOf(dependant, workspace({ "a/report": "latest" })));
  expect(told).toEqual(["a/text 0.2.0 is passed over: it needs a/nothere, which the registry does not know."]);
});

test("nothing is said of what stays as locked, of what the project's own range leaves out, and of prereleases", async () => {
  const locked = resolvingOf(held, workspace({ "a/text": "latest", "a/report": "^1" }), {
    "a/text": "0.1.2",
    "a/report": "1.0.0",
  });
  expect((await ask(locked)).told).toEqual([]);
  expect((await ask(resolvingOf(held, workspace({ "a/text": "^0.1" })))).told).toEqual([]);
  const beta = { "a/a": { "1.0.0": {}, "2.0.0-beta.1": {} } };
  expect((await ask(resolvingOf(beta, workspace({ "a/a": "*" })))).told).toEqual([]);
});

test("a pak of git holds a version back under its own name", async () => {
  const roots = [...workspace({ "a/text": "latest" }), { label: "github:o/r", requires: { "a/text": "^0.1" } }];
  expect((await ask(resolvingOf(held, roots))).told).toEqual([
    "a/text 0.2.1 is passed over: github:o/r asks for a/text@^0.1.",
  ]);
});

test("what can be had by asking for it has no holder, and a registry that fails now spoils no plan", async () => {
  const wanted = { id: "a/text", version: "0.2.1", taken: "0.1.2" };
  const resolving = resolvingOf(held, workspace({ "a/text": "^0.1" }));
  expect(await findHolder(resolving, wanted)).toBeUndefined();
  const { PaksError } = await import("@paks/schema");
  const failing = { ...resolving.universe, listDependencies: () => Promise.reject(new PaksError("OFFLINE", "No.")) };
  expect(await findHolder({ ...resolving, universe: failing }, wanted)).toMatchObject({
    reason: "it could not be worked out: No.",
  });
});
