import { randomBytes } from "node:crypto";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { type ErrorCode, PaksError } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { fetchTag, listTags, readPakFiles, type TagSnapshot } from "./index.ts";
import { type GitLab, gitLab, type RawEntry, type RawRepo } from "./testing/index.ts";

let lab: GitLab;
beforeAll(async () => {
  lab = await gitLab();
});
afterAll(() => lab.close());

const tag = "v1.0.0";
const ref = `refs/tags/${tag}`;
const link = (name: string | Uint8Array, oid: string, mode = "100644"): RawEntry => ({ mode, name, oid });

async function codeOf(work: Promise<unknown>): Promise<ErrorCode | "ok"> {
  try {
    await work;
    return "ok";
  } catch (error) {
    if (error instanceof PaksError) return error.code;
    throw error;
  }
}

/** A cage in which nothing but the size of the pack can be too large. */
const packOnly = () => lab.limited({ packBytes: 1_000_000, fileBytes: 1e9, releaseBytes: 1e9 });

/** The host's own git refuses to send such objects. */
const damaged = "GIT_PROTOCOL_ERROR";

/** Fetches and closes; what happens in between is the test's. */
async function withSnapshot<T>(name: string, work: (snapshot: TagSnapshot) => Promise<T>, cage = lab.cage): Promise<T> {
  const snapshot = await fetchTag(cage, lab.url(name), tag);
  try {
    return await work(snapshot);
  } finally {
    await snapshot.close();
  }
}

const readRoot = (name: string, cage = lab.cage) =>
  withSnapshot(name, (snapshot) => readPakFiles(snapshot, "", cage.limits), cage);

describe.concurrent("refs and tags", () => {
  test("a branch named like the tag is never taken for it", async () => {
    const repo = await lab.repo("twins", { "SKILL.md": "tagged\n" }, [tag]);
    const tagged = await repo.git("rev-parse", "HEAD");
    await repo.git("checkout", "-q", "-b", tag);
    await repo.write({ "SKILL.md": "branch\n" });
    await repo.commit("On the branch");
    await repo.git("push", "-q", "origin", `refs/heads/${tag}`);
    // And a branch whose full name ends like the tag's.
    await repo.git("push", "-q", "origin", `HEAD:refs/heads/${ref}`);
    expect(await withSnapshot("twins", async ({ commit }) => commit)).toBe(tagged);
    expect(await listTags(lab.cage, lab.url("twins"))).toEqual([{ tag, object: tagged, commit: undefined }]);
  });

  test("a tag that only a branch's name ends with is not there", async () => {
    const repo = await lab.raw("suffix");
    await repo.release(`refs/heads/${ref}`);
    await repo.release(`refs/remotes/${ref}`);
    expect(await codeOf(fetchTag(lab.cage, lab.url("suffix"), tag))).toBe("TAG_NOT_FOUND");
    expect(await listTags(lab.cage, lab.url("suffix"))).toEqual([]);
  });

  test("names that would be options are neither listed nor fetched", async () => {
    const repo = await lab.raw("options");
    for (const name of ["-x", "--upload-pack=touch pwned", "v1.0.0", "a..b", "HEAD", "refs/tags/v2.0.0"]) {
      await repo.release(`refs/tags/${name}`);
    }
    expect((await listTags(lab.cage, lab.url("options"))).map((listed) => listed.tag)).toEqual([tag]);
    expect(await codeOf(fetchTag(lab.cage, lab.url("options"), "-x"))).toBe("INVALID_TAG");
  });

  const leads: readonly (readonly [string, (repo: RawRepo) => Promise<string>, ErrorCode | "ok"])[] = [
    ["a blob", (repo) => repo.blob("x"), "TAG_NOT_A_COMMIT"],
    ["a tree", async (repo) => repo.tree([link("SKILL.md", await repo.blob("x"))]), "TAG_NOT_A_COMMIT"],
    ["a tag of a blob", async (repo) => repo.tagObject(await repo.blob("x"), { type: "blob" }), "TAG_NOT_A_COMMIT"],
    ["a tag of a tree", async (repo) => repo.tagObject(await repo.tree([]), { type: "tree" }), "TAG_NOT_A_COMMIT"],
    ["five tags", (repo) => nest(repo, 5), "ok"],
    ["six tags", (repo) => nest(repo, 6), "TAG_NOT_A_COMMIT"],
    ["three hundred tags", (repo) => nest(repo, 300), "TAG_NOT_A_COMMIT"],
    ["a tag that calls a tree a commit", async (repo) => repo.tagObject(await repo.tree([])), damaged],
  ];
  test.each(leads)("a tag that leads to %s", async (name, make, code) => {
    const repo = await lab.raw(`leads-${name.replaceAll(" ", "-")}`);
    await repo.ref(ref, await make(repo));
    expect(await codeOf(readRoot(`leads-${name.replaceAll(" ", "-")}`))).toBe(code);
  });

  test("what a tag object says of itself is handed on, and believed in nothing", async () => {
    const repo = await lab.raw("lies");
    const commit = await repo.release("refs/heads/main");
    const object = await repo.tagObject(commit, { tag: "v9.9.9", tagger: undefined, message: "a\0b\u001b[31m\n" });
    await repo.ref(ref, object);
    const read = await withSnapshot("lies", (snapshot) => Promise.resolve(snapshot));
    expect(read).toMatchObject({ tag, object, commit });
    expect(read.annotation).toEqual({ tagName: "v9.9.9", message: "a\0b\u001b[31m\n", taggedAt: undefined });
  });

  test("a message of 64 KiB is read, a longer one refused unread", async () => {
    const repo = await lab.raw("message");
    const commit = await repo.release("refs/heads/main");
    await repo.ref(ref, await repo.tagObject(commit, { message: "m".repeat(60_000) }));
    expect(await withSnapshot("message", async ({ annotation }) => annotation?.message.length)).toBe(60_000);
    await repo.ref(ref, await repo.tagObject(commit, { message: "m".repeat(50_000_000) }));
    expect(await codeOf(readRoot("message"))).toBe("TOO_LARGE");
  });

  test("a tag that moves between two fetches is two snapshots, each whole", async () => {
    const repo = await lab.raw("moving");
    const first = await repo.release(ref);
    await withSnapshot("moving", async (snapshot) => {
      await repo.release(ref, [link("a.md", await repo.blob("new"))]);
      expect(snapshot.commit).toBe(first);
      expect((await snapshot.listTree(""))?.entries.map(({ path }) => path)).toEqual(["SKILL.md"]);
    });
  });
});

async function nest(repo: RawRepo, depth: number): Promise<string> {
  let object = await repo.release("refs/heads/main");
  for (let level = 0; level < depth; level++)
    object = await repo.tagObject(object, { type: level === 0 ? "commit" : "tag" });
  return object;
}

describe.concurrent("trees", () => {
  const trees: readonly (readonly [string, (repo: RawRepo) => Promise<RawEntry[]>, ErrorCode | "ok"])[] = [
    ["plain", async (repo) => [link("a.md", await repo.blob("a"))], "ok"],
    [
      "dotgit",
      async (repo) => [link("config", await repo.blob("a"))].map((entry) => ({ ...entry, name: ".git" })),
      "UNSAFE_PATH",
    ],
    [
      "dotgit-folder",
      async (repo) => [link(".git", await repo.tree([link("config", await repo.blob("a"))]), "40000")],
      "UNSAFE_PATH",
    ],
    ["dotgit-case", async (repo) => [link(".GiT", await repo.blob("a"))], "UNSAFE_PATH"],
    ["dotgit-short", async (repo) => [link("git~1", await repo.blob("a"))], "UNSAFE_PATH"],
    ["dotgit-hfs", async (repo) => [link(".g\u200cit", await repo.blob("a"))], "UNSAFE_PATH"],
    ["dotdot", async (repo) => [link("..", await repo.blob("a"))], "UNSAFE_PATH"],
    [
      "dotdot-folder",
      async (repo) => [link("..", await repo.tree([link("x", await repo.blob("a"))]), "40000")],
      "UNSAFE_PATH",
    ],
    ["slash", async (repo) => [link("a/../../b", await repo.blob("a"))], "UNSAFE_PATH"],
    ["absolute", async (repo) => [link("/etc/passwd", await repo.blob("a"))], "UNSAFE_PATH"],
    ["backslash", async (repo) => [link("..\\b", await repo.blob("a"))], "UNSAFE_PATH"],
    ["escape", async (repo) => [link("a\u001b[31m", await repo.blob("a"))], "UNSAFE_PATH"],
    ["newline", async (repo) => [link("a\nb", await repo.blob("a"))], "UNSAFE_PATH"],
    ["bidi", async (repo) => [link("a\u202eb", await repo.blob("a"))], "UNSAFE_PATH"],
    ["not-utf8", async (repo) => [link(Buffer.of(0x61, 0xff, 0xfe), await repo.blob("a"))], "UNSAFE_PATH"],
    ["empty-name", async (repo) => [link("", await repo.blob("a"))], damaged],
    ["device", async (repo) => [link("nul.txt", await repo.blob("a"))], "UNSAFE_PATH"],
    ["twice", async (repo) => [link("a", await repo.blob("a")), link("a", await repo.blob("b"))], "UNSAFE_PATH"],
    [
      "case-twins",
      async (repo) => [link("A", await repo.blob("a")), link("a", await repo.blob("b"))],
      "CASE_COLLISION",
    ],
    [
      "accent-twins",
      async (repo) => [link("e\u0301", await repo.blob("a")), link("\u00e9", await repo.blob("b"))],
      "CASE_COLLISION",
    ],
    ["symlink", async (repo) => [link("a", await repo.blob("/etc/passwd"), "120000")], "SYMLINK_NOT_ALLOWED"],
    [
      "gitlink",
      async (repo) => [link("a", await repo.commit(await repo.tree([])), "160000")],
      "SUBMODULE_NOT_SUPPORTED",
    ],
    ["setuid", async (repo) => [link("a", await repo.blob("a"), "104755")], "UNSAFE_MODE"],
    [
      "setuid-below",
      async (repo) => [link("d", await repo.tree([link("a", await repo.blob("a"), "104755")]), "40000")],
      "UNSAFE_MODE",
    ],
    ["fifo", async (repo) => [link("a", await repo.blob("a"), "10644")], "UNSAFE_MODE"],
    ["padded", async (repo) => [link("a", await repo.blob("a"), "0100644")], "UNSAFE_MODE"],
    ["group-writable", async (repo) => [link("a", await repo.blob("a"), "100664")], "ok"],
    [
      "lfs",
      async (repo) => [
        link("a", await repo.blob("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1\n")),
      ],
      "LFS_NOT_SUPPORTED",
    ],
    ["tree-as-blob", async (repo) => [link("a", await repo.tree([]))], "UNSAFE_MODE"],
    ["blob-as-tree", async (repo) => [link("a", await repo.blob("a"), "40000")], damaged],
    ["missing-blob", () => Promise.resolve([link("a", "1".repeat(40))]), damaged],
    ["missing-tree", () => Promise.resolve([link("a", "1".repeat(40), "40000")]), damaged],
  ];
  test.each(trees)("%s", async (name, make, code) => {
    const repo = await lab.raw(`tree-${name}`);
    await repo.release(ref, await make(repo));
    expect(await codeOf(readRoot(`tree-${name}`))).toBe(code);
  });
});

describe("bombs", () => {
  test("a gibibyte of zeros is weighed, not read", async () => {
    const repo = await lab.raw("zeros");
    await repo.release(ref, [link("a", await repo.zeroBlob(1024 ** 3))]);
    const before = process.memoryUsage().rss;
    expect(await codeOf(readRoot("zeros"))).toBe("TOO_LARGE");
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
  });

  test("a tree of ten billion files is left after the first ones", async () => {
    const repo = await lab.raw("bomb");
    let oid = await repo.blob("x");
    for (let level = 0; level < 10; level++) {
      const mode = level === 0 ? "100644" : "40000";
      oid = await repo.tree(Array.from({ length: 10 }, (_, index) => link(`${index}`, oid, mode)));
    }
    await repo.release(ref, [link("z", oid, "40000")]);
    expect(await codeOf(readRoot("bomb"))).toBe("REPOSITORY_TOO_COMPLEX");
  });

  test("a folder 20,000 folders deep", async () => {
    const repo = await lab.raw("deep");
    let oid = await repo.tree([link("x", await repo.blob("x"))]);
    for (let level = 0; level < 20_000; level++) oid = await repo.tree([link("d", oid, "40000")]);
    await repo.release(ref, [link("d", oid, "40000")]);
    // On a busy machine the host is still walking the tree when the patience with a silent host ends.
    expect(["REPOSITORY_TOO_COMPLEX", "GIT_HOST_TIMEOUT"]).toContain(await codeOf(readRoot("deep")));
  });

  test("a folder of a million entries, and names of a megabyte", async () => {
    const repo = await lab.raw("wide");
    const blob = await repo.blob("x");
    const wide = Array.from({ length: 1_000_000 }, (_, index) => link(`${index}`.padStart(8, "0"), blob));
    await repo.release(ref, wide);
    expect(await codeOf(readRoot("wide"))).toBe("REPOSITORY_TOO_COMPLEX");
    const long = await lab.raw("long");
    await long.blob("x");
    await long.release(
      ref,
      Array.from({ length: 9 }, (_, index) => link(`${index}`.repeat(1_000_000), blob)),
    );
    expect(await codeOf(readRoot("long"))).toBe("REPOSITORY_TOO_COMPLEX");
  });

  test("200,000 tags are listed within the limit, and refused above it", async () => {
    const repo = await lab.raw("tags");
    const commit = await repo.release(ref);
    const lines = Array.from({ length: 200_000 }, (_, index) => `${commit} refs/tags/v0.0.${index}\n`).sort();
    await writeFile(join(repo.dir, "packed-refs"), `# pack-refs with: peeled fully-peeled sorted \n${lines.join("")}`);
    expect(await listTags(lab.cage, lab.url("tags"))).toHaveLength(200_001);
    expect(await codeOf(listTags(lab.limited({ listingBytes: 1024 * 1024 }), lab.url("tags")))).toBe(
      "REPOSITORY_TOO_COMPLEX",
    );
    expect(await codeOf(readRoot("tags"))).toBe("ok");
  });

  test("more bytes than a pack may have", async () => {
    const repo = await lab.raw("heavy");
    await repo.release(ref, [link("a", await repo.blob(randomBytes(5_000_000)))]);
    expect(await codeOf(readRoot("heavy", packOnly()))).toBe("TOO_LARGE");
  });
});

test.runIf(process.platform === "linux")(
  "where the kernel sets no limits, the scratch folder's size is watched",
  async () => {
    const repo = await lab.raw("unlimited");
    await repo.release(ref, [link("a", await repo.blob(randomBytes(80_000_000)))]);
    const bin = join(lab.cage.scratchRoot, "..", "bin");
    await mkdir(bin);
    await symlink("/usr/bin/git", join(bin, "git"));
    const before = process.env["PATH"];
    try {
      // No prlimit here, as on macOS; the server's git finds its helpers by itself.
      process.env["PATH"] = bin;
      expect(await codeOf(readRoot("unlimited", packOnly()))).toBe("TOO_LARGE");
    } finally {
      process.env["PATH"] = before;
    }
  },
);

test("no hostile repository leaves a scratch folder or a process behind", async () => {
  expect(await lab.leftovers()).toEqual([]);
  expect(await lab.processes()).toEqual([]);
});
