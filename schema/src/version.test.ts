import * as fc from "fast-check";
import semverCompare from "semver/functions/compare.js";
import semverValid from "semver/functions/valid.js";
import { expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { hostileText, quickest, resultOrPaksError, timeGrowth } from "./testing/properties.ts";
import {
  bumps,
  bumpVersion,
  compareVersions,
  isPrerelease,
  isVersion,
  parseSelector,
  parseVersion,
  selectVersion,
  versionKey,
} from "./version.ts";

const good = [
  "0.0.0",
  "1.2.3",
  "10.20.30",
  "1.0.0-alpha",
  "1.0.0-alpha.1",
  "1.0.0-0.3.7",
  "1.0.0-x-y-z.--",
  "1.0.0+001",
].concat(["1.0.0-beta+exp.sha.5114f85", "1.0.0--", "9007199254740991.0.0", "1.0.0-99999999999999999999"]);
const bad = [
  "",
  "1",
  "1.0",
  "v1.0.0",
  "=1.0.0",
  " 1.0.0",
  "1.0.0 ",
  "1.0.0\n",
  "01.0.0",
  "1.00.0",
  "1.0.0-",
  "1.0.0-01",
].concat(["1.0.0+", "1.0.0-a..b", "1.0.0+a+b", "9007199254740992.0.0", "1.0.0-ü", "1.x.0", "latest"]);

const part = fc.oneof(fc.nat(30), fc.constant(Number.MAX_SAFE_INTEGER));
const identifier = fc.stringMatching(/^(0|[1-9][0-9]{0,3}|[0-9]{0,2}[A-Za-z-][0-9A-Za-z-]{0,5})$/);
const suffix = fc.option(fc.array(identifier, { minLength: 1, maxLength: 3 }), { nil: undefined });
const version = fc
  .tuple(part, part, part, suffix, suffix)
  .map(
    ([x, y, z, pre, build]) => `${x}.${y}.${z}${pre ? `-${pre.join(".")}` : ""}${build ? `+${build.join(".")}` : ""}`,
  );

test.each(good)("%s is a version and stays as it is", (text) => expect(parseVersion(text)).toBe(text));

test.each(bad)("%j is no version", (text) => {
  expect(resultOrPaksError(() => parseVersion(text))).toMatchObject({ code: "INVALID_PARAMETER" });
});

test("a version has at most 128 characters", () => {
  expect(parseVersion(`1.0.0-${"a".repeat(122)}`)).toHaveLength(128);
  expect(() => parseVersion(`1.0.0-${"a".repeat(123)}`)).toThrow(PaksError);
});

test("what nearly is a version is put right in the hint", () => {
  expect(resultOrPaksError(() => parseVersion("v1.2.0"))).toMatchObject({ hint: "Write 1.2.0." });
});

test("a version is what semver accepts without rewriting it, and nothing else", () => {
  fc.assert(
    fc.property(fc.oneof(version, hostileText([...good, ...bad])), (text) => {
      const strict = text.length <= 128 && !/^[v=\s]|\s$/.test(text) && semverValid(text) !== null;
      expect(isVersion(text)).toBe(strict);
    }),
    { numRuns: 2000 },
  );
});

test.each([
  [undefined, "patch", undefined, "0.0.1"],
  [undefined, "minor", undefined, "0.1.0"],
  [undefined, "major", undefined, "1.0.0"],
  ["0.1.0", "patch", undefined, "0.1.1"],
  ["1.2.3", "minor", undefined, "1.3.0"],
  ["1.2.3", "major", undefined, "2.0.0"],
  ["1.2.3", "prerelease", undefined, "1.2.4-0"],
  ["1.2.3", "prerelease", "beta", "1.2.4-beta.0"],
  ["1.2.4-beta.0", "prerelease", "beta", "1.2.4-beta.1"],
  ["1.2.4-beta.1", "prerelease", "rc", "1.2.4-rc.0"],
  ["1.2.4-beta.1", "patch", undefined, "1.2.4"],
  ["1.2.3+build", "patch", undefined, "1.2.4"],
] as const)("%s, one %s step (%s) further, is %s", (from, bump, preid, to) => {
  expect(bumpVersion(from, bump, preid)).toBe(to);
});

test("a step always leads to a higher version that can be read, or says why not", () => {
  fc.assert(
    fc.property(version, fc.constantFrom(...bumps), fc.option(identifier, { nil: undefined }), (from, bump, preid) => {
      const next = resultOrPaksError(() => bumpVersion(from, bump, preid));
      if (next instanceof PaksError) return;
      expect(parseVersion(next)).toBe(next);
      // `rc` → `beta` is a step back that the user asked for by name.
      expect(preid !== undefined || compareVersions(next, from) === 1).toBe(true);
    }),
  );
});

test.each(["", "01", "a b", "a.b", "ü", "x".repeat(33)])("%j cannot name a pre-release", (preid) => {
  expect(resultOrPaksError(() => bumpVersion("1.0.0", "prerelease", preid))).toMatchObject({
    code: "INVALID_PARAMETER",
  });
});

test("versions that differ only in build metadata have one key", () => {
  expect(versionKey("1.0.0-rc.1+a")).toBe(versionKey("1.0.0-rc.1+b"));
  expect(versionKey("1.0.0")).not.toBe(versionKey("1.0.0-rc.1"));
});

test("the order is semver's", () => {
  const ordered = [
    "1.0.0-alpha",
    "1.0.0-alpha.1",
    "1.0.0-beta.2",
    "1.0.0-beta.11",
    "1.0.0-rc.1",
    "1.0.0",
    "1.0.1",
    "1.10.0",
  ];
  expect([...ordered].reverse().sort(compareVersions)).toEqual(ordered);
  fc.assert(
    fc.property(version, version, (a, b) => {
      expect(compareVersions(a, b)).toBe(semverCompare(a, b));
    }),
  );
});

test("only a version with a hyphen part is a pre-release", () => {
  expect(isPrerelease("1.0.0-0")).toBe(true);
  expect(isPrerelease("1.0.0+a-b")).toBe(false);
});

const releases = (...texts: string[]) =>
  texts.map((text) => ({ version: text.replace("!", ""), yanked: text.endsWith("!") }));
const pick = (texts: string[], selector?: string) => selectVersion(releases(...texts), selector)?.version;

test.each([
  ["the highest stable one", ["1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1"], undefined, "1.10.0"],
  ["the same for `latest`", ["1.0.0", "2.0.0-rc.1"], "latest", "1.0.0"],
  ["the highest pre-release when none is stable", ["1.0.0-a", "1.0.0-b"], undefined, "1.0.0-b"],
  ["no yanked one by default", ["1.0.0", "2.0.0!"], undefined, "1.0.0"],
  ["a pre-release before a yanked stable one", ["1.0.0!", "2.0.0-rc.1"], undefined, "2.0.0-rc.1"],
  ["nothing when all are yanked", ["1.0.0!"], undefined, undefined],
  ["a yanked one when it is named exactly", ["1.0.0", "2.0.0!"], "2.0.0", "2.0.0"],
  ["an exact version with v before it", ["1.0.0", "2.0.0"], "v1.0.0", "1.0.0"],
  ["an exact version whatever its build metadata", ["1.0.0+a"], "1.0.0", "1.0.0+a"],
  ["no other version for an exact one", ["1.0.1"], "1.0.0", undefined],
  ["the highest in a range", ["1.0.0", "1.2.9", "1.2.10", "2.0.0"], "^1.2", "1.2.10"],
  ["no yanked one in a range", ["1.2.0", "1.2.1!"], "^1.2", "1.2.0"],
  ["no pre-release in a range", ["1.2.0", "1.3.0-rc.1"], "^1.2", "1.2.0"],
  ["a pre-release in a range that asks for it", ["1.2.0", "1.3.0-rc.2"], ">=1.3.0-rc.1", "1.3.0-rc.2"],
  ["every stable one for *", ["1.2.0", "1.3.0"], "*", "1.3.0"],
  ["the highest of a channel", ["1.0.0", "1.1.0-beta.1", "1.1.0-beta.2", "1.1.0-rc.1"], "beta", "1.1.0-beta.2"],
  ["no yanked one of a channel", ["1.1.0-beta.1", "1.1.0-beta.2!"], "beta", "1.1.0-beta.1"],
  ["nothing for a channel without releases", ["1.0.0"], "beta", undefined],
] as const)("a selector finds %s", (_what, versions, selector, expected) => {
  expect(pick([...versions], selector)).toBe(expected);
});

test.each(["", " ", "^", "a b", "Beta!", "1.2.3.4", "^^1", "-", "x".repeat(129), "\n", "1.0\t"])(
  "%j selects nothing: refused",
  (text) => {
    expect(resultOrPaksError(() => parseSelector(text))).toMatchObject({ code: "INVALID_PARAMETER" });
  },
);

test("whatever stands behind the @, selectors are read, kept on a second reading, or refused with a PaksError", () => {
  fc.assert(
    fc.property(hostileText([...good, ...bad, "^1.2", ">=1 <2", "1.x", "~1.2.3", "1 || 2", "beta"]), (text) => {
      const selector = resultOrPaksError(() => parseSelector(text));
      if (selector instanceof PaksError) return;
      expect(parseSelector(selector)).toBe(selector);
      selectVersion(releases("1.0.0", "1.1.0-beta.1"), selector);
    }),
    { numRuns: 2000 },
  );
});

test("an over-long version or selector costs no more than a short one", () => {
  for (const filler of ["1", "-", ".0", "|", " ", "1.0.0 || "]) {
    const run = (size: number) => {
      const text = `1.0.0-${filler.repeat(size)}`;
      isVersion(text);
      resultOrPaksError(() => parseSelector(text));
    };
    expect(timeGrowth(run, [10_000, 100_000])).toBeLessThan(40);
  }
});

test("the worst selectors within the length are read in a moment", () => {
  for (const filler of [" ", "|", "<", "^", "x", "1-", "- ", ".0", "0"]) {
    const text = `>${filler.repeat(126)}1`.slice(0, 128);
    expect(quickest(() => resultOrPaksError(() => parseSelector(text)))).toBeLessThan(100);
  }
});
