import { countJobs } from "@paks/db";
import { contentDigest, type IndexDryRunDto, sha256Hex } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOf, refusalOf, skillText, testApi } from "../testing/test-api.ts";

const fileOf = (path: string, text: string) => ({
  path,
  size: Buffer.byteLength(text),
  mode: "100644",
  sha256: sha256Hex(Buffer.from(text)),
});

const good = (name = "pdf") => ({
  package: `acme/${name}`,
  version: "1.0.0",
  repository: `https://git.test/acme/${name}`,
  path: "",
  tag: "v1.0.0",
  manifest: skillText(name),
  files: [fileOf("SKILL.md", skillText(name)), fileOf("a.txt", "x")],
});

async function open() {
  const api = await testApi();
  const token = await api.makeToken("acme");
  const ask = async (more: object = {}, who = token) =>
    dataOf<IndexDryRunDto>(await api.request("/api/index?dry_run=true", { token: who, json: { ...good(), ...more } }));
  const codes = async (more: object = {}, who = token) =>
    (await ask(more, who)).findings.filter((each) => each.severity === "error").map((each) => each.code);
  return { ...api, token, ask, codes };
}

test("a good release is told its digest and that it would make the pak; nothing is written", async () => {
  const { ask, db } = await open();
  const { files } = good();
  expect(await ask()).toMatchObject({ ok: true, creates: true, digest: contentDigest(files) });
  expect(await countJobs(db)).toMatchObject({ pending: 0 });
});

test("all problems are told together", async () => {
  const { codes } = await open();
  const files = [
    fileOf("SKILL.md", skillText("pdf")),
    fileOf("a/../b", "x"),
    { ...fileOf("big.bin", "x"), size: 2 * 1024 * 1024 + 1 },
    fileOf("README.md", "x"),
    fileOf("readme.md", "x"),
  ];
  const found = await codes({ version: "one", repository: "https://evil.test/a/b", tag: "-x", files });
  expect(new Set(found)).toEqual(
    new Set(["INVALID_PARAMETER", "HOST_NOT_ALLOWED", "INVALID_TAG", "UNSAFE_PATH", "TOO_LARGE", "CASE_COLLISION"]),
  );
});

test.each([
  [{ package: "acme" }, "INVALID_NAME"],
  [{ package: "other/pdf" }, "NAMESPACE_FORBIDDEN"],
  [
    { package: "acme/admin", manifest: skillText("admin"), files: [fileOf("SKILL.md", skillText("admin"))] },
    "NAME_RESERVED",
  ],
  [{ tag: "v1.0.1" }, "VERSION_TAG_MISMATCH"],
  [{ manifest: skillText("word"), files: [fileOf("SKILL.md", skillText("word"))] }, "MANIFEST_INVALID"],
  [{ manifest: "no front matter", files: [fileOf("SKILL.md", "no front matter")] }, "FRONTMATTER_MISSING"],
  [{ manifest: "---js\nx\n---\n", files: [fileOf("SKILL.md", "---js\nx\n---\n")] }, "FRONTMATTER_LANGUAGE_NOT_ALLOWED"],
  [{ files: [fileOf("SKILL.md", "another text")] }, "MANIFEST_MISSING"],
  [{ files: [] }, "MANIFEST_MISSING"],
  [{ repository: "https://x:y@git.test/acme/pdf" }, "CREDENTIALS_IN_URL"],
  [{ path: "../x" }, "UNSAFE_PATH"],
])("%j is told as %s", async (more, code) => {
  const { codes } = await open();
  expect(await codes(more)).toContain(code);
});

test("the author's own tag prefix is not taken for a mismatch", async () => {
  const { codes } = await open();
  expect(await codes({ tag: "release-1.0.0" })).toEqual([]);
  expect(await codes({ tag: "pdf--v1.0.0" })).toEqual([]);
});

test("a version, a binding or a name that is taken is told before the tag exists", async () => {
  const { ask, codes, release } = await open();
  await release({ account: "acme", name: "pdf", version: "1.0.0" });
  expect(await codes()).toContain("VERSION_EXISTS");
  const next = { version: "1.0.1", tag: "v1.0.1" };
  expect(await ask(next)).toMatchObject({ ok: true, creates: false });
  expect(await codes({ ...next, repository: "https://git.test/acme/elsewhere" })).toContain("BINDING_CONFLICT");
  const elsewhere = await ask({ ...next, repository: "https://git.test/acme/elsewhere" });
  const hint = expect.stringMatching(/^Publish from https?:\/\/[^,]+, .*cannot move/) as string;
  const conflict = expect.objectContaining({ code: "BINDING_CONFLICT", hint }) as object;
  expect(elsewhere).toMatchObject({ findings: expect.arrayContaining([conflict]) as object[] });
  const close = { package: "acme/p-df", manifest: skillText("p-df"), files: [fileOf("SKILL.md", skillText("p-df"))] };
  expect(await codes({ ...close, ...next })).toContain("NAME_TAKEN");
});

test("scopes decide which paks the token may release", async () => {
  const { codes, makeToken } = await open();
  const may = async (scope: string) => (await codes({}, await makeToken("acme", { scopes: [scope] }))).length === 0;
  expect(await may("publish:acme/pdf")).toBe(true);
  expect(await may("publish:acme/*")).toBe(true);
  expect(await may("admin")).toBe(true);
  expect(await may("publish:acme/word")).toBe(false);
  expect(await may("publish:other/*")).toBe(false);
  expect(await may("review")).toBe(false);
  expect(await codes({}, await makeToken(null, { scopes: ["admin"] }))).toContain("NAMESPACE_FORBIDDEN");
});

test("without a token it is 401, with a body above 1 MiB 413", async () => {
  const { request, token } = await open();
  const path = "/api/index?dry_run=true";
  expect(await refusalOf(await request(path, { json: good() }))).toEqual({ status: 401, code: "AUTH_REQUIRED" });
  const headers = { "content-type": "application/json" };
  const padded = (length: number) =>
    request(path, { method: "POST", token, headers, body: JSON.stringify(good()).padEnd(length) });
  expect((await padded(1024 * 1024)).status).toBe(200);
  expect(await refusalOf(await padded(1024 * 1024 + 1))).toEqual({ status: 413, code: "BODY_TOO_LARGE" });
});

test("a thousand files are judged in one answer", async () => {
  const { ask } = await open();
  const many = Array.from({ length: 1000 }, (_, i) => fileOf(`data/${i}.txt`, String(i)));
  const { findings } = await ask({ files: [good().files[0], ...many] });
  expect(findings.map((each) => each.code)).toContain("TOO_MANY_FILES");
  expect((await ask({ files: [good().files[0], ...many.slice(1)] })).ok).toBe(true);
});

test("several releases are one request, and each is judged as if it had come alone", async () => {
  const { ask, request, token, db } = await open();
  const bad = { ...good("csv"), package: "other/csv" };
  const post = (releases: object[]) => request("/api/index?dry_run=true", { token, json: { releases } });
  const answers = await dataOf<IndexDryRunDto[]>(await post([good(), bad]));
  expect(answers).toEqual([await ask(), await ask(bad)]);
  expect(answers.map(({ ok }) => ok)).toEqual([true, false]);
  for (const releases of [[], Array.from({ length: 51 }, () => good())])
    expect(await refusalOf(await post(releases))).toEqual({ status: 400, code: "INVALID_PARAMETER" });
  const both = { ...good(), releases: [good("csv")] };
  expect(await refusalOf(await request("/api/index?dry_run=true", { token, json: both }))).toEqual({
    status: 400,
    code: "INVALID_PARAMETER",
  });
  expect(await refusalOf(await request("/api/index?dry_run=true", { json: { releases: [good()] } }))).toEqual({
    status: 401,
    code: "AUTH_REQUIRED",
  });
  expect(await countJobs(db)).toMatchObject({ pending: 0 });
});
