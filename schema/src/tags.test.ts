import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { formatTag, isRepositoryWideTag, parseTagName, tagVersion } from "./tags.ts";
import { hostileText, quickest, resultOrPaksError } from "./testing/properties.ts";

const good = [
  "v1.2.0",
  "1.2.0",
  "pdf--v1.2.0",
  "pdf/v1.2.0",
  "skills/pdf/v1.2.0",
  "pdf@1.2.0",
  "release-1.2.0",
  "v1.0.0+a",
];
const bad = [
  "",
  "-x",
  "--upload-pack=x",
  ".v1",
  "/v1",
  "@v1",
  "v1..2",
  "a//b",
  "a/.b",
  "v1.",
  "v1/",
  "v1.lock",
  "a.lock/b",
]
  .concat([
    "v1@{0}",
    "v1^{}",
    "v1~1",
    "v1:x",
    "v1 x",
    "v1\n",
    "v1\0",
    "v1\\x",
    "v1?",
    "v1*",
    "v1[",
    "é",
    "refs/heads/main",
  ])
  .concat(["refs/tags/v1", "HEAD", "v1\u202E", "$(id)", "`id`", "a;b", "a|b", "a&b", "v1.LOCK"]);

test.each(good)("%s can be a tag", (tag) => expect(parseTagName(tag)).toBe(tag));

test.each(bad)("%j is refused as a tag", (tag) => {
  expect(resultOrPaksError(() => parseTagName(tag))).toMatchObject({ code: "INVALID_TAG" });
});

test("a tag has at most 128 characters", () => {
  expect(parseTagName("v".repeat(128))).toHaveLength(128);
  expect(() => parseTagName("v".repeat(129))).toThrow(/longer than 128/);
});

test.each([
  [{ version: "1.2.0", name: "pdf", path: "" }, "v1.2.0"],
  [{ version: "1.2.0", name: "pdf", path: "skills/pdf" }, "pdf--v1.2.0"],
  [{ version: "1.2.0", name: "pdf", path: "", prefix: "" }, "1.2.0"],
  [{ version: "1.2.0", name: "pdf", path: "skills/pdf", prefix: "release-" }, "release-1.2.0"],
])("paks publish writes %j as %s", (facts, tag) => {
  expect(formatTag(facts)).toBe(tag);
});

test("a prefix that no tag may have is refused", () => {
  for (const prefix of ["-", "refs/", "a b", "../"]) {
    expect(() => formatTag({ version: "1.2.0", name: "pdf", path: "", prefix })).toThrow(PaksError);
  }
});

const pdf = { name: "pdf", path: "skills/pdf", prefix: "doc-" };

test.each([
  "v1.2.0",
  "1.2.0",
  "pdf--v1.2.0",
  "pdf/v1.2.0",
  "skills/pdf/v1.2.0",
  "pdf@1.2.0",
  "pdf-v1.2.0",
  "doc-1.2.0",
])("%s releases 1.2.0 of pdf", (tag) => expect(tagVersion(tag, pdf)).toBe("1.2.0"));

test.each([
  "docx--v1.2.0",
  "xpdf--v1.2.0",
  "pdf--1.2.0",
  "pdf1.2.0",
  "v1.2",
  "v1",
  "skills/pdf",
  "skills/v1.2.0",
  "vv1.2.0",
  "V1.2.0",
])("%s does not concern pdf", (tag) => expect(tagVersion(tag, pdf)).toBeUndefined());

test("without a prefix of its own, or with null from the database, a pak has the common forms only", () => {
  expect(tagVersion("doc-1.2.0", { name: "pdf", path: "" })).toBeUndefined();
  expect(tagVersion("doc-1.2.0", { name: "pdf", path: "", prefix: null })).toBeUndefined();
  expect(tagVersion("null1.2.0", { name: "pdf", path: "", prefix: null })).toBeUndefined();
  expect(tagVersion("v1.2.0", { name: "pdf", path: "", prefix: null })).toBe("1.2.0");
});

test("only a bare version speaks to the whole repository", () => {
  expect(["v1.2.0", "1.2.0", "v1.2.0-rc.1"].every(isRepositoryWideTag)).toBe(true);
  expect(["pdf--v1.2.0", "vv1.2.0", "v1", "V1.2.0", "pdf@1.2.0", ""].some(isRepositoryWideTag)).toBe(false);
});

const nameText = fc.stringMatching(/^[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,2}$/);
const versionText = fc.stringMatching(
  /^(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})\.(0|[1-9][0-9]{0,2})(-(alpha|beta|rc)\.[1-9])?$/,
);

test("the tag that is written is read back as the same version", () => {
  fc.assert(
    fc.property(nameText, versionText, fc.constantFrom("", "skills/x", "a"), (name, version, path) => {
      expect(tagVersion(formatTag({ version, name, path }), { name, path })).toBe(version);
    }),
  );
  fc.assert(
    fc.property(nameText, versionText, fc.constantFrom("", "release-", "x/", "r"), (name, version, prefix) => {
      expect(tagVersion(formatTag({ version, name, path: "", prefix }), { name, path: "", prefix })).toBe(version);
    }),
  );
});

test("a tag written for one pak in a folder never releases another", () => {
  fc.assert(
    fc.property(nameText, nameText, versionText, (name, other, version) => {
      fc.pre(name !== other);
      expect(tagVersion(formatTag({ version, name, path: "a" }), { name: other, path: "b" })).toBeUndefined();
    }),
  );
});

test("whatever is given as a tag, it is returned unchanged or refused with a PaksError", () => {
  fc.assert(
    fc.property(hostileText([...good, ...bad]), (text) => {
      const tag = resultOrPaksError(() => parseTagName(text));
      expect(tag instanceof PaksError ? text : tag).toBe(text);
      tagVersion(text, pdf);
      isRepositoryWideTag(text);
    }),
    { numRuns: 2000 },
  );
});

test("a huge tag costs nothing", () => {
  for (const filler of ["a/", ".lock/", "..", "-"]) {
    const tag = filler.repeat(1_000_000);
    expect(quickest(() => resultOrPaksError(() => parseTagName(tag)))).toBeLessThan(100);
  }
});
