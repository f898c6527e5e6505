import { createHash } from "node:crypto";

import { PaksError, type RepositoryUrl } from "@paks/schema";
import * as isomorphic from "isomorphic-git";
import { afterAll, beforeAll, expect, test } from "vitest";

import { fetchTag, type GitCage, listTags, readPakFiles } from "./index.ts";
import { type GitLab, gitLab, type GitRepo } from "./testing/index.ts";

let lab: GitLab;
let mono: GitRepo;

beforeAll(async () => {
  lab = await gitLab();
  mono = await lab.repo("acme/mono", {
    "README.md": "r",
    "skills/pdf/SKILL.md": "---\nname: pdf\n---\n",
    "skills/pdf/scripts/run.sh": "echo hi\n",
    "skills/pdf/copy.sh": "echo hi\n",
    "skills/other/SKILL.md": "o",
    ".gitattributes": "* text eol=crlf export-subst ident\nskills/pdf/copy.sh export-ignore\n",
  });
  await mono.git("update-index", "--chmod=+x", "skills/pdf/scripts/run.sh");
  await mono.git("commit", "-qm", "x");
  await mono.tag("pdf--v1.0.0", "Release v1.0.0\n\nSkill: pdf\n# kept\n");
  await mono.tag("v1.0.0");
  await mono.git("push", "-q", "origin", "main", "pdf--v1.0.0", "v1.0.0");
});
afterAll(() => lab.close());

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

async function failureOf(work: Promise<unknown>): Promise<PaksError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof PaksError) return error;
  throw new Error("it should have failed with a PaksError", { cause: error });
}

/** The one pak of the test, read and closed. */
async function readPdf(from: GitCage, url: RepositoryUrl, tag = "pdf--v1.0.0") {
  const snapshot = await fetchTag(from, url, tag);
  try {
    return await readPakFiles(snapshot, "skills/pdf", from.limits);
  } finally {
    await snapshot.close();
  }
}

const pdfFiles = [
  ["SKILL.md", false, "---\nname: pdf\n---\n"],
  ["copy.sh", false, "echo hi\n"],
  ["scripts/run.sh", true, "echo hi\n"],
];
const shown = (files: Awaited<ReturnType<typeof readPdf>>["files"]) =>
  files.map(({ path, executable, bytes }) => [path, executable, text(bytes)]);

test("a pak in a folder is read byte for byte as it was committed, in two questions to the host", async () => {
  const before = lab.server.requests.length;
  const snapshot = await fetchTag(lab.cage, lab.url("acme/mono"), "pdf--v1.0.0");
  expect(snapshot.commit).toBe(await mono.git("rev-parse", "HEAD"));
  expect(snapshot.object).toBe(await mono.git("rev-parse", "refs/tags/pdf--v1.0.0"));
  expect(snapshot.annotation).toMatchObject({
    tagName: "pdf--v1.0.0",
    message: "Release v1.0.0\n\nSkill: pdf\n# kept\n",
  });
  expect(Math.abs(Date.parse(snapshot.annotation?.taggedAt ?? "") - Date.now())).toBeLessThan(600_000);
  const all = await snapshot.listTree("");
  expect(all?.entries.map(({ path }) => path)).toEqual([
    ".gitattributes",
    "README.md",
    "skills/other/SKILL.md",
    "skills/pdf/SKILL.md",
    "skills/pdf/copy.sh",
    "skills/pdf/scripts/run.sh",
  ]);
  const pak = await readPakFiles(snapshot, "skills/pdf", lab.cage.limits);
  expect(pak.tree).toBe(await mono.git("rev-parse", "HEAD:skills/pdf"));
  expect(shown(pak.files)).toEqual(pdfFiles);
  // info/refs, ls-refs, fetch; info/refs, fetch
  expect(lab.server.requests.length - before).toBe(5);
  await snapshot.close();
  expect(await lab.leftovers()).toEqual([]);
});

test("a lightweight tag is its commit, without an annotation", async () => {
  const snapshot = await fetchTag(lab.cage, lab.url("acme/mono"), "v1.0.0");
  await snapshot.close();
  expect(snapshot.object).toBe(snapshot.commit);
  expect(snapshot.annotation).toBeUndefined();
});

test("object ids are those that another implementation of git computes from the bytes", async () => {
  const snapshot = await fetchTag(lab.cage, lab.url("acme/mono"), "pdf--v1.0.0");
  const listed = await snapshot.listTree("skills/pdf");
  const blobs = await snapshot.readBlobs(listed!.entries.map(({ oid }) => oid));
  await snapshot.close();
  for (const { oid } of listed!.entries) {
    expect((await isomorphic.hashBlob({ object: blobs.get(oid)! })).oid).toBe(oid);
  }
  const { oid } = await isomorphic.readTree({
    fs: await import("node:fs"),
    dir: mono.dir,
    oid: snapshot.commit,
    filepath: "skills/pdf",
  });
  expect(oid).toBe(listed!.tree);
});

test("files are fetched once: what is here already is not asked for again", async () => {
  const snapshot = await fetchTag(lab.cage, lab.url("acme/mono"), "v1.0.0");
  await readPakFiles(snapshot, "skills/pdf", lab.cage.limits);
  const before = lab.server.requests.length;
  await readPakFiles(snapshot, "skills/pdf", lab.cage.limits);
  expect(lab.server.requests.length).toBe(before);
  await snapshot.close();
});

test("the paks of a monorepo are listed and fetched together when that is asked for", async () => {
  const snapshot = await fetchTag(lab.cage, lab.url("acme/mono"), "v1.0.0");
  const apart = await snapshot.listTree("skills/pdf");
  const all = await snapshot.listTree("");
  await snapshot.fetchBlobs(all!.entries.map(({ oid }) => oid));
  const before = lab.server.requests.length;
  expect(await snapshot.listTree("skills/pdf")).toEqual(apart);
  expect(await snapshot.listTree("skills/pd")).toBeUndefined();
  expect(await snapshot.listTree("README.md")).toBeUndefined();
  expect(shown((await readPakFiles(snapshot, "skills/pdf", lab.cage.limits)).files)).toEqual(pdfFiles);
  expect((await readPakFiles(snapshot, "skills/other", lab.cage.limits)).files).toHaveLength(1);
  expect(lab.server.requests.length).toBe(before);
  await snapshot.close();
});

test("a host that knows no filters sends everything, and that is read", async () => {
  const plain = await gitLab({ filters: false });
  try {
    await mono.git("push", "-q", await bare(plain, "mono"), "main", "pdf--v1.0.0");
    expect(shown((await readPdf(plain.cage, plain.url("mono"))).files)).toEqual(pdfFiles);
    expect(plain.server.count("fetch")).toBe(2);
  } finally {
    await plain.close();
  }
});

test("a host that filters but gives out no single files is asked for the whole commit", async () => {
  const old = await gitLab({ oldProtocol: true, config: [["uploadpack.allowAnySHA1InWant", "false"]] });
  try {
    await mono.git("push", "-q", await bare(old, "mono"), "main", "pdf--v1.0.0");
    expect(shown((await readPdf(old.cage, old.url("mono"))).files)).toEqual(pdfFiles);
  } finally {
    await old.close();
  }
});

/** An empty repository on a lab's server; its address. */
async function bare(on: GitLab, name: string): Promise<string> {
  await (await on.raw(name)).git("config", "core.bare", "true");
  return on.url(name).url;
}

test("what was not asked for stays missing: no command reaches for the network by itself", async () => {
  const snapshot = await fetchTag(lab.cage, lab.url("acme/mono"), "v1.0.0");
  const listed = await snapshot.listTree("");
  lab.server.setFaults(() => ({ type: "status", status: 500 }));
  const before = lab.server.requests.length;
  expect((await snapshot.listTree("skills"))?.entries).toHaveLength(4);
  expect(lab.server.requests.length).toBe(before);
  expect((await failureOf(snapshot.readBlobs([listed!.entries[0]!.oid]))).code).toBe("GIT_HOST_UNAVAILABLE");
  // The explicit question alone, once.
  expect(lab.server.requests.length - before).toBe(1);
  lab.server.setFaults(undefined);
  await snapshot.close();
});

test("a folder that is not there, a file instead of a folder, an id that nobody has", async () => {
  const snapshot = await fetchTag(lab.cage, lab.url("acme/mono"), "v1.0.0");
  expect(await snapshot.listTree("nowhere")).toBeUndefined();
  expect(await snapshot.listTree("skills/pdf/SKILL.md")).toBeUndefined();
  expect((await failureOf(readPakFiles(snapshot, "Skills/pdf", lab.cage.limits))).code).toBe("MANIFEST_MISSING");
  expect((await failureOf(snapshot.readBlobs(["1".repeat(40)]))).code).toBe("GIT_PROTOCOL_ERROR");
  await snapshot.close();
});

test("limits hold at the limit and refuse one above it", async () => {
  const repo = await lab.repo("limits", { "SKILL.md": "s", "a.bin": "x".repeat(1000), "b.bin": "y".repeat(1000) }, [
    "v1",
  ]);
  const url = lab.url("limits");
  const read = async (limits: Parameters<GitLab["limited"]>[0]) => {
    const cage = lab.limited(limits);
    const snapshot = await fetchTag(cage, url, "v1");
    try {
      return await readPakFiles(snapshot, "", cage.limits);
    } finally {
      await snapshot.close();
    }
  };
  expect((await read({ fileBytes: 1000 })).files).toHaveLength(3);
  expect(await failureOf(read({ fileBytes: 999 }))).toMatchObject({ code: "TOO_LARGE", details: { path: "a.bin" } });
  expect((await read({ releaseBytes: 2001 })).files).toHaveLength(3);
  expect((await failureOf(read({ releaseBytes: 2000 }))).code).toBe("TOO_LARGE");
  expect((await read({ files: 3 })).files).toHaveLength(3);
  expect((await failureOf(read({ files: 2 }))).code).toBe("TOO_MANY_FILES");
  expect((await read({ treeEntries: 3 })).files).toHaveLength(3);
  expect((await failureOf(read({ treeEntries: 2 }))).code).toBe("REPOSITORY_TOO_COMPLEX");
  const listing = `${await repo.git("ls-remote", "--tags", "origin")}\n`.length;
  expect(await listTags(lab.limited({ listingBytes: listing }), url)).toHaveLength(1);
  const short = listTags(lab.limited({ listingBytes: listing - 1 }), url);
  expect((await failureOf(short)).code).toBe("REPOSITORY_TOO_COMPLEX");
});

test("tags are listed with the commits they lead to", async () => {
  const listed = await listTags(lab.cage, lab.url("acme/mono"));
  const commit = await mono.git("rev-parse", "HEAD");
  expect(listed).toEqual([
    { tag: "pdf--v1.0.0", object: await mono.git("rev-parse", "refs/tags/pdf--v1.0.0"), commit },
    { tag: "v1.0.0", object: commit, commit: undefined },
  ]);
});

test("a repository without tags or commits has no tags", async () => {
  await bare(lab, "empty");
  expect(await listTags(lab.cage, lab.url("empty"))).toEqual([]);
  expect((await failureOf(fetchTag(lab.cage, lab.url("empty"), "v1.0.0"))).code).toBe("TAG_NOT_FOUND");
});

test("a submodule outside the pak, and what .gitmodules says, matter to nobody", async () => {
  const url = "ext::sh -c 'touch pwned'";
  const repo = await lab.repo("sub", {
    "skills/a/SKILL.md": "y",
    ".gitmodules": `[submodule "lib"]\n\tpath = lib\n\turl = ${url}\n`,
  });
  await repo.git("update-index", "--add", "--cacheinfo", "160000", "1".repeat(40), "lib");
  await repo.git("commit", "-qm", "sub");
  await repo.git("push", "-q", "origin", "HEAD:refs/tags/v1");
  const snapshot = await fetchTag(lab.cage, lab.url("sub"), "v1");
  expect((await readPakFiles(snapshot, "skills/a", lab.cage.limits)).files).toHaveLength(1);
  expect((await failureOf(readPakFiles(snapshot, "", lab.cage.limits))).code).toBe("SUBMODULE_NOT_SUPPORTED");
  await snapshot.close();
});

test("the digest of a blob survives the way", async () => {
  const bytes = Buffer.from(Array.from({ length: 65_536 }, (_, index) => (index * 7919) & 0xff));
  await (await lab.repo("binary", { "SKILL.md": "s", "blob.bin": bytes }, ["v1"])).remove();
  const snapshot = await fetchTag(lab.cage, lab.url("binary"), "v1");
  const { files } = await readPakFiles(snapshot, "", lab.cage.limits);
  await snapshot.close();
  const digest = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
  expect(digest(files.find(({ path }) => path === "blob.bin")!.bytes)).toBe(digest(bytes));
});
