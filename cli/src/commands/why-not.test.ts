import { expect, test } from "vitest";
import { dataOfRun, openLab } from "../publish/testing/lab.ts";
import { testToken } from "../publish/testing/stub-registry.ts";
import type { StubRequest } from "../testing/index.ts";

const id = "11111111-1111-4111-8111-111111111111";
const digest = `h1:${"A".repeat(43)}=`;
const attempt = (more: object) => ({
  id,
  repository: "x",
  tag: "v0.1.1",
  path: null,
  trigger: "why-not",
  state: "queued",
  stage: null,
  code: null,
  message: null,
  hint: null,
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

/** A registry that gives this answer to whatever is asked. */
async function open(answer: object) {
  const lab = await openLab();
  const asked: StubRequest[] = [];
  lab.registry.override = (request) => {
    if (request.path === "/api/why-not") {
      asked.push(request);
      return { status: 202, body: { data: attempt({}) } };
    }
    return request.path === `/api/attempts/${id}` ? { body: { data: attempt(answer) } } : undefined;
  };
  return { ...lab, asked };
}

const release = { account: "acme", name: "pdf", version: "0.1.1", digest, new: true };
const verdict = { account: "acme", name: "pdf", version: "0.1.1", path: "", stage: null, code: null };
const fine = { ...verdict, message: null, hint: null };

test("what would be released is said with its digest, and the exit is 0", async () => {
  const lab = await open({ state: "releasable", stage: "record", releases: [release, { ...release, new: false }] });
  const run = await lab.paks(["why-not", ".", "v0.1.1"]);
  expect(run).toMatchObject({ exit: 0 });
  expect(run.stdout).toBe(
    `✓ acme/pdf@0.1.1 would be released  ${digest}\n✓ acme/pdf@0.1.1 is released already, with this content  ${digest}\n`,
  );
  expect(lab.asked[0]?.headers["authorization"]).toBe(`Bearer ${testToken}`);
  expect(JSON.parse(String(lab.asked[0]?.body))).toEqual({
    repository: `${lab.server.url}/skills.git`,
    tag: "v0.1.1",
  });
});

test("a refusal is told with stage, code, place and fix, and ends with the code's exit", async () => {
  const lab = await open({
    state: "rejected",
    stage: "check",
    code: "VERSION_TAG_MISMATCH",
    message: "The manifest says 0.1.0.\u001B[31m\n✓ fake",
    hint: "Set the version.",
    details: { path: "SKILL.md", line: 3 },
  });
  const run = await lab.paks(["why-not", "https://github.com/acme/skills", "v0.1.1", "skills/pdf"]);
  expect(run.exit).toBe(5);
  expect(run.stdout).toBe(
    [
      "✗ v0.1.1  refused at check [VERSION_TAG_MISMATCH]",
      String.raw`  The manifest says 0.1.0.\u{1b}[31m\u{a}✓ fake`,
      "  at SKILL.md:3",
      "  hint: Set the version.",
      "",
    ].join("\n"),
  );
  expect(JSON.parse(String(lab.asked[0]?.body))).toEqual({
    repository: "https://github.com/acme/skills",
    tag: "v0.1.1",
    path: "skills/pdf",
  });
});

test("each pak of the tag has its own line, and --json is the registry's answer", async () => {
  const refused = {
    ...fine,
    name: "csv",
    stage: "check",
    code: "TRAILER_MISMATCH",
    message: "Other.",
    hint: "Tag anew.",
  };
  const answer = { state: "rejected", stage: "check", code: "TRAILER_MISMATCH", message: "Other.", hint: "Tag anew." };
  const lab = await open({ ...answer, details: { paks: [fine, refused] } });
  const run = await lab.paks(["why-not", ".", "v0.1.1"]);
  expect(run.stdout.split("\n")).toEqual([
    "⚠ acme/pdf@0.1.1 is fine, but a tag releases all of its paks or none",
    "✗ acme/csv@0.1.1  refused at check [TRAILER_MISMATCH]",
    "  Other.",
    "  hint: Tag anew.",
    "",
  ]);
  const json = await lab.paks(["why-not", ".", "v0.1.1", "--json"]);
  expect(json.exit).toBe(run.exit);
  expect(json.json()).toMatchObject({ trigger: "why-not", state: "rejected", details: { paks: [{}, {}] } });
});

test("without a login the question is asked without a token", async () => {
  const lab = await open({ state: "releasable", releases: [release] });
  const run = await lab.paks(["why-not", ".", "v0.1.1", "--json"], { environment: { PAKS_TOKEN: "" } });
  expect(dataOfRun(run)).toMatchObject({ state: "releasable" });
  expect(lab.asked[0]?.headers).not.toHaveProperty("authorization");
});

test("a pak's name means the repository that it is released from; an unknown one is PAK_NOT_FOUND", async () => {
  const lab = await open({ state: "releasable", releases: [release] });
  const run = await lab.paks(["why-not", "acme/nothing", "v0.1.1", "--json"]);
  expect(run.exit).toBe(3);
  expect(run.json()).toMatchObject({ error: { code: "PAK_NOT_FOUND" } });
  expect(lab.asked).toEqual([]);
});
