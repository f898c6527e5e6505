import { createHash, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readPakFiles } from "@paks/git";
import { type GitLab, gitLab, type RawEntry, type RawRepo } from "@paks/git/testing";
import { PaksError, describeFiles } from "@paks/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { paksCommand } from "../testing/index.ts";
import { fetchPointWithoutGit, listRefsWithoutGit } from "./read.ts";

let lab: GitLab;
let commit: string;

const manifest = "---\nname: pdf\ndescription: Reads and fills forms in PDF files.\n---\n";
const files = { "skills/pdf/SKILL.md": manifest, "skills/pdf/scripts/fill.sh": "echo fill\n", "README.md": "x\n" };

beforeAll(async () => {
  paksCommand();
  lab = await gitLab();
  const repo = await lab.repo("skills", files);
  await repo.tag("v1.0.0", "Release v1.0.0\n");
  commit = await repo.git("rev-parse", "HEAD");
  await repo.git("push", "-q", "origin", "refs/tags/v1.0.0");
  await repo.write({ "skills/pdf/SKILL.md": `${manifest}second\n` });
  await repo.commit("Second");
  await repo.git("push", "-q", "origin", "main", "main:refs/heads/feature/x", "main:refs/heads/refs/tags/v9.0.0");
});
afterAll(() => lab.close());

const failureOf = (work: Promise<unknown>): Promise<PaksError> =>
  work.then(
    () => new PaksError("INTERNAL", "It did not fail."),
    (error: PaksError) => error,
  );

/** The library needs a default branch, which every repository of a real host has. */
async function rawRelease(name: string, entries: (raw: RawRepo) => Promise<RawEntry[]>): Promise<void> {
  const raw = await lab.raw(name);
  await raw.ref("refs/heads/main", await raw.release("refs/tags/v1.0.0", await entries(raw)));
}

const fetchTag = (name: string, tag = "v1.0.0", cage = lab.cage) =>
  fetchPointWithoutGit(cage, lab.url(name), { point: { type: "tag", name: tag } });

test("without git the same refs, files and digest are read as with it", async () => {
  const refs = await listRefsWithoutGit(lab.cage, lab.url("skills"));
  expect(refs.head?.branch).toBe("main");
  expect(refs.tags).toEqual([{ tag: "v1.0.0", object: expect.stringMatching(/^[0-9a-f]{40}$/), commit }]);
  for (const point of [
    { type: "tag", name: "v1.0.0" },
    { type: "commit", oid: commit },
  ] as const) {
    const snapshot = await fetchPointWithoutGit(lab.cage, lab.url("skills"), { point });
    const read = await readPakFiles(snapshot, "skills/pdf", lab.cage.limits);
    expect(snapshot.commit).toBe(commit);
    expect(describeFiles(read.files).files.map(({ path }) => path)).toEqual(["SKILL.md", "scripts/fill.sh"]);
    await snapshot.close();
  }
  expect(await lab.leftovers()).toEqual([]);
});

test("an annotated tag keeps its message, a branch and the default branch lead to their commit", async () => {
  const snapshot = await fetchTag("skills");
  expect(snapshot.annotation).toMatchObject({ tagName: "v1.0.0", message: "Release v1.0.0\n" });
  await snapshot.close();
  for (const point of [{ type: "branch", name: "feature/x" }, { type: "head" }] as const) {
    const other = await fetchPointWithoutGit(lab.cage, lab.url("skills"), { point });
    expect(other.commit).not.toBe(commit);
    await other.close();
  }
});

test("a tag that only a branch's name ends with is not there", async () => {
  expect((await failureOf(fetchTag("skills", "v9.0.0"))).code).toBe("TAG_NOT_FOUND");
  expect(await lab.leftovers()).toEqual([]);
});

test.each([
  ["a page instead of git", { type: "html" }, "GIT_PROTOCOL_ERROR"],
  ["a status 404", { type: "status", status: 404 }, "REPOSITORY_NOT_FOUND"],
  ["a question for a password", { type: "status", status: 401 }, "REPOSITORY_NOT_FOUND"],
  ["a status 429", { type: "status", status: 429 }, "GIT_HOST_RATE_LIMITED"],
  ["a status 503", { type: "status", status: 503 }, "GIT_HOST_UNAVAILABLE"],
  ["a cut connection", { type: "truncate", bytes: 100 }, "GIT_HOST_UNAVAILABLE"],
  ["half a pack", { type: "short", bytes: 300 }, "GIT_PROTOCOL_ERROR"],
] as const)(
  "%s is told as what it is",
  async (_name, fault, code) => {
    lab.server.setFaults(({ service }) => (fault.type === "short" && service !== "fetch" ? undefined : fault));
    try {
      expect((await failureOf(fetchTag("skills"))).code).toBe(code);
    } finally {
      lab.server.setFaults(undefined);
    }
    expect(await lab.leftovers()).toEqual([]);
  },
  30_000,
);

test("a redirect to another host is not followed", async () => {
  let asked = 0;
  const elsewhere = createServer((_request, response) => {
    asked++;
    response.end();
  });
  await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
  const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/x.git/info/refs?service=git-upload-pack`;
  lab.server.setFaults(() => ({ type: "redirect", location }));
  try {
    expect((await failureOf(fetchTag("skills"))).code).toBe("REPOSITORY_MOVED");
    expect(asked).toBe(0);
  } finally {
    lab.server.setFaults(undefined);
    elsewhere.close();
  }
});

test("a listing that never ends and a host that never answers are left", async () => {
  lab.server.setFaults(() => ({ type: "endless-refs" }));
  try {
    const cage = lab.limited({ listingBytes: 1024 * 1024 });
    expect((await failureOf(fetchTag("skills", "v1.0.0", cage))).code).toBe("TOO_LARGE");
    lab.server.setFaults(() => ({ type: "hang" }));
    const hasty = lab.limited({ fetchMilliseconds: 2000 });
    expect((await failureOf(fetchTag("skills", "v1.0.0", hasty))).code).toBe("GIT_HOST_TIMEOUT");
  } finally {
    lab.server.setFaults(undefined);
  }
}, 30_000);

test("more bytes than a pack may have are not read", async () => {
  const big = randomBytes(3 * 1024 * 1024);
  await rawRelease("huge", async (raw) => [{ mode: "100644", name: "big.bin", oid: await raw.blob(big) }]);
  const cage = lab.limited({ packBytes: 1024 * 1024 });
  expect((await failureOf(fetchTag("huge", "v1.0.0", cage))).code).toBe("TOO_LARGE");
});

test("a gibibyte of zeros in a small pack ends the child, not this process", async () => {
  const size = 1024 * 1024 * 1024;
  await rawRelease("bomb", async (raw) => [{ mode: "100644", name: "zeros", oid: await raw.zeroBlob(size) }]);
  const before = process.memoryUsage.rss();
  expect((await failureOf(fetchTag("bomb"))).code).toMatch(/REPOSITORY_TOO_COMPLEX|GIT_HOST_TIMEOUT/);
  expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 1024 * 1024);
  expect(await lab.leftovers()).toEqual([]);
}, 90_000);

test.each([
  ["dotgit", { mode: "100644", name: ".git" }, "UNSAFE_PATH"],
  ["dotdot", { mode: "100644", name: ".." }, "UNSAFE_PATH"],
  ["slash", { mode: "100644", name: "a/../../x" }, "UNSAFE_PATH"],
  ["escape", { mode: "100644", name: "\u001b[31mred" }, "UNSAFE_PATH"],
  ["bidi", { mode: "100644", name: "a\u202Eb" }, "UNSAFE_PATH"],
  ["notutf8", { mode: "100644", name: Buffer.from([0x61, 0xff]) }, "UNSAFE_PATH"],
  ["symlink", { mode: "120000", name: "link" }, "SYMLINK_NOT_ALLOWED"],
  ["gitlink", { mode: "160000", name: "sub" }, "SUBMODULE_NOT_SUPPORTED"],
  ["setuid", { mode: "104755", name: "run" }, "UNSAFE_MODE"],
] as const)("an entry that no release may have (%s) is refused", async (name, entry, code) => {
  const elsewhere = createHash("sha1").update("x").digest("hex");
  await rawRelease(`entry-${name}`, async (raw) => [
    { ...entry, oid: entry.mode === "160000" ? elsewhere : await raw.blob("x") },
  ]);
  const snapshot = fetchTag(`entry-${name}`);
  const failure = await failureOf(snapshot.then((one) => readPakFiles(one, "", lab.cage.limits)));
  expect(failure.code).toBe(code);
  expect(`${failure.message} ${failure.hint}`).not.toMatch(/[\u001b\u202E]/);
  await snapshot.then(
    (one) => one.close(),
    () => undefined,
  );
});

test("a tag that leads to a blob, and a file that is a folder, are refused", async () => {
  const raw = await lab.raw("odd");
  await raw.ref("refs/heads/main", await raw.release("refs/tags/v3.0.0"));
  await raw.ref("refs/tags/v1.0.0", await raw.blob("x"));
  expect((await failureOf(fetchTag("odd"))).code).toBe("TAG_NOT_A_COMMIT");
  const tree = await raw.tree([]);
  await raw.release("refs/tags/v2.0.0", [{ mode: "100644", name: "file", oid: tree }]);
  const failure = await failureOf(fetchTag("odd", "v2.0.0").then((one) => readPakFiles(one, "", lab.cage.limits)));
  expect(failure.code).toMatch(/UNSAFE_MODE|GIT_PROTOCOL_ERROR/);
});
