import type { RawRepo } from "@paks/git/testing";
import type { ErrorCode } from "@paks/schema";
import type { Bytes } from "./files.ts";
import type { HostileLab } from "./open.ts";
import type { Entry } from "./tags.ts";

type Make = (raw: RawRepo, hostile: HostileLab) => Promise<readonly Entry[]> | readonly Entry[];
type Row = readonly [name: string, make: Make, code: ErrorCode | "ok"];

const file =
  (name: Bytes, mode = "100644"): Make =>
  () => [{ name, mode }];

const files =
  (...names: readonly string[]): Make =>
  () =>
    names.map((name, index) => ({ name, content: `${index}\n` }));

/** A folder with one entry of this name in it. */
const below =
  (name: string, inner: Bytes = "x", mode = "100644"): Make =>
  async (raw) => {
    const oid = await raw.tree([{ name: inner, mode, oid: await raw.blob("x\n") }]);
    return [{ name, mode: "40000", oid, files: { [`${name}/${String(inner)}`]: "x\n" } }];
  };

/** `a/a/…/x` with so many components. */
const deep =
  (components: number): Make =>
  async (raw) => {
    let oid = await raw.blob("x\n");
    for (let level = 1; level < components; level++)
      oid = await raw.tree([{ name: level === 1 ? "x" : "a", mode: level === 1 ? "100644" : "40000", oid }]);
    return [{ name: "a", mode: "40000", oid, files: { [`${"a/".repeat(components - 1)}x`]: "x\n" } }];
  };

const link =
  (target: (hostile: HostileLab) => string): Make =>
  (_, hostile) => [{ name: "a", mode: "120000", content: target(hostile) }];

/** The host's own git refuses to send such objects: what arrives is not git. */
const damaged = "GIT_PROTOCOL_ERROR";
const unsafe = (names: Readonly<Record<string, Bytes>>): Row[] =>
  Object.entries(names).map(([row, name]) => [row, file(name), "UNSAFE_PATH"]);

const paths: readonly Row[] = [
  ["plain", files("a.md"), "ok"],
  ["dot-github", below(".github"), "ok"],
  ["gitignore", files(".gitignore", ".gitattributes"), "ok"],
  ...unsafe({
    "dot-git": ".git",
    "dot-git-case": ".GiT",
    "dot-git-short": "git~1",
    "dot-git-hfs": ".g\u200Cit",
    "dot-git-dots": ".git . ",
    "dot-git-stream": ".git::$INDEX_ALLOCATION",
    dot: ".",
    "dot-dot": "..",
    "slash-up": "a/../../../canary/pwned",
    absolute: "/etc/passwd",
    drive: "C:evil",
    backslash: "..\\..\\canary\\pwned",
    escape: "a\u001B[31m",
    newline: "a\nb",
    c1: "a\u009B31m",
    del: "a\u007F",
    bidi: "a\u202Eb",
    "zero-width": "a\u200Bb",
    "byte-order-mark": "a\uFEFFb",
    "tag-characters": "a\u{E0041}b",
    "not-utf8": Buffer.of(0x61, 0xff, 0xfe),
    "overlong-utf8": Buffer.of(0x2e, 0xc0, 0xae, 0x61),
    surrogate: Buffer.of(0x61, 0xed, 0xa0, 0x80),
    paks: ".paks",
    "node-modules": "Node_Modules",
    con: "CON",
    nul: "nul.txt",
    com: "com¹.md",
    conin: "CONIN$",
    question: "what?",
    colon: "a:b",
    pipe: "a|b",
    "ends-with-dot": "a.",
    "ends-with-blank": "a ",
    "long-component": "a".repeat(121),
  }),
  ["longest-component", file("a".repeat(120)), "ok"],
  ["long-path", below("a".repeat(91), "b".repeat(89)), "UNSAFE_PATH"],
  ["longest-path", below("a".repeat(90), "b".repeat(89)), "ok"],
  ["deepest", deep(16), "ok"],
  ["too-deep", deep(17), "UNSAFE_PATH"],
  ["dot-git-folder", below(".git", "config"), "UNSAFE_PATH"],
  ["dot-dot-folder", below("..", "pwned"), "UNSAFE_PATH"],
  ["empty-name", file(""), damaged],
];

const collisions: readonly Row[] = [
  [
    "twice",
    () => [
      { name: "a", content: "1" },
      { name: "a", content: "2" },
    ],
    "UNSAFE_PATH",
  ],
  ["file-and-folder", async (raw) => [{ name: "a" }, ...(await below("a")(raw, undefined as never))], "UNSAFE_PATH"],
  ["case-twins", files("A", "a"), "CASE_COLLISION"],
  ["sharp-s", files("Stra\u00DFe", "STRASSE"), "CASE_COLLISION"],
  ["kelvin", files("\u212A", "k"), "CASE_COLLISION"],
  ["accent-twins", files("e\u0301", "\u00E9"), "CASE_COLLISION"],
  ["manifest-twins", files("skill.md"), "CASE_COLLISION"],
];

const modes: readonly Row[] = [
  ["link-out", link(({ canary }) => canary), "SYMLINK_NOT_ALLOWED"],
  ["link-up", link(() => "../../../canary/keep.txt"), "SYMLINK_NOT_ALLOWED"],
  ["link-inside", link(() => "SKILL.md"), "SYMLINK_NOT_ALLOWED"],
  [
    "write-through-link",
    async (raw, { canary }) => [
      { name: "out", mode: "120000", content: canary },
      {
        name: "out",
        mode: "40000",
        oid: await raw.tree([{ name: "pwned", mode: "100644", oid: await raw.blob("x") }]),
      },
    ],
    "UNSAFE_PATH",
  ],
  [
    "submodule",
    async (raw) => [{ name: "a", mode: "160000", oid: await raw.commit(await raw.tree([])) }],
    "SUBMODULE_NOT_SUPPORTED",
  ],
  [
    "submodule-command",
    async (raw, hostile) => [
      { name: ".gitmodules", content: `[submodule "a"]\n\tpath = a\n\turl = ext::sh -c touch% ${hostile.pwned}\n` },
      { name: "a", mode: "160000", oid: await raw.commit(await raw.tree([])) },
    ],
    "SUBMODULE_NOT_SUPPORTED",
  ],
  ["setuid", file("a", "104755"), "UNSAFE_MODE"],
  ["setuid-below", below("d", "a", "104755"), "UNSAFE_MODE"],
  ["fifo", file("a", "10644"), "UNSAFE_MODE"],
  ["padded-mode", file("a", "0100644"), "UNSAFE_MODE"],
  ["group-writable", file("a", "100664"), "ok"],
  ["executable", file("run.sh", "100755"), "ok"],
  ["tree-as-blob", async (raw) => [{ name: "a", oid: await raw.tree([]) }], "UNSAFE_MODE"],
  ["blob-as-tree", async (raw) => [{ name: "a", mode: "40000", oid: await raw.blob("a") }], damaged],
  ["missing-blob", () => [{ name: "a", oid: "1".repeat(40) }], damaged],
  ["missing-tree", () => [{ name: "a", mode: "40000", oid: "1".repeat(40) }], damaged],
];

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n";
const attributes = "* filter=evil export-subst ident text eol=crlf\n";

const contents: readonly Row[] = [
  ["lfs-pointer", () => [{ name: "a.bin", content: pointer }], "LFS_NOT_SUPPORTED"],
  // Bytes are the tree's, whatever a checkout or an archive would make of them: the digest in the tag says so.
  [
    "attributes",
    () => [
      { name: ".gitattributes", content: attributes },
      { name: "a.txt", content: "$Format:%H$ $Id$\n" },
    ],
    "ok",
  ],
  ["large-file", () => [{ name: "a.bin", content: Buffer.alloc(2 * 1024 * 1024 + 1, "a") }], "TOO_LARGE"],
  [
    "large-release",
    () => Array.from({ length: 6 }, (_, index) => ({ name: `${index}`, content: Buffer.alloc(1_900_000, `${index}`) })),
    "TOO_LARGE",
  ],
];

/** A name, the entries beside a good SKILL.md, and what becomes of the tag wherever it is read. */
export const treeRows: readonly Row[] = [...paths, ...collisions, ...modes, ...contents];
