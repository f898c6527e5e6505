import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type StubAnswer,
  type TestRelease,
  makeRelease,
  runPaks,
  serveRegistry,
  serveStub,
  tempFolder,
} from "../testing/index.ts";

const versions = "/api/paks/acme/pdf/versions";
const archiveOf = ({ archive }: TestRelease): StubAnswer => ({ body: Buffer.from(archive) });
const recordOf = ({ dto }: TestRelease): StubAnswer => ({ body: { data: dto } });

async function install(registry: { readonly url: string }, ...words: string[]) {
  const home = await tempFolder();
  const folder = join(home, "skills");
  const run = async () =>
    await runPaks(["install", "acme/pdf", "--dir", folder, ...words], {
      cwd: home,
      home,
      environment: { PAKS_REGISTRY: registry.url },
    });
  const installed = async () => await readFile(join(folder, "acme/pdf/SKILL.md"), "utf8");
  return { ...(await run()), again: run, installed };
}

test("a first install asks for the archive before it has the record", async () => {
  const release = await makeRelease("acme/pdf", "1.0.0");
  let archiveAsked = () => {};
  const asked = new Promise<void>((resolve) => (archiveAsked = resolve));
  const stub = await serveStub(async ({ path }) => {
    if (path.endsWith("/archive")) {
      archiveAsked();
      return archiveOf(release);
    }
    // Would wait for ever if one followed the other.
    await asked;
    return recordOf(release);
  });
  const { exit, stderr, installed } = await install(stub);
  expect(exit, stderr).toBe(0);
  expect(await installed()).toContain("# pdf 1.0.0");
  expect(stub.requests.map(({ path }) => path).sort()).toEqual([`${versions}/latest`, `${versions}/latest/archive`]);
});

test("bytes of a version that was released in between are not taken for the recorded one", async () => {
  const [old, fresh] = [await makeRelease("acme/pdf", "1.0.0"), await makeRelease("acme/pdf", "1.1.0")];
  const stub = await serveStub(({ path }) => {
    if (path === `${versions}/latest/archive`) return archiveOf(fresh);
    return path.endsWith("/archive") ? archiveOf(old) : recordOf(old);
  });
  const { exit, installed } = await install(stub);
  expect(exit).toBe(0);
  expect(await installed()).toContain("# pdf 1.0.0");
  expect(stub.requests.map(({ path }) => path)).toContain(`${versions}/1.0.0/archive`);
});

test("an early answer that fails costs nothing but itself", async () => {
  const release = await makeRelease("acme/pdf", "1.0.0");
  const stub = await serveStub(({ path }) => {
    if (path === `${versions}/latest/archive`)
      return { status: 404, body: { error: { code: "NOT_FOUND", message: "" } } };
    return path.endsWith("/archive") ? archiveOf(release) : recordOf(release);
  });
  expect((await install(stub)).exit).toBe(0);
});

test("what was asked for before is not fetched early: its bytes are most likely here", async () => {
  const release = await makeRelease("acme/pdf", "1.0.0");
  const stub = await serveStub(({ path, headers }) => {
    if (path.endsWith("/archive")) return archiveOf(release);
    return headers["if-none-match"] === '"1"' ? { status: 304 } : { ...recordOf(release), headers: { etag: '"1"' } };
  });
  const { again } = await install(stub);
  const before = stub.requests.length;
  expect((await again()).exit).toBe(0);
  expect(stub.requests.slice(before).map(({ path }) => path)).toEqual([`${versions}/latest`]);
});

test("whoever installs from git fetches no archive", async () => {
  const registry = await serveRegistry();
  await registry.add("acme/pdf", "1.0.0");
  await install(registry, "--from", "git");
  expect(registry.requests.map(({ path }) => path)).toEqual([`${versions}/latest`]);
});
