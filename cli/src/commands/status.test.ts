import { expect, test } from "vitest";
import { dataOfRun, failureOf, openLab } from "../publish/testing/lab.ts";

const attempt = (more: object) => ({
  id: "11111111-1111-4111-8111-111111111111",
  repository: "x",
  tag: "v0.1.1",
  path: "",
  trigger: "token",
  state: "rejected",
  stage: "check",
  code: "BINDING_CONFLICT",
  message: "Bound elsewhere.\u001B[31m",
  hint: "Publish from there.",
  details: null,
  retryable: false,
  tries: 1,
  next_try_at: null,
  created_at: "2026-11-20T23:00:00Z",
  started_at: null,
  ended_at: null,
  releases: [],
  ...more,
});

test("the attempts of the repository one is in, with stage, code and hint", async () => {
  const lab = await openLab();
  lab.registry.override = ({ path }) =>
    path === `/api/attempts?${new URLSearchParams({ repository: `${lab.server.url}/skills.git` })}`
      ? { body: { data: [attempt({}), attempt({ state: "indexed", stage: "record", code: null })] } }
      : undefined;
  const run = await lab.paks(["status"]);
  expect(run.exit, run.stderr).toBe(0);
  expect(run.stdout).toContain("✗ v0.1.1  rejected at check [BINDING_CONFLICT]");
  expect(run.stdout).toContain("hint: Publish from there.");
  expect(run.stdout).not.toContain("\u001B");
  expect(dataOfRun(await lab.paks(["status", "--json", "--limit", "1"]))).toMatchObject({
    repository: `${lab.server.url}/skills.git`,
    attempts: [{ code: "BINDING_CONFLICT" }],
  });
});

test("of a pak by its name, and of a repository by any spelling of its address", async () => {
  const lab = await openLab();
  const asked: string[] = [];
  lab.registry.override = ({ path }) => {
    asked.push(path);
    return { body: { data: [] } };
  };
  expect((await lab.paks(["status", "acme/pdf"])).stdout).toContain("acme/pdf");
  await lab.paks(["status", "git@github.com:acme/skills.git"]);
  expect(asked).toEqual([
    "/api/paks/acme/pdf/attempts",
    `/api/attempts?${new URLSearchParams({ repository: "https://github.com/acme/skills" })}`,
  ]);
});

test.each(["-1", "0", "1.5", "many"])("--limit %s is refused before anybody is asked", async (limit) => {
  const lab = await openLab();
  const asked: string[] = [];
  lab.registry.override = ({ path }) => {
    asked.push(path);
    return { body: { data: [attempt({})] } };
  };
  const run = await lab.paks(["status", "acme/pdf", `--limit=${limit}`, "--json"]);
  expect({ exit: run.exit, asked }, run.stdout).toEqual({ exit: 2, asked: [] });
  expect(failureOf(run)).toMatchObject({ code: "USAGE", hint: expect.stringContaining("--help") });
});

test("a folder outside git is NOT_A_REPOSITORY", async () => {
  const lab = await openLab();
  const run = await lab.paks(["status", "--json"], { cwd: "/" });
  expect(run.exit).toBe(10);
  expect(run.stdout).toContain("NOT_A_REPOSITORY");
  expect(run.stdout).toContain("paks status account/name");
});
