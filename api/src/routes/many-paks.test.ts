import type { PakVersionsDto, ReleaseDto, VersionDto } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOf, refusalOf, type TestApi, testApi } from "../testing/test-api.ts";

async function library(options: Parameters<typeof testApi>[0] = {}) {
  const api = await testApi(options);
  for (const version of ["1.0.0", "2.0.0", "1.1.0"])
    await api.release({ account: "acme", name: "pdf-forms", version, files: { x: version } });
  await api.release({ account: "acme", name: "slides", version: "0.1.0-beta.1" });
  await api.release({ account: "other", name: "mail", version: "2.0.0" });
  return api;
}

const ask = async (api: TestApi, ...paks: string[]) =>
  await dataOf<PakVersionsDto[]>(await api.request(`/api/versions?paks=${encodeURIComponent(paks.join(","))}`));

/** What no list of many has. */
const withoutChangelogs = (versions: readonly VersionDto[]) =>
  versions.map(({ changelog: _changelog, ...rest }) => rest);

test("each of many paks has the versions and the release that its own address gives", async () => {
  const api = await library();
  const refs = ["acme/pdf-forms@^1", "other/mail@latest", "acme/slides@beta", "acme/pdf-forms@1.0.0"];
  const found = await ask(api, ...refs);
  expect(found.map(({ pak }) => pak)).toEqual(refs);
  for (const [index, ref] of refs.entries()) {
    const [id = "", selector = ""] = ref.split("@");
    const path = `/api/paks/${id}/versions`;
    const versions = await dataOf<VersionDto[]>(await api.request(path));
    expect(found[index]?.versions).toEqual(withoutChangelogs(versions));
    const release = await dataOf<ReleaseDto>(await api.request(`${path}/${encodeURIComponent(selector)}`));
    expect(found[index]?.release).toEqual(release);
    expect(found[index]?.repository).toBe(`https://git.test/${id}`);
  }
});

test("an unknown name is told as unknown, and the others are answered all the same", async () => {
  const api = await library();
  const [first, unknown, range, bare, ...rest] = await ask(
    api,
    "acme/nothing",
    "nobody/mail@^1",
    "other/mail@^9",
    "other/mail",
  );
  for (const one of [first, unknown]) {
    expect(one?.error?.code).toBe("PAK_NOT_FOUND");
    expect(one).not.toHaveProperty("versions");
  }
  expect(range).toMatchObject({ versions: [{ version: "2.0.0" }], release: null });
  expect(bare).not.toHaveProperty("release");
  expect(rest).toEqual([]);
});

test("what is not visible, yanked or of another spelling is what it is at its own address", async () => {
  const api = await library();
  await api.db.updateTable("releases").set({ visible_at: null }).where("version", "=", "2.0.0").execute();
  await api.db.updateTable("releases").set({ yanked_at: new Date() }).where("version", "=", "1.1.0").execute();
  const [newest, exact, all, hidden, spelling] = await ask(
    api,
    "acme/pdf-forms@latest",
    "acme/pdf-forms@1.1.0",
    "acme/pdf-forms",
    "other/mail@*",
    "acme/pdfforms",
  );
  expect(newest?.release).toMatchObject({ version: "1.0.0" });
  expect(exact?.release).toMatchObject({ version: "1.1.0", yanked: true });
  expect(all?.versions?.map(({ version, yanked }) => [version, yanked])).toEqual([
    ["1.1.0", true],
    ["1.0.0", false],
  ]);
  expect(hidden).toMatchObject({ versions: [], release: null });
  expect(spelling?.error?.code).toBe("PAK_NOT_FOUND");
});

test("a pak that is named twice is answered once, with each selector", async () => {
  const api = await library();
  const found = await ask(api, "other/mail", "acme/slides", "other/mail", "other/mail@^2", "other/mail@^2");
  expect(found.map(({ pak }) => pak)).toEqual(["other/mail", "acme/slides", "other/mail@^2"]);
});

const names = (count: number) => Array.from({ length: count }, (_, at) => `acme/pak-${at}`).join(",");

test.for([
  ["no name", ""],
  ["an empty name among others", "acme/pdf-forms,,other/mail"],
  ["capitals", "Acme/pdf-forms"],
  ["no account", "pdf-forms"],
  ["a way up", "acme/.."],
  ["a selector that is none", "acme/pdf-forms@!!!"],
  ["an empty selector", "acme/pdf-forms@"],
  ["one more than fifty", names(51)],
  ["fifty-one times the same", Array.from({ length: 51 }, () => "acme/pdf-forms").join(",")],
  ["what a database cannot hold", "acme/pdf%00"],
])("%s is refused before anything is asked", async ([, paks]) => {
  const api = await testApi();
  const answer = await api.request(`/api/versions?paks=${paks}`);
  expect(await refusalOf(answer)).toEqual({ status: 400, code: "INVALID_PARAMETER" });
});

test("the parameter itself cannot be left out or stand twice", async () => {
  const { request } = await testApi();
  for (const query of ["", "?paks=acme/pdf&paks=acme/text", "?pak=acme/pdf"])
    expect(await refusalOf(await request(`/api/versions${query}`))).toEqual({ status: 400, code: "INVALID_PARAMETER" });
});

test("the answer can be kept: a strong ETag, a minute, and 304 as long as nothing changes", async () => {
  const api = await library();
  const path = "/api/versions?paks=acme/slides,other/mail@^2";
  const answer = await api.request(path);
  const etag = answer.headers.get("etag") ?? "";
  expect(etag).toMatch(/^"/);
  expect(answer.headers.get("cache-control")).toBe("public, max-age=60");
  expect((await api.request(path, { headers: { "if-none-match": etag } })).status).toBe(304);
  await api.release({ account: "acme", name: "slides", version: "0.2.0", files: { y: "y" } });
  expect((await api.request(path, { headers: { "if-none-match": etag } })).status).toBe(200);
});

test("many paks count as one request of the anonymous limit", async () => {
  const api = await library({ rateLimits: { anonymous: 2, token: 0 } });
  const path = `/api/versions?paks=${names(50)}`;
  expect((await api.request(path)).headers.get("ratelimit-remaining")).toBe("1");
  expect((await api.request(path)).status).toBe(200);
  expect((await api.request(path)).status).toBe(429);
});

test("an answer stays small: releases that have no room in it are left out, the versions stay", async () => {
  const api = await testApi();
  const long = "x".repeat(400_000);
  for (let at = 0; at < 9; at += 1)
    await api.release({ account: "acme", name: `pak-${at}`, version: "1.0.0", manifest: { description: long } });
  const answer = await api.request(
    `/api/versions?paks=${encodeURIComponent(names(9).replaceAll(/(\d)(?=,|$)/g, "$1@*"))}`,
  );
  const text = await answer.text();
  expect(text.length).toBeLessThan(3_100_000);
  const { data } = JSON.parse(text) as { data: PakVersionsDto[] };
  expect(data.map(({ release }) => (release === undefined ? "left out" : release?.version))).toEqual([
    ...Array.from({ length: 7 }, () => "1.0.0"),
    "left out",
    "left out",
  ]);
  expect(data.every(({ versions }) => versions?.length === 1)).toBe(true);
});
