import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { formatPakRef, formatSource, parseFolder, parsePakRef, parseSource } from "./refs.ts";
import { hostileText, quickest, resultOrPaksError } from "./testing/properties.ts";

const codeOf = (run: () => unknown): string | undefined => {
  const result = resultOrPaksError(run);
  return result instanceof PaksError ? result.code : undefined;
};

test.each([
  ["acme/pdf", { account: "acme", name: "pdf" }],
  ["acme/pdf@1.2.0", { account: "acme", name: "pdf", selector: "1.2.0" }],
  ["acme/pdf@v1.2.0", { account: "acme", name: "pdf", selector: "1.2.0" }],
  ["acme/pdf@1.2.0-beta.1+x", { account: "acme", name: "pdf", selector: "1.2.0-beta.1+x" }],
  ["acme/pdf@^1.2", { account: "acme", name: "pdf", selector: "^1.2" }],
  ["acme/pdf@>=1 <2", { account: "acme", name: "pdf", selector: ">=1 <2" }],
  ["acme/pdf@*", { account: "acme", name: "pdf", selector: "*" }],
  ["acme/pdf@latest", { account: "acme", name: "pdf", selector: "latest" }],
  ["acme/pdf@beta", { account: "acme", name: "pdf", selector: "beta" }],
])("%s is a ref", (text, ref) => {
  expect(parsePakRef(text)).toEqual(ref);
  expect(parseSource(text)).toEqual({ type: "registry", ...ref });
});

test.each([
  "",
  "acme",
  "acme/",
  "/pdf",
  "a/b/c",
  "@acme/pdf",
  "acme@1.0.0",
  "acme/pdf@",
  "acme/pdf@@1",
  "acme/pdf@1.0.0@2",
  "Acme/pdf",
  "acme/pdf@a b",
])("%j is no ref", (text) => expect(codeOf(() => parsePakRef(text))).toMatch(/^INVALID_/));

const commit = "0123456789abcdef0123456789abcdef01234567";
const skills = "https://github.com/acme/skills";

test.each([
  [skills, { url: skills }],
  [`${skills}#v1.0.0`, { url: skills, ref: "v1.0.0" }],
  [`${skills}#pdf--v1.0.0`, { url: skills, ref: "pdf--v1.0.0" }],
  [`${skills}#feature/x`, { url: skills, ref: "feature/x" }],
  [`${skills}#${commit.toUpperCase()}`, { url: skills, ref: commit }],
  [`${skills}#path=skills/pdf&tag=v1.0.0`, { url: skills, tag: "v1.0.0", path: "skills/pdf" }],
  [`${skills}#branch=feature/x`, { url: skills, branch: "feature/x" }],
  [`${skills}#commit=${commit}`, { url: skills, commit }],
  [`${skills}#version=^1.2&path=a`, { url: skills, version: "^1.2", path: "a" }],
  [`${skills}#tag=skills%2Fpdf%2Fv1.0.0`, { url: skills, tag: "skills/pdf/v1.0.0" }],
  [`${skills}#path=./skills/pdf/`, { url: skills, path: "skills/pdf" }],
  [`${skills}#path=.`, { url: skills }],
  [`${skills}#`, { url: skills }],
  ["http://127.0.0.1:8080/x.git#tag=v1.0.0", { url: "http://127.0.0.1:8080/x.git", tag: "v1.0.0" }],
  ["git@github.com:acme/skills.git#tag=v1.0.0", { url: "ssh://git@github.com/acme/skills", tag: "v1.0.0" }],
  ["ssh://git@git.example.com:2222/x", { url: "ssh://git@git.example.com:2222/x" }],
  ["file:///srv/x#tag=v1.0.0", { url: "file:///srv/x", tag: "v1.0.0" }],
])("%s is a git source", (text, source) => {
  expect(parseSource(text)).toEqual({ type: "git", ...source });
});

test.each([
  ["github:acme/skills", { url: skills }],
  ["github:acme/skills/", { url: skills }],
  ["github:acme/skills#v1.0.0", { url: skills, ref: "v1.0.0" }],
  ["github:acme/skills/skills/pdf", { url: skills, path: "skills/pdf" }],
  ["github:acme/skills/skills/pdf#main", { url: skills, ref: "main", path: "skills/pdf" }],
  ["github:acme/skills.git/pdf#branch=x/y", { url: skills, branch: "x/y", path: "pdf" }],
  ["gitlab:acme/skills", { url: "https://gitlab.com/acme/skills.git" }],
  ["gitlab:acme/sub/group/skills#path=pdf", { url: "https://gitlab.com/acme/sub/group/skills.git", path: "pdf" }],
])("%s is a repository of that host", (text, source) => {
  expect(parseSource(text)).toEqual({ type: "git", ...source });
});

test.each([
  [`${skills}/tree/main/skills/pdf`, { url: skills, tree: "main/skills/pdf" }],
  [`${skills}/tree/feature/x`, { url: skills, tree: "feature/x" }],
  [`${skills}/tree/main/skills/a%20b/`, { url: skills, tree: "main/skills/a b" }],
  [`${skills}/blob/main/skills/pdf/SKILL.md#L10`, { url: skills, tree: "main/skills/pdf" }],
  [`${skills}/blob/main/SKILL.md?plain=1`, { url: skills, tree: "main" }],
  [`${skills}?tab=readme-ov-file`, { url: skills }],
  [
    `https://gitlab.com/g/sub/r/-/tree/main/pdf?ref_type=heads`,
    { url: "https://gitlab.com/g/sub/r.git", tree: "main/pdf" },
  ],
  [`https://git.example.com/g/r/-/blob/v1/pdf/skill.md`, { url: "https://git.example.com/g/r", tree: "v1/pdf" }],
  [
    `https://codeberg.org/acme/skills/src/branch/main/pdf`,
    { url: "https://codeberg.org/acme/skills", tree: "main/pdf" },
  ],
  [`https://bitbucket.org/acme/skills/src/main/pdf/`, { url: "https://bitbucket.org/acme/skills", tree: "main/pdf" }],
])("what a browser shows, %s, is a folder of a repository", (text, source) => {
  expect(parseSource(text)).toEqual({ type: "git", ...source });
});

test.each([
  ["npm:skills", { package: "skills" }],
  ["npm:@acme/skills", { package: "@acme/skills" }],
  ["npm:@acme/skills@^1", { package: "@acme/skills", selector: "^1" }],
  ["npm:skills@1.2.0#path=skills/pdf", { package: "skills", selector: "1.2.0", path: "skills/pdf" }],
  ["npm:skills@beta", { package: "skills", selector: "beta" }],
])("%s is an npm package", (text, source) => {
  expect(parseSource(text)).toEqual({ type: "npm", ...source });
});

test.each([".", "..", "./x", "../x", "./a/b c", "/x", "C:\\x", "c:/x", ".\\x", "..\\x", "\\\\server\\share"])(
  "%s is a local folder",
  (path) => {
    expect(parseSource(path)).toEqual({ type: "local", path });
  },
);

test.each([
  ["https://github.com/acme/skills#branch=HEAD", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#branch=--upload-pack%3Dx", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#branch=refs/heads/main", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#commit=0123456", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#tag=v1&branch=main", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#tag=v1&ref=main", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#version=;", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#--upload-pack", "INVALID_TAG"],
  ["https://github.com/acme/skills#tree=-x", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#tree=", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#tree=main/x&path=y", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills/tree/main/%2e%2e/x", "UNSAFE_PATH"],
  ["https://github.com/acme/skills/tree/main/a%5Cb", "UNSAFE_PATH"],
  ["https://github.com/acme/skills/tree/main/%1b%5b31m", "UNSAFE_PATH"],
  ["https://github.com/acme/skills/blob/main/README.md", "INVALID_PARAMETER"],
  ["https://user:pw@github.com/acme/skills/tree/main/x", "CREDENTIALS_IN_URL"],
  ["https://github.com/acme/skills/tree/main/x?token=1", "CREDENTIALS_IN_URL"],
  ["https://github.com/acme/skills?tab=a&token=1", "CREDENTIALS_IN_URL"],
  ["https://github.com/acme/skills#tag=v1&tag=v2", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#tag=v1&x", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#__proto__=x", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#=v1", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#%zz", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#tag=--upload-pack%3Dx", "INVALID_TAG"],
  ["https://github.com/acme/skills#tag=", "INVALID_TAG"],
  ["https://github.com/acme/skills#path=../x", "UNSAFE_PATH"],
  ["https://github.com/acme/skills#path=/etc", "UNSAFE_PATH"],
  ["https://github.com/acme/skills#path=.git/hooks", "UNSAFE_PATH"],
  ["https://user:pw@github.com/acme/skills", "CREDENTIALS_IN_URL"],
  ["https://github.com/acme/skills?x=1#v1", "CREDENTIALS_IN_URL"],
  ["ext::sh -c x", "INVALID_REPOSITORY_URL"],
  ["ext::sh", "PROTOCOL_NOT_ALLOWED"],
  ["git://example.com/x", "PROTOCOL_NOT_ALLOWED"],
  ["github:acme", "INVALID_PARAMETER"],
  ["github:", "INVALID_PARAMETER"],
  ["github:acme/../skills", "INVALID_PARAMETER"],
  ["github:acme//skills", "INVALID_PARAMETER"],
  ["github:acme/skills/a#path=b", "INVALID_PARAMETER"],
  ["github:acme/skills/.git/hooks", "UNSAFE_PATH"],
  ["github:acme/skills?x=1", "CREDENTIALS_IN_URL"],
  ["github:user:pw@x/acme/skills", "INVALID_REPOSITORY_URL"],
  ["gitlab:acme/x/../skills", "INVALID_PARAMETER"],
  ["gitlab:acme", "INVALID_PARAMETER"],
  ["npm:", "INVALID_PARAMETER"],
  ["npm:@acme", "INVALID_PARAMETER"],
  ["npm:../x", "INVALID_PARAMETER"],
  ["npm:@acme/../x", "INVALID_PARAMETER"],
  ["npm:skills@", "INVALID_PARAMETER"],
  ["npm:skills@file:x", "INVALID_PARAMETER"],
  ["npm:skills#v1", "INVALID_PARAMETER"],
  ["npm:skills#path=../x", "UNSAFE_PATH"],
  ["./a\u202Eb", "INVALID_CHARACTERS"],
  ["", "INVALID_PARAMETER"],
  ["-x", "INVALID_NAME"],
  ["x".repeat(4097), "INVALID_PARAMETER"],
])("%j is refused as a source with %s", (text, code) => {
  expect(codeOf(() => parseSource(text))).toBe(code);
});

test.each([
  ["", ""],
  [".", ""],
  ["./", ""],
  ["skills/pdf", "skills/pdf"],
  ["./skills/pdf/", "skills/pdf"],
  ["././a", "a"],
])("the folder %j of a repository is %j", (text, folder) => expect(parseFolder(text)).toBe(folder));

const examples = [
  "acme/pdf",
  "acme/pdf@^1.2",
  "acme/pdf@latest",
  "./x",
  "/x",
  "C:\\x",
  "https://github.com/acme/skills#path=a/b&tag=v1.0.0",
].concat([
  "git@github.com:acme/skills.git#v1",
  "file:///srv/x#v1.0.0",
  "ssh://git@x.org/a#path=ü&tag=v1",
  "github:a/b",
  "github:a/b/c/d#v1",
  "gitlab:a/b/c#branch=x/y&path=z",
  "https://github.com/a/b/tree/main/c",
  "https://gitlab.com/a/b/-/blob/main/c/SKILL.md?ref_type=heads#L1",
  "https://codeberg.org/a/b/src/tag/v1/c",
  `https://github.com/a/b#commit=${commit}`,
  "https://github.com/a/b#version=^1&path=c",
  "npm:@a/b@^1#path=c",
  "git@x.org:a/b",
]);

test("whatever is given as a source, it is refused with a PaksError, or its text leads to the same source again", () => {
  fc.assert(
    fc.property(hostileText(examples), (text) => {
      const source = resultOrPaksError(() => parseSource(text));
      if (source instanceof PaksError) return;
      expect(parseSource(formatSource(source))).toEqual(source);
    }),
    { numRuns: 3000 },
  );
});

test("whatever is given as a ref, it is refused with a PaksError, or its text leads to the same ref again", () => {
  fc.assert(
    fc.property(hostileText(examples.slice(0, 3)), (text) => {
      const ref = resultOrPaksError(() => parsePakRef(text));
      if (ref instanceof PaksError) return;
      expect(parsePakRef(formatPakRef(ref))).toEqual(ref);
    }),
    { numRuns: 1000 },
  );
});

test("a folder with any name that paths may have survives in a source's text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), (text) => {
      const path = resultOrPaksError(() => parseFolder(text));
      if (path instanceof PaksError || path === "") return;
      const source = { type: "git" as const, url: "https://github.com/acme/skills", tag: "v1.0.0", path };
      expect(parseSource(formatSource(source))).toEqual(source);
    }),
  );
});

test("a huge source costs nothing", () => {
  for (const filler of ["a/", "@", "#", "../", "https://", "%2f", "github:a/", "npm:@a", "https://x/tree/", "?tab=a"]) {
    const text = filler.repeat(500_000);
    expect(codeOf(() => parseSource(text))).toBe("INVALID_PARAMETER");
    expect(codeOf(() => parsePakRef(text))).toMatch(/^INVALID_/);
    expect(quickest(() => [codeOf(() => parseSource(text)), codeOf(() => parsePakRef(text))])).toBeLessThan(100);
  }
});
