import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { packTar, type TarHeader } from "modern-tar";
import { expect, test } from "vitest";
import { makeArchive, readArchive } from "./archive.ts";
import { sha256Hex } from "./digest.ts";
import { PaksError } from "./errors.ts";
import { defaultLimits } from "./limits.ts";
import { checkPath } from "./paths.ts";
import { describeFiles, type ReleaseFile } from "./release-files.ts";

const file = (path: string, content: string | Uint8Array = "x", executable = false): ReleaseFile => ({
  path,
  executable,
  bytes: typeof content === "string" ? new TextEncoder().encode(content) : content,
});
const sample = [
  file("SKILL.md", "---\nname: pdf\n---\n"),
  file("scripts/run.sh", "echo hi\n", true),
  file("a.txt", "y"),
  file("a/ü space.txt", "x"),
  file(`${"long-folder-name/".repeat(9)}a-file-with-a-name.md`, "deep"),
  file(`${"b".repeat(110)}.md`, "a component too long for a plain header"),
  file("empty", ""),
];

const problemOf = async (bytes: Uint8Array, limits = defaultLimits): Promise<PaksError> => {
  const error = await readArchive(bytes, limits).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PaksError)) throw new Error("was not refused with a PaksError", { cause: error });
  return error;
};
const tarOf = async (...entries: (Partial<TarHeader> & { name: string; body?: string })[]) =>
  packTar(
    entries.map(({ body = "x", ...header }) => ({
      header: { size: body.length, type: "file" as const, mtime: new Date(0), ...header },
      body,
    })),
  );
const zip = (tar: Uint8Array) => gzipSync(tar);
const hostile = async (...entries: Parameters<typeof tarOf>) => problemOf(zip(await tarOf(...entries)));

test("the same files give the same bytes in any order", async () => {
  const archive = await makeArchive(sample);
  expect(await makeArchive([...sample].reverse())).toEqual(archive);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  expect(await makeArchive(sample)).toEqual(archive);
});

test("the bytes are these and no others, on every machine and version of Node", async () => {
  expect(sha256Hex(await makeArchive(sample))).toBe("2aeaa9243b9ca2e8146ab5e7bb925e0c6942b1e84c92d9d07191bfbbb21443a4");
});

test("the gzip header holds no time, name or system", async () => {
  expect([...(await makeArchive(sample)).subarray(0, 10)]).toEqual([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
});

test("what was packed is read back", async () => {
  const files = await readArchive(await makeArchive(sample));
  expect(describeFiles(files)).toEqual(describeFiles(sample));
});

test("no files at all are an archive too", async () => {
  expect(await readArchive(await makeArchive([]))).toEqual([]);
});

test.runIf(process.platform === "linux")("an ordinary tar unpacks the same files with the same modes", async () => {
  const folder = mkdtempSync(join(tmpdir(), "paks-archive-"));
  try {
    writeFileSync(join(folder, "a.tar.gz"), await makeArchive(sample));
    const listing = execFileSync("tar", ["-tvzf", "a.tar.gz", "--numeric-owner", "--full-time"], {
      cwd: folder,
      encoding: "utf8",
    });
    for (const line of listing.trim().split("\n"))
      expect(line).toMatch(/^-rw[x-]r-[x-]r-[x-] 0\/0 +\d+ 1970-01-01 00:00:00 /);
    execFileSync("tar", ["-xzf", "a.tar.gz"], { cwd: folder });
    for (const { path, bytes, executable } of sample) {
      expect(new Uint8Array(readFileSync(join(folder, path)))).toEqual(bytes);
      expect((statSync(join(folder, path)).mode & 0o100) !== 0).toBe(executable);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("names of every length up to the limit survive, in ASCII and beyond", async () => {
  const { pathBytes } = defaultLimits;
  for (const [letter, width] of [
    ["a", 1],
    ["ü", 2],
    ["日", 3],
    ["😀", 4],
  ] as const) {
    const names = Array.from({ length: Math.floor(pathBytes / width) }, (_, index) => {
      const letters = letter
        .repeat(index + 1)
        .match(/.{1,20}/gu)!
        .join("/");
      return Buffer.byteLength(letters) <= pathBytes ? letters : undefined;
    }).filter((name) => name !== undefined);
    for (const name of names) {
      const files = await readArchive(await makeArchive([file(name)]));
      expect(files.map(({ path }) => path)).toEqual([name]);
    }
  }
});

const component = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 10 })
  .filter((text) => !text.includes("/") && checkPath(text) === undefined);
const path = fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));

test("any release can be packed and read back", async () => {
  const release = fc.uniqueArray(fc.tuple(path, fc.uint8Array({ maxLength: 1500 }), fc.boolean()), {
    selector: ([name]) => name.normalize("NFKD").toUpperCase().split("/")[0],
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(release, async (entries) => {
      const files = entries.map(([name, bytes, executable]) => file(name, bytes, executable));
      expect(describeFiles(await readArchive(await makeArchive(files)))).toEqual(describeFiles(files));
    }),
  );
});

test.each([
  ["a symbolic link", { name: "x", type: "symlink", linkname: "/etc/passwd", size: 0, body: "" }],
  ["a hard link", { name: "x", type: "link", linkname: "SKILL.md", size: 0, body: "" }],
  ["a folder's own entry", { name: "x/", type: "directory", size: 0, body: "" }],
  ["a device", { name: "x", type: "character-device", size: 0, body: "" }],
  ["a pipe", { name: "x", type: "fifo", size: 0, body: "" }],
  ["a global header", { name: "x", type: "pax-global-header", body: "12 path=a\nxx" }],
  ["a GNU long name", { name: "././@LongLink", type: "gnu-long-name", body: "../../x" }],
  ["an absolute path", { name: "/etc/passwd" }],
  ["a path that climbs", { name: "../x" }],
  ["a path that climbs inside", { name: "a/../../x" }],
  ["a .git folder", { name: ".git/config" }],
  ["a backslash", { name: "..\\x" }],
  ["a Windows device", { name: "aux.md" }],
  ["an invisible character", { name: "SKILL\u202E.md" }],
  ["a setuid mode", { name: "x", mode: 0o4755 }],
  ["a mode for everybody", { name: "x", mode: 0o777 }],
  ["an extended path that climbs", { name: "x", pax: { path: "../x" } }],
  ["an extended size", { name: "x", pax: { size: "0" } }],
  ["two extended records", { name: "x", pax: { path: "a", comment: "b" } }],
  ["a link's target on a file", { name: "x", linkname: "y" }],
] as const)("an archive with %s is refused", async (_what, entry) => {
  expect(await hostile({ name: "SKILL.md" }, entry)).toMatchObject({ code: "UNSAFE_ARCHIVE" });
});

test("the same path twice, or twins in another case, are refused", async () => {
  expect(await hostile({ name: "a" }, { name: "a" })).toMatchObject({
    code: "UNSAFE_ARCHIVE",
    details: { rule: "duplicate" },
  });
  expect(await hostile({ name: "a" }, { name: "A" })).toMatchObject({
    code: "UNSAFE_ARCHIVE",
    details: { rule: "case-collision" },
  });
});

test("an extended header whose length lies is refused", async () => {
  const tar = await tarOf({ name: "x", pax: { path: "ab" } });
  expect(Buffer.from(tar.subarray(512, 523)).toString()).toBe("11 path=ab\n");
  for (const length of ["10", "12", "01", "+1", "1e"]) {
    const changed = Uint8Array.from(tar);
    changed.set(Buffer.from(length), 512);
    expect(await problemOf(zip(changed))).toMatchObject({ code: "UNSAFE_ARCHIVE" });
  }
});

test("an unknown kind of entry is not taken for a file", async () => {
  const tar = await tarOf({ name: "a" });
  for (const flag of ["7", "S", "V", "\0", "M", "A"]) {
    const changed = Uint8Array.from(tar);
    changed[156] = flag.charCodeAt(0);
    expect(await problemOf(zip(withChecksum(changed)))).toMatchObject({ code: "UNSAFE_ARCHIVE" });
  }
});

function withChecksum(tar: Uint8Array): Uint8Array {
  tar.fill(32, 148, 156);
  const sum = tar.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  tar.set(Buffer.from(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return tar;
}

test("a damaged header, bytes between files, a cut end and bytes behind the end are refused", async () => {
  const tar = await tarOf({ name: "a" }, { name: "b" });
  const changed = (at: number, value: number) => Uint8Array.from(tar, (byte, index) => (index === at ? value : byte));
  const broken = [changed(0, 99), changed(300, 1), changed(513, 1), changed(1023, 1), changed(tar.length - 1, 1)];
  broken.push(tar.subarray(0, 512), tar.subarray(0, 513), tar.subarray(0, -512), tar.subarray(0, -1));
  broken.push(Buffer.concat([tar, Buffer.from("garbage")]), Buffer.concat([tar, Buffer.alloc(511)]), new Uint8Array());
  broken.push(Buffer.concat([tar, tar]));
  for (const each of broken) expect(await problemOf(zip(each))).toMatchObject({ code: "UNSAFE_ARCHIVE" });
  expect(await readArchive(zip(Buffer.concat([tar, Buffer.alloc(512)])))).toHaveLength(2);
});

test("bytes behind the gzip end, a second member, a wrong checksum and a cut file are refused", async () => {
  const archive = await makeArchive(sample);
  const broken = [
    Buffer.concat([archive, Buffer.from("x")]),
    Buffer.concat([archive, archive]),
    archive.subarray(0, -1),
  ];
  broken.push(archive.subarray(0, 100), archive.subarray(0, 17), new Uint8Array(), gunzipSync(archive));
  for (const at of [0, 1, 2, 3, -1, -5]) {
    const changed = Uint8Array.from(archive);
    const index = at < 0 ? changed.length + at : at;
    changed[index] = changed[index]! ^ 0xff;
    broken.push(changed);
  }
  for (const each of broken) expect(await problemOf(each)).toMatchObject({ code: "UNSAFE_ARCHIVE" });
});

test("a gzip bomb is refused before it is inflated beyond the limit", async () => {
  const bomb = gzipSync(Buffer.alloc(512 * 1024 ** 2), { level: 1 });
  const before = process.memoryUsage().rss;
  expect(await problemOf(bomb)).toMatchObject({ code: "TOO_LARGE" });
  expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 ** 2);
}, 120_000);

test("sizes and numbers are held to the limits: at them and one above", async () => {
  const limits = { ...defaultLimits, fileBytes: 1000, releaseBytes: 2500, files: 3 };
  const sized = (...sizes: number[]) =>
    makeArchive(sizes.map((size, index) => file(`f${index}`, new Uint8Array(size))));
  expect(await readArchive(await sized(1000, 1000, 500), limits)).toHaveLength(3);
  expect(await problemOf(await sized(1001), limits)).toMatchObject({ code: "TOO_LARGE" });
  expect(await problemOf(await sized(1000, 1000, 501), limits)).toMatchObject({ code: "TOO_LARGE" });
  expect(await problemOf(await sized(1, 1, 1, 1), limits)).toMatchObject({ code: "TOO_MANY_FILES" });
});

test("the largest release that the limits allow can be read", async () => {
  const files = Array.from({ length: defaultLimits.files }, (_, index) => {
    const folder = `${"ü".repeat(20)}/`.repeat(4);
    return file(`${folder}${String(index).padStart(defaultLimits.pathBytes - 164, "0")}`, Buffer.alloc(10_485, index));
  });
  expect(Buffer.byteLength(files[0]!.path)).toBe(defaultLimits.pathBytes);
  expect(await readArchive(await makeArchive(files))).toHaveLength(defaultLimits.files);
}, 60_000);

test("whatever bytes are read as an archive, they are refused with a PaksError or hold the files that were packed", async () => {
  const tar = gunzipSync(await makeArchive(sample));
  const mutated = fc.array(fc.tuple(fc.nat(tar.length - 1), fc.nat(255)), { maxLength: 6 }).map((changes) => {
    const copy = Uint8Array.from(tar);
    for (const [at, value] of changes) copy[at] = value;
    return gzipSync(copy, { level: 1 });
  });
  await fc.assert(
    fc.asyncProperty(fc.oneof(mutated, fc.uint8Array({ maxLength: 600 })), async (bytes) => {
      const result = await readArchive(bytes).catch((error: unknown) => error);
      const outcome = result instanceof PaksError ? result.code : (result as unknown[]).length;
      expect(["UNSAFE_ARCHIVE", "TOO_LARGE", sample.length]).toContain(outcome);
    }),
    { numRuns: 500 },
  );
});
