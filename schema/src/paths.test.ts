import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { defaultLimits } from "./limits.ts";
import { checkEntries, checkPath, foldCase, isLfsPointer, requireEntries, requirePath } from "./paths.ts";
import { hostileText, resultOrPaksError, timeGrowth } from "./testing/properties.ts";

const ruleOf = (path: string): unknown => {
  const result = resultOrPaksError(() => requirePath(path));
  return result instanceof PaksError ? result.details?.["rule"] : undefined;
};
const file = (path: string, mode = "100644") => ({ path, mode });
const thrownBy = (...entries: { path: string; mode: string }[]) => resultOrPaksError(() => requireEntries(entries));

test.each(
  [
    "SKILL.md",
    "scripts/run.sh",
    "a/b/c/d.txt",
    ".github/workflows/ci.yml",
    ".gitignore",
    ".gitattributes",
    ".gitmodules",
  ]
    .concat([
      "übersicht.md",
      "日本語/説明.md",
      "ü space.txt",
      "-dash",
      "a..b",
      "...a",
      "con-sole.txt",
      "common",
      "com10",
      "lpt",
    ])
    .concat([
      "git",
      "git~x",
      "xgit~1",
      "paks",
      "node_modules.md",
      "my.node_modules",
      "~home",
      "$HOME",
      "a&b",
      "a'b",
      "#1",
      "100%",
    ]),
)("%s is a good path", (path) => {
  expect(checkPath(path)).toBeUndefined();
});

test.each([
  ["", "empty"],
  ["/etc/passwd", "absolute"],
  ["C:/x", "absolute"],
  ["c:x", "absolute"],
  ["a\\b", "backslash"],
  ["..\\..\\x", "backslash"],
  [".", "dot-component"],
  ["..", "dot-component"],
  ["../x", "dot-component"],
  ["a/../b", "dot-component"],
  ["a/./b", "dot-component"],
  ["a//b", "empty-component"],
  ["a/", "empty-component"],
  ["a\0b", "invisible-character"],
  ["a\nb", "invisible-character"],
  ["a\r", "invisible-character"],
  ["a\u001B[31m", "invisible-character"],
  ["a\u007F", "invisible-character"],
  ["a\u009Bb", "invisible-character"],
  ["a\u202Egpj.exe", "invisible-character"],
  ["a\u2066b", "invisible-character"],
  ["SKILL\u200B.md", "invisible-character"],
  ["SKILL\uFEFF.md", "invisible-character"],
  ["a\u2060b", "invisible-character"],
  ["a\u{E0041}b", "invisible-character"],
  ["a\uD800b", "invisible-character"],
  ["a\uFFFDb", "invalid-utf8"],
  [".git", "git-directory"],
  [".git/config", "git-directory"],
  ["sub/.git/hooks/x", "git-directory"],
  [".GIT/config", "git-directory"],
  [".gIt", "git-directory"],
  [".git ", "git-directory"],
  [".git. .", "git-directory"],
  [".git::$INDEX_ALLOCATION/x", "git-directory"],
  [".git:stream", "git-directory"],
  ["git~1", "git-directory"],
  ["GIT~12/x", "git-directory"],
  [".g\u200Cit", "invisible-character"],
  [".paks/x", "paks-directory"],
  [".PAKS", "paks-directory"],
  ["node_modules/x/index.js", "node-modules"],
  ["a/Node_Modules/x", "node-modules"],
  ["node_modules.", "node-modules"],
  ["con", "device-name"],
  ["CON", "device-name"],
  ["aux.md", "device-name"],
  ["nul.tar.gz", "device-name"],
  ["a/prn/b", "device-name"],
  ["com0", "device-name"],
  ["COM9.txt", "device-name"],
  ["lpt1", "device-name"],
  ["com¹", "device-name"],
  ["LPT³.x", "device-name"],
  ["CONIN$", "device-name"],
  ["conout$.txt", "device-name"],
  ["con .txt", "device-name"],
  ["a<b", "windows-character"],
  ["a>b", "windows-character"],
  ["ab:c", "windows-character"],
  ['a"b', "windows-character"],
  ["a|b", "windows-character"],
  ["a?b", "windows-character"],
  ["a*b", "windows-character"],
  ["a.", "trailing-dot-or-space"],
  ["a /b", "trailing-dot-or-space"],
  ["a./b", "trailing-dot-or-space"],
  ["...", "trailing-dot-or-space"],
] as const)("%j is refused as %s", (path, rule) => {
  expect(ruleOf(path)).toBe(rule);
  expect(checkPath(path)).toMatchObject({ severity: "error", code: "UNSAFE_PATH" });
});

test("lengths and depth are counted in bytes and folders, at the limit and one above", () => {
  const { pathBytes, pathComponentBytes, pathDepth } = defaultLimits;
  expect(pathBytes).toBe(180);
  const path = (bytes: number) => `${"a".repeat(100)}/${"b".repeat(bytes - 101)}`;
  expect(ruleOf(path(pathBytes))).toBeUndefined();
  expect(ruleOf(path(pathBytes + 1))).toBe("path-too-long");
  expect(ruleOf(`${"ü".repeat(50)}/${"ü".repeat(39)}a`)).toBeUndefined();
  expect(ruleOf(`${"ü".repeat(50)}/${"ü".repeat(40)}a`)).toBe("path-too-long");
  expect(ruleOf("a".repeat(pathComponentBytes))).toBeUndefined();
  expect(ruleOf("a".repeat(pathComponentBytes + 1))).toBe("component-too-long");
  const deep = (parts: number) => Array.from({ length: parts }, () => "a").join("/");
  expect(ruleOf(deep(pathDepth))).toBeUndefined();
  expect(ruleOf(deep(pathDepth + 1))).toBe("too-deep");
});

test("a refused path is shown escaped, never raw", () => {
  const error = thrownBy(file("a\u001B]0;x\u0007/\u202Eb")) as PaksError;
  expect(error.details).toMatchObject({ path: "a\\u{1b}]0;x\\u{7}/\\u{202e}b" });
  expect(error.message + JSON.stringify(error.details)).not.toMatch(/[\u001B\u0007\u202E]/);
});

test.each([
  ["120000", "SYMLINK_NOT_ALLOWED"],
  ["160000", "SUBMODULE_NOT_SUPPORTED"],
  ["104755", "UNSAFE_MODE"],
  ["100664", "UNSAFE_MODE"],
  ["100600", "UNSAFE_MODE"],
  ["0100644", "UNSAFE_MODE"],
  ["", "UNSAFE_MODE"],
] as const)("the mode %s is refused with %s", (mode, code) => {
  expect(thrownBy(file("SKILL.md"), file("x", mode))).toMatchObject({ code, details: { path: "x" } });
});

test("files, executables and folders are the modes of a release", () => {
  expect(checkEntries([file("a"), file("b", "100755"), file("c", "040000")])).toEqual([]);
});

test.each([
  ["Dir", "dir"],
  ["dir/a", "Dir/b"],
  ["a", "A/b"],
  ["é.md", "e\u0301.md"],
  ["straße", "STRASSE"],
  ["Maße", "masse"],
  ["ẞ", "ß"],
  ["\u212Aelvin", "kelvin"],
  ["\u017Fkill", "skill"],
  ["ΑΣ", "ας"],
  ["ﬁle", "file"],
  ["Ǆ", "ǆ"],
  ["\u2126", "ω"],
  ["α\u0345\u0301", "α\u0301\u0345"],
])("%s and %s collide", (first, second) => {
  expect(thrownBy(file(first), file(second))).toMatchObject({
    code: "CASE_COLLISION",
    details: { rule: "case-collision" },
  });
});

test("names that are merely alike do not collide", () => {
  const paths = ["a.md", "b.md", "a/b.md", "a/c.md", "b/a.md", "ä.md", "о.md", "o.md"];
  expect(checkEntries(paths.map((path) => file(path)))).toEqual([]);
});

test("the same path twice, or a file that is also a folder, is refused", () => {
  expect(thrownBy(file("a"), file("a"))).toMatchObject({ code: "UNSAFE_PATH", details: { rule: "duplicate" } });
  expect(thrownBy(file("a"), file("a/b"))).toMatchObject({ code: "UNSAFE_PATH", details: { rule: "duplicate" } });
  expect(thrownBy(file("a/b"), file("a"))).toMatchObject({ code: "UNSAFE_PATH", details: { rule: "duplicate" } });
  expect(thrownBy(file("a", "040000"), file("a/b"))).toBeUndefined();
});

test("two names fold to one whenever Unicode says that they differ in case or composition only", () => {
  const others = (text: string) => [
    text.toLowerCase(),
    text.toUpperCase(),
    text.normalize("NFC"),
    text.normalize("NFD"),
  ];
  const missed: string[] = [];
  for (let codePoint = 0x20; codePoint < 0x1e944; codePoint += 1) {
    const one = String.fromCodePoint(codePoint);
    if (others(one).some((other) => foldCase(other) !== foldCase(one))) missed.push(codePoint.toString(16));
  }
  expect(missed).toEqual([]);
});

test("folding twice changes nothing more", () => {
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 30 }), (text) => {
      expect(foldCase(foldCase(text))).toBe(foldCase(text));
    }),
  );
});

test("a release may have 1000 files, not one more, and then nothing else is looked at", () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => file(`f${index}`));
  expect(checkEntries(many(1000))).toEqual([]);
  expect(checkEntries([...many(1000), file("..")])).toMatchObject([{ code: "TOO_MANY_FILES" }]);
  expect(checkEntries([...many(1000), file("d", "040000")])).toEqual([]);
});

test("every problem is listed, and the first one is thrown", () => {
  const entries = [file("ok"), file("../x"), file("link", "120000"), file("OK")];
  expect(checkEntries(entries).map(({ code }) => code)).toEqual([
    "UNSAFE_PATH",
    "SYMLINK_NOT_ALLOWED",
    "CASE_COLLISION",
  ]);
  expect(thrownBy(...entries)).toMatchObject({ code: "UNSAFE_PATH", details: { path: "../x", rule: "dot-component" } });
});

const examples = ["SKILL.md", "scripts/run.sh", "../x", ".git/config", "a\\b", "C:/x", "CON.txt", "Dir/é"];

test("whatever a tree holds, entries are judged without a failure, and an accepted path stays inside its folder", () => {
  const entry = fc.record({
    path: hostileText(examples),
    mode: fc.constantFrom("100644", "100755", "040000", "120000", "x"),
  });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), (entries) => {
      const findings = checkEntries(entries);
      expect(thrownBy(...entries) instanceof PaksError).toBe(findings.length > 0);
      if (findings.length > 0) return;
      for (const { path } of entries) {
        expect(new URL(path.split("/").map(encodeURIComponent).join("/"), "file:///root/").pathname).toMatch(
          /^\/root\/./,
        );
      }
    }),
    { numRuns: 2000 },
  );
});

test("many entries and long names take linear time", () => {
  const limits = {
    ...defaultLimits,
    files: 1_000_000,
    treeEntries: 1_000_000,
    pathBytes: 1e9,
    pathComponentBytes: 1e9,
  };
  const folders = (size: number) =>
    checkEntries(
      Array.from({ length: size }, (_, i) => file(`d${i}/a/b/c/f${i}`)),
      limits,
    );
  expect(timeGrowth(folders, [2_000, 20_000])).toBeLessThan(40);
  for (const filler of ["a", " ", ".", "ß", ":", "\u0301"]) {
    expect(timeGrowth((size) => checkPath(`a${filler.repeat(size)}`, limits), [10_000, 100_000])).toBeLessThan(40);
  }
  expect(timeGrowth((size) => checkPath("a/".repeat(size)), [10_000, 100_000])).toBeLessThan(40);
});

const pointer = `version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 12345\n`;

test("a Git LFS pointer is known by its text, also the older kind", () => {
  expect(isLfsPointer(Buffer.from(pointer))).toBe(true);
  expect(isLfsPointer(Buffer.from(pointer.replace("git-lfs", "hawser")))).toBe(true);
});

test("a file that only speaks of Git LFS is no pointer", () => {
  expect(isLfsPointer(Buffer.from(`# About\n${pointer}`))).toBe(false);
  expect(isLfsPointer(Buffer.from("version https://git-lfs.github.com/spec/v1\n"))).toBe(false);
  expect(isLfsPointer(Buffer.from(pointer + "x".repeat(1024)))).toBe(false);
  expect(isLfsPointer(new Uint8Array())).toBe(false);
});
