import { expect, test } from "vitest";
import { dataOf, refusalOf, testApi } from "../testing/test-api.ts";

async function library() {
  const api = await testApi();
  await api.release({
    account: "acme",
    name: "pdf-forms",
    version: "1.0.0",
    manifest: { keywords: ["pdf"], license: "MIT" },
  });
  await api.release({
    account: "acme",
    name: "slides",
    version: "0.1.0",
    manifest: { categories: ["office"], description: "Makes slides." },
  });
  await api.release({ account: "other", name: "mail", version: "2.0.0", manifest: { description: "Writes mail." } });
  return api;
}

interface Found {
  readonly name: string;
  readonly kind: string;
}

test("paks are found by words and filters, under every address of the list", async () => {
  const { request } = await library();
  const names = async (path: string) => (await dataOf<Found[]>(await request(path))).map((pak) => pak.name).toSorted();
  expect(await names("/api/paks")).toEqual(["mail", "pdf-forms", "slides"]);
  expect(await names("/api/skills")).toEqual(["mail", "pdf-forms", "slides"]);
  expect(await names("/api/packs")).toEqual([]);
  expect(await names("/api/skills/search?q=slides")).toEqual(["slides"]);
  expect(await names("/api/paks?q=pdf")).toEqual(["pdf-forms"]);
  expect(await names("/api/paks?account=acme")).toEqual(["pdf-forms", "slides"]);
  expect(await names("/api/paks?keyword=pdf&license=mit")).toEqual(["pdf-forms"]);
  expect(await names("/api/paks?category=office")).toEqual(["slides"]);
  expect(await names("/api/paks?updated_since=2999-01-01T00:00:00Z")).toEqual([]);
  expect(await names("/api/skills?kind=pack")).toEqual(["mail", "pdf-forms", "slides"]);
});

test("pages by number, by offset and by cursor hold every pak once", async () => {
  const { request } = await library();
  const page = async (query: string) => {
    const answer = await request(`/api/paks?sort=name&limit=2&${query}`);
    const { data, meta } = (await answer.json()) as { data: Found[]; meta: Record<string, unknown> };
    return { names: data.map((pak) => pak.name), meta };
  };
  const first = await page("");
  expect(first.names).toEqual(["mail", "pdf-forms"]);
  expect(first.meta).toMatchObject({ total: 3, page: 1, per_page: 2, next_cursor: expect.any(String) });
  expect((await page(`cursor=${String(first.meta["next_cursor"])}`)).names).toEqual(["slides"]);
  expect(await page("page=2")).toMatchObject({ names: ["slides"], meta: { page: 2, next_cursor: null } });
  expect((await page("offset=1")).names).toEqual(["pdf-forms", "slides"]);
});

test("a pak shows its latest release and its channels", async () => {
  const api = await library();
  await api.release({ account: "acme", name: "pdf-forms", version: "1.1.0-beta.1", files: { x: "y" } });
  const answer = await api.request("/api/skills/acme/pdf-forms");
  expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
  expect(await dataOf(answer)).toMatchObject({
    account: "acme",
    name: "pdf-forms",
    kind: "skill",
    channels: { latest: "1.0.0", beta: "1.1.0-beta.1" },
    latest: { version: "1.0.0" },
  });
  const versions = await dataOf<{ version: string }[]>(await api.request("/api/paks/acme/pdf-forms/versions"));
  expect(versions.map((each) => each.version)).toEqual(["1.1.0-beta.1", "1.0.0"]);
});

test("a document's ETag changes with the document", async () => {
  const api = await library();
  const etag = async () => (await api.request("/api/skills/acme/pdf-forms")).headers.get("etag");
  const before = await etag();
  expect(await etag()).toBe(before);
  await api.release({ account: "acme", name: "pdf-forms", version: "1.0.1" });
  expect(await etag()).not.toBe(before);
});

test("a pak of another kind or account is not found, and its attempts neither", async () => {
  const { request } = await library();
  for (const path of [
    "/api/packs/acme/pdf-forms",
    "/api/skills/other/pdf-forms",
    "/api/skills/acme/none/versions",
    "/api/skills/acme/none/attempts",
  ])
    expect(await refusalOf(await request(path))).toEqual({ status: 404, code: "PAK_NOT_FOUND" });
});

test("reading needs no token, and a token that does not count does not stop it", async () => {
  const { request, makeToken } = await library();
  const expired = await makeToken("acme", { expiresAt: new Date(0) });
  for (const token of [undefined, expired, "nonsense"])
    expect((await request("/api/paks", { token })).status).toBe(200);
});
