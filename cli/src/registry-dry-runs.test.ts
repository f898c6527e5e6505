import type { IndexDryRunDto, IndexDryRunRequest } from "@paks/schema";
import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import { openDryRuns } from "./registry-dry-runs.ts";

const requestOf = (name: string, manifest = ""): IndexDryRunRequest => ({
  package: `acme/${name}`,
  version: "1.0.0",
  manifest,
  files: [],
});
const answerOf = ({ package: pak }: IndexDryRunRequest): IndexDryRunDto => ({
  ok: true,
  digest: null,
  creates: true,
  findings: [{ severity: "warning", code: "X", message: pak }],
});
const namesOf = (answers: readonly IndexDryRunDto[]) => answers.map(({ findings }) => findings[0]?.message);

function open(refuse?: PaksError) {
  const many: number[] = [];
  const single: string[] = [];
  const ask = openDryRuns({
    url: "https://r.example",
    debug: () => undefined,
    askOne: async (request) => {
      single.push(request.package);
      if (request.package === "acme/bad") throw new PaksError("FORBIDDEN", "No.");
      return await Promise.resolve(answerOf(request));
    },
    askMany: async (requests) => {
      many.push(requests.length);
      if (refuse) throw refuse;
      return await Promise.resolve(requests.map(answerOf));
    },
  });
  const askAll = async (count: number, manifest = "") =>
    await Promise.all(Array.from({ length: count }, async (_, at) => await ask(requestOf(`p${at}`, manifest))));
  return { ask, askAll, many, single };
}

test("what is asked at once is one request, and each gets the answer that is its own", async () => {
  const { askAll, many, single } = open();
  expect(namesOf(await askAll(30))).toEqual(Array.from({ length: 30 }, (_, at) => `acme/p${at}`));
  expect([many, single]).toEqual([[30], []]);
});

test("a single one is asked as ever", async () => {
  const { askAll, many, single } = open();
  await askAll(1);
  expect([many, single]).toEqual([[], ["acme/p0"]]);
});

test("neither more than fifty, nor more bytes than the registry reads, go into one request", async () => {
  const { askAll, many } = open();
  await askAll(120);
  expect(many).toEqual([50, 50, 20]);
  many.length = 0;
  expect(namesOf(await askAll(7, "x".repeat(250_000)))).toHaveLength(7);
  expect(many).toEqual([3, 3]);
});

test("a registry that takes one at a time is asked for several once only; a failure stays with its own", async () => {
  const { ask, askAll, many, single } = open(new PaksError("INVALID_PARAMETER", "No."));
  const bad = await Promise.allSettled([ask(requestOf("bad")), ask(requestOf("p0"))]);
  expect(bad.map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
  expect(namesOf(await askAll(3))).toHaveLength(3);
  expect(many).toEqual([2]);
  expect(single).toHaveLength(5);
});

test("what refuses the request is the failure of each", async () => {
  const { ask, single } = open(new PaksError("REGISTRY_UNAVAILABLE", "Down."));
  const [one, two] = await Promise.allSettled([ask(requestOf("a")), ask(requestOf("b"))]);
  expect([one, two]).toMatchObject([
    { reason: { code: "REGISTRY_UNAVAILABLE" } },
    { reason: { code: "REGISTRY_UNAVAILABLE" } },
  ]);
  expect(single).toEqual([]);
});
