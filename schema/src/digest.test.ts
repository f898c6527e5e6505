import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { compareBytes, contentDigest, sha256Hex } from "./digest.ts";
import { describeFiles } from "./release-files.ts";

const vector = {
  "SKILL.md": "---\nname: pdf\n---\n",
  "scripts/run.sh": "echo hi\n",
  "a.txt": "y",
  "a/ü space.txt": "x",
};
const vectorDigest = "h1:3+xAPGm3lvC1V2/ZAE09lLwhQqsaUH9g5BWQeKry2p4=";
const filesOf = (texts: Record<string, string>) =>
  Object.entries(texts).map(([path, text]) => ({ path, executable: false, bytes: Buffer.from(text) }));
const digestOf = (texts: Record<string, string>) => describeFiles(filesOf(texts)).digest;

test("no files have the digest of nothing", () => {
  expect(contentDigest([])).toBe("h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
});

test("the published vector has its published digest", () => {
  expect(digestOf(vector)).toBe(vectorDigest);
});

/** The line of the documentation with which anybody can check a folder, without paks. */
const coreutilsLine =
  "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0r sha256sum -- | sha256sum | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64";

function digestByCoreutils(texts: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "paks-digest-"));
  try {
    for (const [path, text] of Object.entries(texts)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return `h1:${execFileSync("bash", ["-c", coreutilsLine], { cwd: folder, encoding: "utf8" }).trim()}`;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// GNU's find and basenc are what the line needs; other systems have neither.
test.runIf(process.platform === "linux")("coreutils alone find the same digest over a real folder", () => {
  expect(digestByCoreutils(vector)).toBe(vectorDigest);
  expect(digestByCoreutils({})).toBe(contentDigest([]));
  const awkward = {
    "-n": "1",
    "a b": "2",
    "a-b": "3",
    "a/b": "4",
    "a.b": "5",
    ﬀ: "6",
    "😀": "7",
    "$(id)'\"": "8",
    B: "",
    a0: "10",
  };
  expect(digestByCoreutils(awkward)).toBe(digestOf(awkward));
});

test("names are ordered by their UTF-8 bytes, which UTF-16 would order otherwise", () => {
  expect(["😀", "ﬀ", "a/b", "a.b", "a-b", "B"].sort(compareBytes)).toEqual(["B", "a-b", "a.b", "a/b", "ﬀ", "😀"]);
  expect(["😀", "ﬀ"].sort()).toEqual(["😀", "ﬀ"]);
});

test("sha256 is lower-case hexadecimal", () => {
  expect(sha256Hex(Buffer.from("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

const name = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 12 })
  .filter((text) => !/[\n\p{Surrogate}]/u.test(text));
const tree = fc.dictionary(name, fc.string({ maxLength: 20 }), { maxKeys: 8 });

test("the order in which files are listed does not count; every name and every byte does", () => {
  fc.assert(
    fc.property(tree, fc.nat(), (texts, seed) => {
      const entries = Object.entries(texts);
      const turn = entries.length === 0 ? 0 : seed % entries.length;
      const turned = Object.fromEntries([...entries.slice(turn), ...entries.slice(0, turn)]);
      expect(digestOf(turned)).toBe(digestOf(texts));
      for (const [path, text] of entries) {
        expect(digestOf({ ...texts, [path]: `${text}x` })).not.toBe(digestOf(texts));
        const { [path]: _, ...without } = texts;
        expect(digestOf({ ...without, [`${path}x`]: text })).not.toBe(digestOf({ ...without, [path]: text }));
      }
    }),
  );
});

test.each([
  ["a line feed in a name", [{ path: "a\nb", sha256: "0".repeat(64) }]],
  ["a name twice", ["a", "a"].map((path) => ({ path, sha256: "0".repeat(64) }))],
  ["an empty name", [{ path: "", sha256: "0".repeat(64) }]],
  ["a hash in capitals", [{ path: "a", sha256: "A".repeat(64) }]],
  ["something that is no hash", [{ path: "a", sha256: "0  x" }]],
])("%s, which could make two trees one text, is refused", (_what, files) => {
  expect(() => contentDigest(files)).toThrow(expect.objectContaining({ code: "UNSAFE_PATH" }));
});

test("files are described in byte order with sizes, hashes and modes", () => {
  const files = [
    { path: "b", executable: true, bytes: Buffer.from("bb") },
    { path: "SKILL.md", executable: false, bytes: Buffer.from("") },
  ];
  expect(describeFiles(files)).toEqual({
    files: [
      { path: "SKILL.md", size: 0, sha256: sha256Hex(new Uint8Array()), executable: false },
      { path: "b", size: 2, sha256: sha256Hex(Buffer.from("bb")), executable: true },
    ],
    digest: digestOf({ "SKILL.md": "", b: "bb" }),
    bytes: 2,
  });
});
