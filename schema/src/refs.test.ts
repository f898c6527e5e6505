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

test.each([
  ["https://github.com/acme/skills", { url: "https://github.com/acme/skills" }],
  ["https://github.com/acme/skills#v1.0.0", { url: "https://github.com/acme/skills", tag: "v1.0.0" }],
  ["https://github.com/acme/skills#pdf--v1.0.0", { url: "https://github.com/acme/skills", tag: "pdf--v1.0.0" }],
  [
    "https://github.com/acme/skills#path=skills/pdf&tag=v1.0.0",
    { url: "https://github.com/acme/skills", tag: "v1.0.0", path: "skills/pdf" },
  ],
  [
    "https://github.com/acme/skills#tag=skills%2Fpdf%2Fv1.0.0",
    { url: "https://github.com/acme/skills", tag: "skills/pdf/v1.0.0" },
  ],
  ["https://github.com/acme/skills#path=./skills/pdf/", { url: "https://github.com/acme/skills", path: "skills/pdf" }],
  ["https://github.com/acme/skills#path=.", { url: "https://github.com/acme/skills" }],
  ["https://github.com/acme/skills#", { url: "https://github.com/acme/skills" }],
  ["http://127.0.0.1:8080/x.git#v1.0.0", { url: "http://127.0.0.1:8080/x.git", tag: "v1.0.0" }],
  ["git@github.com:acme/skills.git#v1.0.0", { url: "ssh://git@github.com/acme/skills", tag: "v1.0.0" }],
  ["ssh://git@git.example.com:2222/x", { url: "ssh://git@git.example.com:2222/x" }],
  ["file:///srv/x#tag=v1.0.0", { url: "file:///srv/x", tag: "v1.0.0" }],
])("%s is a git source", (text, source) => {
  expect(parseSource(text)).toEqual({ type: "git", ...source });
});

test.each([".", "..", "./x", "../x", "./a/b c", "/x", "C:\\x", "c:/x", ".\\x", "..\\x", "\\\\server\\share"])(
  "%s is a local folder",
  (path) => {
    expect(parseSource(path)).toEqual({ type: "local", path });
  },
);

test.each([
  ["https://github.com/acme/skills#branch=main", "INVALID_PARAMETER"],
  ["https://github.com/acme/skills#commit=0123456", "INVALID_PARAMETER"],
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
  ["github:acme/skills", "INVALID_PARAMETER"],
  ["npm:@acme/skills", "INVALID_PARAMETER"],
  ["./a\u202Eb", "INVALID_CHARACTERS"],
  ["", "INVALID_PARAMETER"],
  ["-x", "INVALID_NAME"],
  ["x".repeat(4097), "INVALID_PARAMETER"],
])("%j is refused as a source with %s", (text, code) => {
  expect(codeOf(() => parseSource(text))).toBe(code);
});

test("a form that is not understood names the one that is", () => {
  const error = resultOrPaksError(() => parseSource("github:acme/skills"));
  expect(error).toMatchObject({ hint: expect.stringContaining("https://github.com/") });
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
  for (const filler of ["a/", "@", "#", "../", "https://", "%2f"]) {
    const text = filler.repeat(500_000);
    expect(codeOf(() => parseSource(text))).toBe("INVALID_PARAMETER");
    expect(codeOf(() => parsePakRef(text))).toMatch(/^INVALID_/);
    expect(quickest(() => [codeOf(() => parseSource(text)), codeOf(() => parsePakRef(text))])).toBeLessThan(100);
  }
});
