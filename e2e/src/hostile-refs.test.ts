import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { RawRepo } from "@paks/git/testing";
import type { ErrorCode, ReleaseDto } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fetchData, skillText } from "./harness/journey.ts";
import { listFolder } from "./hostile/files.ts";
import { expectAnswer, expectCode, expectVerdict, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { annotate, rawRemote, tagFiles, tagMessage, workRepository } from "./hostile/tags.ts";

let hostile: HostileLab;
beforeAll(async () => {
  hostile = await openHostileLab();
});
afterAll(() => hostile.close());

const tag = "v1.0.0";
const filesOf = (name: string, text = "") => ({ "SKILL.md": skillText(name, "1.0.0") + text });

/** A commit with one good skill. */
async function commitSkill(raw: RawRepo, name: string, text = ""): Promise<string> {
  const oid = await raw.blob(filesOf(name, text)["SKILL.md"]);
  return raw.commit(await raw.tree([{ mode: "100644", name: "SKILL.md", oid }]));
}

const project = (name: string) => hostile.lab.folder(join("projects", name, "project"));
const installed = async (name: string, folder: string) =>
  readFile(join(folder, ".agents", "skills", name, "SKILL.md"), "utf8");

type Leads = readonly [
  name: string,
  object: (raw: RawRepo, name: string) => Promise<[string, string]>,
  code: ErrorCode | "ok",
];
const damaged = "GIT_PROTOCOL_ERROR";

/** From a commit over so many tags; the one that is made on top is not counted. */
async function nest(raw: RawRepo, name: string, depth: number): Promise<[string, string]> {
  let object = await commitSkill(raw, name);
  for (let level = 0; level < depth; level++)
    object = await raw.tagObject(object, { type: level === 0 ? "commit" : "tag" });
  return [object, depth === 0 ? "commit" : "tag"];
}

const leads: readonly Leads[] = [
  ["commit", (raw, name) => nest(raw, name, 0), "ok"],
  ["blob", async (raw) => [await raw.blob("x"), "blob"], "TAG_NOT_A_COMMIT"],
  ["tree", async (raw) => [await raw.tree([]), "tree"], "TAG_NOT_A_COMMIT"],
  [
    "tag-of-blob",
    async (raw) => [await raw.tagObject(await raw.blob("x"), { type: "blob" }), "tag"],
    "TAG_NOT_A_COMMIT",
  ],
  ["five-tags", (raw, name) => nest(raw, name, 4), "ok"],
  ["six-tags", (raw, name) => nest(raw, name, 5), "TAG_NOT_A_COMMIT"],
  ["three-hundred-tags", (raw, name) => nest(raw, name, 299), "TAG_NOT_A_COMMIT"],
  ["tree-called-commit", async (raw) => [await raw.tree([]), "commit"], damaged],
  ["commit-called-blob", async (raw, name) => [await commitSkill(raw, name), "blob"], damaged],
  ["missing", () => Promise.resolve(["1".repeat(40), "commit"]), damaged],
];

describe.concurrent("a tag that leads to", () => {
  test.each(leads)("%s", async (row, make, code) => {
    const name = `leads-${row}`;
    const { raw, url } = await rawRemote(hostile.lab, name);
    const [object, type] = await make(raw, name);
    await annotate(raw, object, { name, repository: url, files: filesOf(name), type });
    expectVerdict(await hostile.follow({ repository: url, tag }), code);
    expectCode(await hostile.paks(await project(name), ["install", `${url}#${tag}`, "--agent", "claude-code"]), code);
    await hostile.requireWell();
  });

  test.each(["blob", "tree"] as const)("%s, without any annotation", async (type) => {
    const { raw, url } = await rawRemote(hostile.lab, `light-${type}`);
    await raw.ref(`refs/tags/${tag}`, type === "blob" ? await raw.blob("x") : await raw.tree([]));
    expectVerdict(await hostile.follow({ repository: url, tag }), "TAG_NOT_A_COMMIT");
    expectCode(await hostile.paks(await project(`light-${type}`), ["install", `${url}#${tag}`]), "TAG_NOT_A_COMMIT");
  });
});

describe.concurrent("what a tag object says of itself", () => {
  const annotations: readonly (readonly [string, (message: string) => object, ErrorCode | "ok"])[] = [
    ["another-name", (message) => ({ tag: "v9.9.9", message }), "TRAILER_MISMATCH"],
    ["no-tagger", (message) => ({ tag, tagger: undefined, message }), "ok"],
    [
      "escapes-in-tagger",
      (message) => ({ tag, tagger: "\u001B[31mEve <e@example.com> 1700000000 +0000", message }),
      "ok",
    ],
    [
      "endless-date",
      (message) => ({ tag, tagger: "E <e@e> 99999999999999999999 +0000", message }),
      "REPOSITORY_TOO_COMPLEX",
    ],
    [
      "escapes-in-notes",
      (message) => ({ tag, message: message.replace("\n\n", "\n\n\u001B]0;owned\u0007\u009B2J\0\u202E\n\n") }),
      "ok",
    ],
    [
      "not-utf8",
      (message) => ({ tag, message: Buffer.concat([Buffer.of(0xff, 0xfe, 0x0a, 0x0a), Buffer.from(message)]) }),
      "ok",
    ],
    ["fifty-megabytes", (message) => ({ tag, message: "m".repeat(50_000_000) + message }), "TOO_LARGE"],
    ["trailer-twice", (message) => ({ tag, message: `${message}Paks-Version: 2.0.0\n` }), "TRAILER_MISMATCH"],
    [
      "trailer-escape",
      (message) => ({ tag, message: message.replace("Paks-Path: .", "Paks-Path: \u001B[2J") }),
      "TRAILER_MISMATCH",
    ],
    [
      "trailer-path",
      (message) => ({ tag, message: message.replace("Paks-Path: .", "Paks-Path: ../../canary") }),
      "TRAILER_MISMATCH",
    ],
    [
      "trailer-option",
      (message) => ({ tag, message: message.replace("Paks-Path: .", "Paks-Path: --help") }),
      "TRAILER_MISMATCH",
    ],
  ];
  test.each(annotations)("%s", async (row, fields, code) => {
    const name = `says-${row}`;
    const { raw, url } = await rawRemote(hostile.lab, name);
    const message = tagMessage({ name, repository: url, files: filesOf(name) });
    await raw.ref(`refs/tags/${tag}`, await raw.tagObject(await commitSkill(raw, name), fields(message)));
    expectVerdict(await hostile.follow({ repository: url, tag }), code);
    expectCode(await hostile.paks(await project(name), ["status", url]), "ok");
    await hostile.requireWell();
  });
});

const badNames = [
  "",
  "-x",
  "--upload-pack=touch",
  "a b",
  "a..b",
  "a//b",
  "/v1",
  "v1/",
  "v1.",
  ".v1",
  "a/.b",
  "v1.lock",
  "a.lock/b",
  "@{1}",
  "v1^{}",
  "v1~1",
  "v1:SKILL.md",
  "=1.0.0",
  "v1.0.0 ",
  "v1\n",
  "v1\u001B[31m",
  "v1\u202E",
  "HEAD",
  "FETCH_HEAD",
  "refs/tags/v1.0.0",
  "refs/heads/main",
  "+refs/heads/*:refs/x",
  "*",
  "v?",
  "v[1]",
  "v\\1",
  "$(touch x)",
  "`id`",
  "v1;id",
  "v1|id",
  "\u2068v1",
  "vé1",
  `v${"1".repeat(128)}`,
];

describe("names of tags", () => {
  test.each(badNames)("%j is refused at the door", async (bad) => {
    const repository = `${hostile.lab.gitUrl}/nobody`;
    expectAnswer(await hostile.post("/api/index", { repository, tag: bad }), "INVALID_TAG");
  });

  test("NUL and what is no text are no tag at all", async () => {
    for (const bad of ["v1\0", "v1\uD800", null, 1, ["v1"]])
      expectAnswer(
        await hostile.post("/api/index", { repository: `${hostile.lab.gitUrl}/nobody`, tag: bad }),
        "INVALID_PARAMETER",
      );
  });

  test("on the git host such names are passed over, also in a repository that has a pak", async () => {
    const name = "neighbours";
    const { repository } = await tagFiles(hostile.lab, name, filesOf(name));
    expectVerdict(await hostile.follow({ repository, tag }), "ok");
    const { raw } = await rawRemote(hostile.lab, name);
    const commit = await commitSkill(raw, name, "Other.\n");
    for (const bad of ["-x", "--upload-pack=touch pwned", "a..b", "HEAD", "refs/tags/v2.0.0", "v3.0.0.lock"])
      await raw.ref(`refs/tags/${bad}`, commit);
    const folder = await project(name);
    expectVerdict(await hostile.follow({ repository, tag }), "ok");
    expectCode(await hostile.paks(folder, ["install", repository, "--agent", "claude-code"]), "ok");
    const versions = await fetchData<{ version: string }[]>(hostile.lab, `/api/skills/acme/${name}/versions`);
    expect(versions.map(({ version }) => version)).toEqual(["1.0.0"]);
    await hostile.requireWell();
  });
});

describe.concurrent("a branch named like the tag is never taken for it", () => {
  test("both are there: index and install read the tag", async () => {
    const name = "twins";
    const { repository } = await tagFiles(hostile.lab, name, filesOf(name));
    const { raw } = await rawRemote(hostile.lab, name);
    const branch = await commitSkill(raw, name, "From the branch.\n");
    for (const ref of [tag, `refs/tags/${tag}`, `tags/${tag}`, "HEAD"]) await raw.ref(`refs/heads/${ref}`, branch);
    await raw.ref(`refs/remotes/refs/tags/${tag}`, branch);
    await raw.ref(`refs/replace/${await raw.git("rev-parse", `refs/tags/${tag}^{commit}`)}`, branch);
    expectVerdict(await hostile.follow({ repository, tag }), "ok");
    const release = await fetchData<ReleaseDto>(hostile.lab, `/api/skills/acme/${name}/versions/1.0.0`);
    expect(release.commit).not.toBe(branch);
    for (const [place, source] of [
      ["a", `${repository}#${tag}`],
      ["b", repository],
      ["c", `acme/${name}`],
    ] as const) {
      const folder = await project(`${name}-${place}`);
      expectCode(await hostile.paks(folder, ["install", source, "--agent", "claude-code"]), "ok");
      expect(await installed(name, folder)).toBe(filesOf(name)["SKILL.md"]);
    }
  });

  test("only the branch is there: the tag is not found, and asked for again later", async () => {
    const { raw, url } = await rawRemote(hostile.lab, "branch-only");
    const commit = await commitSkill(raw, "branch-only");
    for (const ref of [
      `refs/heads/${tag}`,
      `refs/heads/refs/tags/${tag}`,
      `refs/remotes/refs/tags/${tag}`,
      `refs/${tag}`,
    ])
      await raw.ref(ref, commit);
    expectVerdict(await hostile.follow({ repository: url, tag }), "TAG_NOT_FOUND");
    const folder = await project("branch-only");
    for (const source of [`${url}#${tag}`, `${url}#tag=${tag}`])
      expectCode(await hostile.paks(folder, ["install", source]), "TAG_NOT_FOUND");
    expectCode(await hostile.paks(folder, ["install", `${url}#version=${tag.slice(1)}`]), "VERSION_NOT_FOUND");
    expect(await listFolder(folder)).toEqual([]);
  });

  test("the author has a branch of that name: publish makes, pushes and releases the tag", async () => {
    const name = "own-branch";
    const work = await workRepository(hostile.lab, name, { "SKILL.md": skillText(name, "0.1.0") });
    await work.git("branch", "v0.1.1");
    await work.git("push", "-q", "origin", "refs/heads/v0.1.1");
    const branch = await work.git("rev-parse", "refs/heads/v0.1.1");
    expectCode(await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]), "ok");
    expect(await work.git("rev-parse", "refs/heads/v0.1.1")).toBe(branch);
    const release = await fetchData<ReleaseDto>(hostile.lab, `/api/skills/acme/${name}/versions/0.1.1`);
    expect(release.commit).toBe(await work.git("rev-parse", "refs/heads/main"));
    await work.remove();
  });

  test("a full commit id is that commit whatever tag is called so; its beginning is the tag", async () => {
    const name = "hex";
    const { raw, url } = await rawRemote(hostile.lab, name);
    const other = await commitSkill(raw, name, "The other.\n");
    await raw.ref("refs/heads/main", other);
    const meant = await commitSkill(raw, name);
    for (const hex of [other.slice(0, 12), other]) {
      await raw.ref(`refs/tags/${hex}`, meant);
      const folder = await project(`hex-${hex.length}`);
      expectCode(await hostile.paks(folder, ["install", `${url}#tag=${hex}`, "--agent", "claude-code"]), "ok");
      expect(await installed(name, folder)).toBe(filesOf(name)["SKILL.md"]);
      const plain = await project(`hex-plain-${hex.length}`);
      expectCode(await hostile.paks(plain, ["install", `${url}#${hex}`, "--agent", "claude-code"]), "ok");
      const isCommit = hex === other;
      expect((await installed(name, plain))?.includes("The other.")).toBe(isCommit);
      expectVerdict(await hostile.follow({ repository: url, tag: hex }), "NAMESPACE_FORBIDDEN");
    }
  });
});

test("of all this only what is sound was released, and nothing is left", async () => {
  const sound = [
    "leads-commit",
    "leads-five-tags",
    "neighbours",
    "says-escapes-in-notes",
    "says-escapes-in-tagger",
    "says-no-tagger",
    "says-not-utf8",
    "twins",
  ];
  const releases = [...sound.map((name) => `acme/${name}@1.0.0`), "acme/own-branch@0.1.1"].sort();
  expect((await hostile.finish()).releases).toEqual(releases);
});
