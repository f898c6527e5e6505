import { findPak } from "@paks/db";
import { makeArchive, readArchive, sha256Hex } from "@paks/schema";
import { expect, test } from "vitest";
import { createApp } from "../app.ts";
import { dataOf, refusalOf, skillText, type TestApi, testApi } from "../testing/test-api.ts";

const base = "/api/skills/acme/pdf/versions";
const immutable = "public, max-age=31536000, immutable";

async function published(versions: readonly string[] = ["1.0.0"]): Promise<TestApi> {
  const api = await testApi();
  for (const version of versions) {
    const files = { "scripts/run.sh": "echo hi\n", "a/ü space.txt": "x", "version.txt": version };
    await api.release({ account: "acme", name: "pdf", version, files });
  }
  return api;
}

test("a version is found by exact number, range and channel", async () => {
  const { request } = await published(["1.0.0", "1.2.0", "2.0.0", "2.1.0-beta.1"]);
  const version = async (selector: string) => (await dataOf(await request(`${base}/${selector}`)))["version"];
  expect(await version("1.0.0")).toBe("1.0.0");
  expect(await version("v1.0.0")).toBe("1.0.0");
  expect(await version("%5E1.0.0")).toBe("1.2.0");
  expect(await version("latest")).toBe("2.0.0");
  expect(await version("beta")).toBe("2.1.0-beta.1");
});

test("what does not exist says which part of it", async () => {
  const { request } = await published();
  expect(await refusalOf(await request(`${base}/9.9.9`))).toEqual({ status: 404, code: "VERSION_NOT_FOUND" });
  expect(await refusalOf(await request("/api/skills/acme/none/versions/1.0.0"))).toEqual({
    status: 404,
    code: "PAK_NOT_FOUND",
  });
  expect(await refusalOf(await request("/api/packs/acme/pdf/versions/1.0.0"))).toEqual({
    status: 404,
    code: "PAK_NOT_FOUND",
  });
  expect((await request("/api/paks/acme/pdf/versions/1.0.0")).status).toBe(200);
  expect(await refusalOf(await request(`${base}/1.0.0/files/none.txt`))).toEqual({ status: 404, code: "NOT_FOUND" });
});

test("a release document is kept for a minute and has a strong ETag", async () => {
  const { request } = await published();
  const first = await request(`${base}/1.0.0`);
  const etag = first.headers.get("etag")!;
  expect(first.headers.get("cache-control")).toBe("public, max-age=60");
  expect(etag).toMatch(/^"[\w-]{43}"$/);
  for (const held of [etag, `W/${etag}`, `"other", ${etag}`, "*"]) {
    const again = await request(`${base}/1.0.0`, { headers: { "if-none-match": held } });
    expect([again.status, await again.text(), again.headers.get("etag")]).toEqual([304, "", etag]);
  }
  expect((await request(`${base}/1.0.0`, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
});

test("the archive holds the release's very bytes and never changes for an exact version", async () => {
  const api = await testApi();
  const made = await api.release({ account: "acme", name: "pdf", version: "1.0.0", files: { "a.txt": "y" } });
  const answer = await api.request(`${base}/1.0.0/archive`);
  const bytes = new Uint8Array(await answer.arrayBuffer());
  expect(answer.status).toBe(200);
  expect(sha256Hex(bytes)).toBe(made.archive.sha256);
  expect(Buffer.from(await makeArchive(await readArchive(bytes))).equals(bytes)).toBe(true);
  expect(answer.headers.get("content-type")).toBe("application/gzip");
  expect(answer.headers.get("content-length")).toBe(String(bytes.length));
  expect(answer.headers.get("content-disposition")).toBe("attachment; filename*=UTF-8''acme-pdf-1.0.0.tar.gz");
  expect(answer.headers.get("cache-control")).toBe(immutable);
  expect(answer.headers.get("etag")).toBe(`"${made.archive.sha256}"`);
  const held = await api.request(`${base}/1.0.0/archive`, { headers: { "if-none-match": `"${made.archive.sha256}"` } });
  expect(held.status).toBe(304);
  expect(held.headers.get("cache-control")).toBe(immutable);
});

test("what a channel leads to is never kept for ever", async () => {
  const { request } = await published();
  for (const path of ["latest/archive", "latest/readme", "%5E1.0.0/files/SKILL.md", "v1.0.0/archive"])
    expect((await request(`${base}/${path}`)).headers.get("cache-control")).toBe("public, max-age=60");
});

test("a file comes back as it was tagged, as a download that no browser runs", async () => {
  const { request } = await published();
  const skill = await request(`${base}/1.0.0/files/SKILL.md`);
  expect(await skill.text()).toBe(skillText("pdf"));
  expect(skill.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(skill.headers.get("content-disposition")).toMatch(/^attachment/);
  expect(skill.headers.get("x-content-type-options")).toBe("nosniff");
  expect(skill.headers.get("cache-control")).toBe(immutable);
  expect(skill.headers.get("etag")).toBe(`"${sha256Hex(Buffer.from(skillText("pdf")))}"`);
  const spaced = await request(`${base}/1.0.0/files/a/%C3%BC%20space.txt`);
  expect(await spaced.text()).toBe("x");
  expect(spaced.headers.get("content-disposition")).toContain("%C3%BC%20space.txt");
});

test("files of two versions are never mixed up", async () => {
  const { request } = await published(["1.0.0", "1.1.0"]);
  for (const version of ["1.0.0", "1.1.0", "1.0.0"])
    expect(await (await request(`${base}/${version}/files/version.txt`)).text()).toBe(version);
});

test("the list of files is what the digest covers", async () => {
  const { request } = await published();
  const files = await dataOf<{ path: string }[]>(await request(`${base}/1.0.0/files`));
  expect(files.map((file) => file.path)).toEqual(["SKILL.md", "a/ü space.txt", "scripts/run.sh", "version.txt"]);
});

test("the readme is README.md, or else the manifest file", async () => {
  const api = await published();
  expect(await (await api.request(`${base}/1.0.0/readme`)).text()).toBe(skillText("pdf"));
  await api.release({ account: "acme", name: "doc", version: "1.0.0", files: { "README.md": "# Hello\n" } });
  expect(await (await api.request("/api/skills/acme/doc/versions/1.0.0/readme")).text()).toBe("# Hello\n");
});

const downloads = async ({ db }: TestApi) => (await findPak(db, { account: "acme", name: "pdf" }))?.downloads;

test("a download counts once per visitor; looking, asking again and failing count nothing", async () => {
  const api = await published();
  const archive = (address: string, init = {}) => api.request(`${base}/1.0.0/archive`, { address, ...init });
  const { archive_sha256 } = await dataOf(await api.request(`${base}/1.0.0`));
  await archive("198.51.100.1", { method: "HEAD" });
  await archive("198.51.100.1", { headers: { "if-none-match": `"${String(archive_sha256)}"` } });
  await api.request(`${base}/9.9.9/archive`);
  for (const address of ["198.51.100.2", "198.51.100.2", "2001:db8::1", "2001:db8::2", "198.51.100.3"])
    await archive(address);
  await api.settle();
  expect(await downloads(api)).toBe(3);
});

test("lost bytes are our fault, said and logged, never somebody else's bytes", async () => {
  const { deps, events, release } = await testApi({ mayFault: true });
  await release({ account: "acme", name: "pdf", version: "1.0.0" });
  const app = createApp({ ...deps, objects: { ...deps.objects, get: async () => undefined } });
  for (const path of ["archive", "files/SKILL.md", "readme"]) {
    const answer = await app.request(`${base}/1.0.0/${path}`);
    expect(await refusalOf(answer)).toEqual({ status: 500, code: "INTERNAL" });
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("etag")).toBeNull();
  }
  expect(events.filter((event) => event["event"] === "fault")).toHaveLength(3);
});
