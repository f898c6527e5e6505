import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type StubAnswer, runPaks, serveRegistry, serveStub, tempFolder } from "./testing/index.ts";

/** A registry that answers nothing without its token. */
async function open(more = "") {
  const home = await tempFolder();
  const cwd = join(home, "project");
  await mkdir(cwd, { recursive: true });
  const registry = await serveRegistry();
  registry.token = "paks_private";
  registry.etags = true;
  for (const name of ["pdf", "csv", "doc"]) await registry.add(`acme/${name}`, "1.0.0");
  await mkdir(join(home, ".config/paks"), { recursive: true });
  const config = `default_registry = "work"\n[registries.work]\nurl = "${registry.url}"\n${more}`;
  await writeFile(join(home, ".config/paks/config.toml"), config);
  const paks = async (argv: readonly string[], token: string | undefined = "paks_private") =>
    await runPaks(argv, { cwd, home, environment: { PAKS_TOKEN: token } });
  const sent = () =>
    registry.requests.splice(0).map(({ path, headers }) => `${headers.authorization === undefined ? "" : "+ "}${path}`);
  return { home, cwd, registry, paks, sent };
}

test("a read that is refused for want of a login is asked once more with the token, those after it from the start", async () => {
  const { paks, sent } = await open();
  expect((await paks(["info", "acme/pdf", "--versions"])).exit).toBe(0);
  expect(sent()).toEqual(["/api/paks/acme/pdf", "+ /api/paks/acme/pdf", "+ /api/paks/acme/pdf/versions"]);
  const { exit, stderr } = await paks(["install", "acme/pdf", "acme/csv"]);
  expect([exit, stderr]).toEqual([0, expect.anything()]);
  expect(sent().filter((path) => path.endsWith("/archive"))).toHaveLength(2);
});

test("auth_required: batches, records and archives are asked for with the token alone", async () => {
  const { paks, sent } = await open("auth_required = true\n");
  expect((await paks(["install", "acme/pdf", "acme/csv"])).exit).toBe(0);
  const paths = sent();
  expect(paths.filter((path) => !path.startsWith("+ "))).toEqual([]);
  expect(paths.filter((path) => /\?paks=|archive$/.test(path)).length).toBeGreaterThan(2);
});

test.each(["", "auth_required = true\n"])("without a token: AUTH_REQUIRED and how to log in (%j)", async (more) => {
  const { paks, sent } = await open(more);
  for (const argv of [
    ["info", "acme/pdf"],
    ["install", "acme/pdf", "acme/csv"],
    ["search", "pdf"],
  ]) {
    const { exit, json } = await paks([...argv, "--json"], "");
    expect(exit).toBe(4);
    expect(json()).toMatchObject({ error: { code: "AUTH_REQUIRED", hint: expect.stringContaining("paks login") } });
  }
  expect(sent().some((path) => path.startsWith("+ "))).toBe(false);
});

test("a token that the registry does not take is sent once", async () => {
  const { paks, sent } = await open();
  expect((await paks(["info", "acme/pdf"], "paks_old")).exit).toBe(4);
  expect(sent()).toEqual(["/api/paks/acme/pdf", "+ /api/paks/acme/pdf"]);
});

test("what was told to who is logged in is not kept for anybody", async () => {
  for (const more of ["", "auth_required = true\n"]) {
    const { home, paks } = await open(more);
    expect((await paks(["info", "acme/pdf"])).exit).toBe(0);
    expect((await paks(["install", "acme/pdf", "acme/csv"])).exit).toBe(0);
    expect(await readdir(join(home, ".cache/paks"))).not.toContain("answers");
    expect((await paks(["info", "acme/pdf", "--offline"])).exit).toBe(8);
    // The bytes are checked by their digest, whoever they are for.
    expect((await paks(["ci", "--offline"])).exit).toBe(0);
  }
});

test("a registry that only the project names gets no token, and the hint says what would help", async () => {
  const { cwd, home } = await open();
  const wished = await serveRegistry();
  wished.token = "paks_private";
  await writeFile(join(cwd, "paks.jsonc"), JSON.stringify({ paks: [], registry: wished.url }));
  const environment = { PAKS_TOKEN: "paks_private" };
  const { exit, json } = await runPaks(["info", "acme/pdf", "--json"], { cwd, home, environment });
  expect(exit).toBe(4);
  expect(json()).toMatchObject({ error: { hint: expect.stringContaining(`paks registry add <name> ${wished.url}`) } });
  expect(wished.requests.some(({ headers }) => headers.authorization !== undefined)).toBe(false);
});

test("no other origin gets the token, and its 401 is not the registry's", async () => {
  const { home, cwd, registry } = await open();
  const other = await serveStub(() => ({ status: 401, body: "" }));
  const redirecting = await serveStub((): StubAnswer => ({ status: 302, headers: { location: `${other.url}/x` } }));
  const environment = { PAKS_REGISTRY: redirecting.url, PAKS_TOKEN: "paks_private" };
  const { exit, stderr } = await runPaks(["info", "acme/pdf"], { cwd, home, environment });
  expect([exit, stderr]).toEqual([8, expect.stringContaining("wants a login of its own")]);
  for (const { headers } of [...other.requests, ...redirecting.requests, ...registry.requests])
    expect(headers).not.toHaveProperty("authorization");
});

test("whoami of a registry that was named says how to log in to that one", async () => {
  const { paks } = await open();
  const { json } = await paks(["whoami", "--registry", "https://r.example", "--json"]);
  expect(json()).toMatchObject({ error: { hint: "Log in there: paks login --registry https://r.example" } });
});

test("a registry of this run that refuses the token is named by what says how to log in", async () => {
  const { home, cwd } = await open();
  const body = { error: { code: "TOKEN_EXPIRED", message: "The token has expired.", hint: "Make a new one." } };
  const token = { name: "x", prefix: "x", scopes: [], created_at: "2026-01-01T00:00:00Z", expires_at: null };
  const me = { data: { account: "acme", kind: "user", token } };
  const stub = await serveStub((_, count) => (count === 1 ? { body: me } : { status: 401, body }));
  const environment = { PAKS_REGISTRY: stub.url };
  expect((await runPaks(["login", "--token", "paks_private"], { cwd, home, environment })).exit).toBe(0);
  const { json } = await runPaks(["whoami", "--json"], { cwd, home, environment });
  expect(json()).toMatchObject({ error: { hint: `Make a new one. Log in there: paks login --registry ${stub.url}` } });
});
