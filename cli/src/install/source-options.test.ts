import { PaksError, parseSource } from "@paks/schema";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { nameEach } from "./choose-sources.ts";
import { withOptions } from "./source-options.ts";

const commit = "0123456789abcdef0123456789abcdef01234567";

test.each([
  ["github:acme/skills", {}, "github:acme/skills"],
  ["github:acme/skills", { tag: "v1.0.0" }, "https://github.com/acme/skills#tag=v1.0.0"],
  ["github:acme/skills/pdf", { branch: "a/b" }, "https://github.com/acme/skills#branch=a/b&path=pdf"],
  ["github:acme/skills", { commit, path: "./a b/" }, `https://github.com/acme/skills#commit=${commit}&path=a%20b`],
  ["acme/pdf", { version: "^1" }, "acme/pdf@^1"],
  ["npm:skills", { version: "^1", path: "pdf" }, "npm:skills@^1#path=pdf"],
  ["./repo/", { path: "skills/pdf" }, "./repo/skills/pdf"],
])("%s with %j is %s", (text, options, expected) => expect(withOptions(text, options)).toBe(expected));

test.each([
  ["acme/pdf@1.0.0", { version: "^1" }, "USAGE"],
  ["acme/pdf", { path: "x" }, "USAGE"],
  ["./x", { commit }, "USAGE"],
  ["./x", { path: "../y" }, "UNSAFE_PATH"],
  ["npm:skills", { branch: "main" }, "USAGE"],
  ["github:acme/skills#v1", { tag: "v2" }, "INVALID_PARAMETER"],
  ["github:acme/skills", { tag: "-x" }, "INVALID_TAG"],
  ["https://github.com/acme/skills/tree/main/pdf", { path: "x" }, "INVALID_PARAMETER"],
])("%s with %j is refused with %s", (text, options, code) => {
  expect(() => withOptions(text, options)).toThrow(expect.objectContaining({ code }));
});

test("each source is named with each folder, and none twice", () => {
  expect(nameEach(["npm:a", "npm:b"], { path: ["x", "y"] })).toEqual([
    "npm:a#path=x",
    "npm:a#path=y",
    "npm:b#path=x",
    "npm:b#path=y",
  ]);
  expect(() => nameEach(["npm:a"], { path: ["x", "x"] })).toThrow(expect.objectContaining({ code: "USAGE" }));
});

const resultOrPaksError = (run: () => string): string | PaksError => {
  try {
    return run();
  } catch (error) {
    if (error instanceof PaksError) return error;
    throw error;
  }
};

function says(named: string, meant: { source: string; tag: string | undefined; branch: string | undefined }): boolean {
  const parsed = parseSource(named);
  if (parsed.type !== parseSource(meant.source).type) return false;
  if (parsed.type !== "git") return true;
  return [meant.tag ?? parsed.tag, meant.branch ?? parsed.branch].every(
    (one, index) => one === [parsed.tag, parsed.branch][index],
  );
}

test("whatever the flags are, they are refused with a PaksError, or the text with them is a source that says them", () => {
  const text = fc.constantFrom(
    "github:a/b",
    "gitlab:a/b/c",
    "git@x.org:a/b",
    "npm:@a/b",
    "./x",
    "a/b",
    "file:///srv/x",
  );
  const word = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 20 }),
    fc.constantFrom("v1.0.0", "main", "^1", "a/b", "..", "--x", "#", "a&b=c", "%2e%2e", "\u001b[31m", commit),
  );
  const flag = fc.option(word, { nil: undefined });
  const flags = fc.record({ version: flag, tag: flag, branch: flag, commit: flag, path: flag });
  fc.assert(
    fc.property(text, flags, (source, options) => {
      const named = resultOrPaksError(() => withOptions(source, options));
      return named instanceof PaksError || says(named, { source, ...options });
    }),
    { numRuns: 2000 },
  );
});
