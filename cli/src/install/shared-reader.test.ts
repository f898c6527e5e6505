import { randomBytes } from "node:crypto";
import { type GitCage, type GitPoint, type Snapshot, fetchPoint, listRefs, pointText, readPakFiles } from "@paks/git";
import { type GitLab, gitLab } from "@paks/git/testing";
import { type GitSource, PaksError, defaultLimits } from "@paks/schema";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { GitReader } from "./git-reader.ts";
import { openRepositories } from "./repositories.ts";
import { type SharedReader, shareReader } from "./shared-reader.ts";

let lab: GitLab;
let asked: string[];
let failing: PaksError | undefined;

beforeAll(async () => {
  lab = await gitLab();
  const files = Object.fromEntries(folders.map((name) => [`${name}/SKILL.md`, randomBytes(300 * 1024)]));
  const repo = await lab.repo(
    "repo",
    files,
    Array.from({ length: 20 }, (_, index) => `v1.0.${index}`),
  );
  await repo.git("push", "-q", "origin", "main");
});
afterAll(() => lab.close());
beforeEach(() => {
  asked = [];
  failing = undefined;
});

const folders = ["a", "b", "c", "d"];
const point: GitPoint = { type: "tag", name: "v1.0.0" };

/** The reader that a command gets, without what it takes from the user's configuration. */
function readerOf(signal: AbortSignal, cage: GitCage = lab.cage): SharedReader {
  const repository = lab.url("repo");
  const tell = (what: string) => {
    asked.push(what);
    if (failing) throw failing;
  };
  const reader: GitReader = {
    repository,
    listRefs: async () => {
      tell("refs");
      return await listRefs(cage, repository, { signal });
    },
    fetch: async (one) => {
      tell(pointText(one));
      return await fetchPoint(cage, repository, one, { signal });
    },
  };
  return shareReader(reader);
}

const open = (signal = new AbortController().signal) => {
  const repositories = openRepositories({ signal, debug: () => undefined });
  return { repositories, reader: (cage?: GitCage) => repositories.open("repo", async (one) => readerOf(one, cage)) };
};
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: PaksError) => error.code,
  );
const readOf = async (snapshot: Snapshot, path: string) => (await readPakFiles(snapshot, path, defaultLimits)).files;

test("whoever asks for the same at once or later gets one answer", async () => {
  const { repositories, reader } = open();
  const one = await reader();
  const [first, second] = await Promise.all([one.fetch(point), (await reader()).fetch(point)]);
  await Promise.all([one.listRefs(), one.listRefs()]);
  await first.close();
  expect(await readOf(second, "a")).toHaveLength(1);
  await second.close();
  await second.close();
  expect(await readOf(await one.fetch(point), "b")).toHaveLength(1);
  expect(asked.sort()).toEqual(["refs", "tag v1.0.0"]);
  expect(await lab.leftovers()).toHaveLength(1);
  await repositories.close();
  expect(await lab.leftovers()).toEqual([]);
});

test("a failure is everybody's who waits for it, and not the answer to the next attempt", async () => {
  const { repositories, reader } = open();
  const one = await reader();
  failing = new PaksError("GIT_HOST_UNAVAILABLE", "No.");
  expect(await Promise.all([codeOf(one.fetch(point)), codeOf(one.fetch(point)), codeOf(one.listRefs())])).toEqual([
    "GIT_HOST_UNAVAILABLE",
    "GIT_HOST_UNAVAILABLE",
    "GIT_HOST_UNAVAILABLE",
  ]);
  expect(asked).toEqual(["tag v1.0.0", "refs"]);
  failing = undefined;
  expect(await readOf(await one.fetch(point), "a")).toHaveLength(1);
  expect((await one.listRefs()).tags).toHaveLength(20);
  expect(await codeOf(one.fetch({ type: "tag", name: "v9.0.0" }))).toBe("TAG_NOT_FOUND");
  await repositories.close();
  expect(await lab.leftovers()).toEqual([]);
});

test("a repository that could not be opened is opened again", async () => {
  const { repositories, reader } = open();
  const failed = repositories.open("repo", async () => await Promise.reject(new PaksError("DISK_FULL", "Full.")));
  expect(await codeOf(failed)).toBe("DISK_FULL");
  expect((await (await reader()).listRefs()).tags).toHaveLength(20);
  await repositories.close();
});

test("of a repository with very many states only a few are held when nobody reads them", async () => {
  const { repositories, reader } = open();
  const one = await reader();
  for (let index = 0; index < 12; index += 1) await (await one.fetch({ type: "tag", name: `v1.0.${index}` })).close();
  expect(await lab.leftovers()).toHaveLength(8);
  await repositories.close();
  expect(await lab.leftovers()).toEqual([]);
});

test("what is stopped leaves no scratch folder and no process, whoever still reads", async () => {
  const stop = new AbortController();
  const { repositories, reader } = open(stop.signal);
  const one = await reader();
  const held = await one.fetch(point);
  lab.server.setFaults(() => ({ type: "hang" }));
  try {
    const reading = [codeOf(one.fetch({ type: "tag", name: "v1.0.1" })), codeOf(held.readBlobs(["1".repeat(40)]))];
    await expect.poll(() => lab.processes()).not.toEqual([]);
    stop.abort(new PaksError("CANCELLED", "Stopped."));
    await repositories.close();
    expect(await Promise.all(reading)).toEqual(["CANCELLED", "CANCELLED"]);
  } finally {
    lab.server.setFaults(undefined);
  }
  expect(await lab.leftovers()).toEqual([]);
  expect(await lab.processes()).toEqual([]);
});

test("closing ends what another failure left running", async () => {
  const { repositories, reader } = open();
  const one = await reader();
  lab.server.setFaults(() => ({ type: "hang" }));
  try {
    const reading = codeOf(one.fetch(point));
    await expect.poll(() => lab.processes()).not.toEqual([]);
    await repositories.close();
    expect(await reading).toBe("CANCELLED");
  } finally {
    lab.server.setFaults(undefined);
  }
  expect(await lab.leftovers()).toEqual([]);
});

test("files that are too many together are fetched pak by pak", async () => {
  const { repositories, reader } = open();
  const limited = lab.limited({ packBytes: 512 * 1024 });
  const snapshot = await (await reader(limited)).fetch(point);
  const before = lab.server.count("fetch");
  await snapshot.expect(() => Promise.resolve(folders));
  for (const path of folders) expect(await readOf(snapshot, path)).toHaveLength(1);
  expect(lab.server.count("fetch") - before).toBeGreaterThan(4);
  await repositories.close();
  expect(await lab.leftovers()).toEqual([]);
});

test("a scratch folder that others have filled does not count against who comes later", async () => {
  const full = new PaksError("TOO_LARGE", "Full.", { details: { limit: 1 } });
  const { signal } = new AbortController();
  let [fetched, other] = [0, false];
  const one = shareReader({
    repository: lab.url("repo"),
    listRefs: () => listRefs(lab.cage, lab.url("repo"), { signal }),
    fetch: async (wanted) => {
      const snapshot = await fetchPoint(lab.cage, lab.url("repo"), wanted, { signal });
      fetched += 1;
      if (fetched % 2 === 1) return { ...snapshot, readBlobs: () => Promise.reject(full) };
      return other ? { ...snapshot, object: "1".repeat(40) } : snapshot;
    },
  });
  const first = await one.fetch(point);
  // Alone it is his own limit.
  expect(await codeOf(readOf(first, "a"))).toBe("TOO_LARGE");
  expect(fetched).toBe(1);
  const second = await one.fetch(point);
  expect(await readOf(second, "a")).toHaveLength(1);
  expect(fetched).toBe(2);
  await second.close();
  expect(await lab.leftovers()).toHaveLength(1);
  await one.close();
  expect(await lab.leftovers()).toEqual([]);
  // What leads elsewhere by now is not read instead.
  other = true;
  const [moved] = [await one.fetch({ type: "head" }), await one.fetch({ type: "head" })];
  expect(await codeOf(readOf(moved, "a"))).toBe("TOO_LARGE");
  await one.close();
  expect(await lab.leftovers()).toEqual([]);
});

test("what is expected of one repository is not expected of another", () => {
  const { repositories } = open();
  const source: GitSource = { type: "git", url: "https://example.com/a.git", path: "x" };
  repositories.expect([source]);
  expect(repositories.expectedOf(source.url)).toEqual([source]);
  expect(repositories.expectedOf("https://example.com/b.git")).toEqual([]);
});
