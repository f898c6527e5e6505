import { randomUUID } from "node:crypto";
import { errorCodes, PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import type { Context } from "../../context.ts";
import type { Answered } from "../../registry-tags.ts";
import type { ReleasePlan } from "../release-plan.ts";
import { dataOfRun, failureOf, type Lab, openLab, skillText } from "../testing/lab.ts";
import { tellRegistries } from "./tell-registries.ts";

const names = ["aa", "bb", "cc"];
const tags = [...names, "pdf"].map((name) => `${name}--v0.1.1`);
const all = ["publish", "--all", "--bump", "patch", "--json"];
const openMonorepo = async (): Promise<Lab> =>
  await openLab({
    path: "skills/pdf",
    files: Object.fromEntries(names.map((name) => [`skills/${name}/SKILL.md`, skillText("0.1.0", name)])),
  });

interface Row {
  readonly tag: string;
  readonly state: string;
  readonly error?: { readonly code: string; readonly message: string };
}
const rowsOf = (data: unknown) => (data as { releases: Row[] }).releases;

/** Of the requests about tags and attempts. */
const sent = ({ registry }: Lab) =>
  registry.requests
    .filter(({ path }) => path.startsWith("/api/index") || path.startsWith("/api/attempts"))
    .map(({ method, path }) => `${method} ${path.replace(/(ids=|attempts\/).*/, "$1…")}`);

const queued = (tag: string) => ({
  ...{ tag, path: null },
  attempt: {
    ...{ id: randomUUID(), repository: "https://git.example/r", tag, path: null, trigger: "token", state: "queued" },
    ...{ stage: null, code: null, message: null, hint: null, details: null, retryable: false, tries: 0 },
    ...{ next_try_at: null, created_at: "2026-11-20T00:00:00Z", started_at: null, ended_at: null, releases: [] },
  },
});

test("four paks are judged in one request and told in one, and one more looks at all of them", async () => {
  const lab = await openMonorepo();
  const done = dataOfRun(await lab.paks(all));
  expect(rowsOf(done).map(({ tag, state }) => `${tag} ${state}`)).toEqual(tags.map((tag) => `${tag} indexed`));
  expect(sent(lab)).toEqual(["POST /api/index?dry_run=true", "POST /api/index", "GET /api/attempts?ids=…"]);
});

test("--no-wait tells them in one request, and looks at none", async () => {
  const lab = await openMonorepo();
  expect(new Set(rowsOf(dataOfRun(await lab.paks([...all, "--no-wait"]))).map(({ state }) => state))).toEqual(
    new Set(["pushed"]),
  );
  expect(sent(lab)).toEqual(["POST /api/index?dry_run=true", "POST /api/index"]);
});

test("a registry that knows only the single form is told of each", async () => {
  const lab = await openMonorepo();
  lab.registry.override = ({ method, path, body }) =>
    method === "POST" && path === "/api/index" && body.includes('"tags"')
      ? { status: 400, body: { error: { code: "INVALID_PARAMETER", message: 'body "tag" is not usable.' } } }
      : undefined;
  const done = dataOfRun(await lab.paks(all));
  expect(new Set(rowsOf(done).map(({ state }) => state))).toEqual(new Set(["indexed"]));
  expect(sent(lab).filter((line) => line === "POST /api/index")).toHaveLength(5);
  expect(lab.registry.releases).toHaveLength(4);
});

test("of several tags the one that the registry refuses fails alone, and says that it is pushed", async () => {
  const lab = await openMonorepo();
  const error = { code: "UNSAFE_PATH", message: "No such folder.", hint: "Another one." };
  lab.registry.override = ({ method, path, body }) => {
    if (method !== "POST" || path !== "/api/index") return undefined;
    const { tags: told } = JSON.parse(body) as { tags: { tag: string }[] };
    const data = told.map(({ tag }) => (tag === "bb--v0.1.1" ? { tag, path: null, error } : queued(tag)));
    return { status: 202, body: { data } };
  };
  const run = await lab.paks([...all, "--no-wait"]);
  expect(run.exit).toBe(errorCodes.UNSAFE_PATH.exit);
  expect(rowsOf(run.json()).map(({ state }) => state)).toEqual(["pushed", "failed", "pushed", "pushed"]);
  expect(rowsOf(run.json())[1]?.error).toMatchObject({
    code: "UNSAFE_PATH",
    message: "No such folder. (bb--v0.1.1 is pushed.)",
  });
});

test("Ctrl-C while the registry is asked about all of them says that everything stays", async () => {
  const lab = await openMonorepo();
  const stop = new AbortController();
  lab.registry.override = ({ path }) => {
    if (path.startsWith("/api/attempts?ids=")) stop.abort(new PaksError("CANCELLED", "Stopped."));
    return undefined;
  };
  const run = await lab.paks(all, { signal: stop.signal });
  expect(run.exit).toBe(130);
  expect(failureOf(run)).toMatchObject({ code: "CANCELLED", hint: expect.stringContaining("same command again") });
  lab.registry.override = () => undefined;
  expect(rowsOf(dataOfRun(await lab.paks(all))).map(({ tag }) => tag)).toEqual(tags);
  expect(lab.registry.releases).toHaveLength(4);
});

test("whoever waits sees how many are indexed, and which one is left", async () => {
  const attempt = (tag: string, state: string) => ({ attempt: { tag, state, releases: [] } }) as unknown as Answered;
  const looks = ["queued queued queued", "indexed running queued", "indexed rejected running"];
  const answers = looks.map((look) => look.split(" ").map((state, at) => attempt(`p${at}--v1.0.0`, state)));
  const registry = {
    url: "https://r.example",
    tellTags: async () => await Promise.resolve(answers[0]),
    followTags: async (_told: unknown, { onChange }: { onChange: (all: unknown) => void }) => {
      answers.forEach(onChange);
      return await Promise.resolve(answers[0]);
    },
  };
  const steps: string[] = [];
  const progress = async (label: string, work: (step: (text: string) => void) => Promise<unknown>) => {
    steps.push(label);
    return await work((text) => void steps.push(text));
  };
  const plan = { registry, repository: "https://git.example/r", place: { path: "" }, rerun: [], tag: { name: "v1" } };
  const plans = [1, 2, 3].map(() => ({ ...plan, id: { account: "acme", name: "x" } }) as unknown as ReleasePlan);
  await tellRegistries({ progress } as unknown as Context, plans, { wait: true, fault: () => undefined });
  expect(steps).toEqual([
    "Telling the registry",
    "Waiting for the registry",
    "Waiting for the registry: 0 of 3 indexed",
    "Waiting for the registry: 1 of 3 indexed",
    "Waiting for the registry: 1 of 3 indexed; left: p2--v1.0.0",
  ]);
});
