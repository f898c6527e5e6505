import fc from "fast-check";
import { isPaksError, selectVersion } from "@paks/schema";
import { expect, test } from "vitest";
import { type Ranges, type Universe, resolvePaks } from "./resolve.ts";

/** `account/name` → version → what it depends on. */
type World = Record<string, Record<string, Ranges>>;

const universeOf = (world: World): Universe => ({
  listVersions: async (id) => Object.keys(world[id] ?? {}).map((version) => ({ version, yanked: false })),
  listDependencies: async (id, version) => world[id]![version]!,
});
const solve = async (world: World, requires: Ranges, preferred: Record<string, string> = {}) => {
  const resolved = await resolvePaks({
    roots: [{ requires }],
    preferred: new Map(Object.entries(preferred)),
    universe: universeOf(world),
  });
  return Object.fromEntries([...resolved].map(([id, { version }]) => [id, version]));
};

test("the highest versions that fit are chosen, and what they depend on", async () => {
  const world = {
    "a/a": { "1.0.0": {}, "1.1.0": { "a/b": "^2" }, "2.0.0": {} },
    "a/b": { "2.0.0": {}, "2.3.0": {}, "3.0.0": {}, "2.4.0-beta.1": {} },
  };
  expect(await solve(world, { "a/a": "^1" })).toEqual({ "a/a": "1.1.0", "a/b": "2.3.0" });
});

test("a locked version stays as long as it fits", async () => {
  const world = { "a/a": { "1.0.0": {}, "1.1.0": {}, "2.0.0": {} } };
  expect(await solve(world, { "a/a": "^1" }, { "a/a": "1.0.0" })).toEqual({ "a/a": "1.0.0" });
  expect(await solve(world, { "a/a": "^2" }, { "a/a": "1.0.0" })).toEqual({ "a/a": "2.0.0" });
});

test("a locked graph is taken without asking for versions", async () => {
  const universe: Universe = {
    listVersions: () => Promise.reject(new Error("asked")),
    listDependencies: async (id) => (id === "a/a" ? { "a/b": "^1" } : {}),
  };
  const preferred = new Map([
    ["a/a", "1.0.0"],
    ["a/b", "1.0.0"],
  ]);
  expect((await resolvePaks({ roots: [{ requires: { "a/a": "*" } }], preferred, universe })).size).toBe(2);
});

test("an older version is taken where the newest does not go together with the others", async () => {
  const world = {
    "a/a": { "1.0.0": { "a/c": "^1" } },
    "a/b": { "1.0.0": { "a/c": "^1" }, "2.0.0": { "a/c": "^2" } },
    "a/c": { "1.0.0": {}, "2.0.0": {} },
  };
  expect(await solve(world, { "a/a": "*", "a/b": "*" })).toEqual({ "a/a": "1.0.0", "a/b": "1.0.0", "a/c": "1.0.0" });
});

test("paks that depend on each other are each chosen once", async () => {
  const world = { "a/a": { "1.0.0": { "a/b": "^1" } }, "a/b": { "1.0.0": { "a/a": "^1" } } };
  expect(await solve(world, { "a/a": "*" })).toEqual({ "a/a": "1.0.0", "a/b": "1.0.0" });
});

test("a conflict names the whole path of each that asks", async () => {
  const world = {
    "a/a": { "1.0.0": { "a/b": "^1" } },
    "a/b": { "1.0.0": { "a/c": "^1" } },
    "a/d": { "1.0.0": { "a/c": "^2" } },
    "a/c": { "1.0.0": {}, "2.0.0": {} },
  };
  const failing = solve(world, { "a/a": "*", "a/d": "*" });
  await expect(failing).rejects.toMatchObject({
    code: "DEPENDENCY_CONFLICT",
    message: expect.stringContaining("a/a@1.0.0 → a/b@1.0.0 → a/c@^1") as string,
    details: { pak: "a/c", paths: expect.arrayContaining(["a/d@1.0.0 → a/c@^2"]) as string[] },
  });
});

test("a dependency that nobody knows is named with who asks for it", async () => {
  await expect(solve({ "a/a": { "1.0.0": { "a/gone": "^1" } } }, { "a/a": "*" })).rejects.toMatchObject({
    code: "PAK_NOT_FOUND",
    message: expect.stringContaining("a/a@1.0.0 → a/gone@^1") as string,
  });
});

test("a yanked version is taken only when it is named or locked", async () => {
  const universe: Universe = {
    listVersions: async () => [
      { version: "1.1.0", yanked: true },
      { version: "1.0.0", yanked: false },
    ],
    listDependencies: async () => ({}),
  };
  const ask = async (range: string, preferred = new Map<string, string>()) =>
    (await resolvePaks({ roots: [{ requires: { "a/a": range } }], preferred, universe })).get("a/a")?.version;
  expect(await ask("^1")).toBe("1.0.0");
  expect(await ask("1.1.0")).toBe("1.1.0");
  expect(await ask("^1", new Map([["a/a", "1.1.0"]]))).toBe("1.1.0");
});

test("a hundred paks that each ask for one wrong dependency in the end are refused in time", async () => {
  const world: World = { "a/z": { "1.0.0": {} } };
  for (let index = 0; index < 100; index += 1)
    world[`a/p${index}`] = Object.fromEntries(["1.0.0", "1.1.0", "1.2.0"].map((version) => [version, {}]));
  world["a/last"] = { "1.0.0": { "a/z": "^2" } };
  const requires = Object.fromEntries([...Object.keys(world), "a/last"].map((id) => [id, "*"]));
  await expect(solve(world, requires)).rejects.toMatchObject({ code: "DEPENDENCY_CONFLICT" });
});

/** Every assignment, tried one by one. */
function isSolvable(world: World, requires: Ranges): boolean {
  const ids = Object.keys(world);
  const fits = (version: string | undefined, range: string) =>
    version !== undefined && selectVersion([{ version, yanked: false }], range) !== undefined;
  const tryFrom = (index: number, chosen: Record<string, string | undefined>): boolean => {
    const id = ids[index];
    if (id === undefined) {
      const all = [requires, ...ids.flatMap((one) => (chosen[one] === undefined ? [] : [world[one]![chosen[one]]!]))];
      return all.every((ranges) => Object.entries(ranges).every(([other, range]) => fits(chosen[other], range)));
    }
    return [undefined, ...Object.keys(world[id]!)].some((version) => tryFrom(index + 1, { ...chosen, [id]: version }));
  };
  return tryFrom(0, {});
}

test("whenever there is a solution one is found, and what is found is one", async () => {
  const id = fc.constantFrom("a/a", "a/b", "a/c", "a/d");
  const range = fc.constantFrom("^1", "^2", "1.0.0", "*", ">=1.1.0");
  const ranges = fc.dictionary(id, range, { maxKeys: 3 });
  const versions = fc.dictionary(fc.constantFrom("1.0.0", "1.1.0", "2.0.0"), ranges, { minKeys: 1 });
  const worlds: fc.Arbitrary<World> = fc.record({ "a/a": versions, "a/b": versions, "a/c": versions, "a/d": versions });
  await fc.assert(
    fc.asyncProperty(worlds, ranges, async (world, requires) => {
      const found = await solve(world, requires).catch((error: unknown) => (isPaksError(error) ? undefined : error));
      expect(found !== undefined).toBe(isSolvable(world, requires));
      const chosen = (found ?? {}) as Record<string, string>;
      const all = [found ? requires : {}, ...Object.entries(chosen).map(([one, version]) => world[one]![version]!)];
      for (const [other, wanted] of all.flatMap((one) => Object.entries(one)))
        expect(selectVersion([{ version: chosen[other] ?? "", yanked: false }], wanted)).toBeDefined();
    }),
    { numRuns: 500 },
  );
});
