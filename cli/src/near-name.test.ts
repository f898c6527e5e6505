import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "./life/testing/project.ts";
import type { Fetch } from "./network/fetch.ts";
import { openFetch } from "./network/open-fetch.ts";
import { runPaks } from "./testing/index.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf-forms", "1.0.0");
  await project.registry.add("other/pdf-frmss", "1.0.0");
});
const hintOf = async (...argv: string[]) => (await project.json<{ error: { hint: string } }>(...argv)).error.hint;

test("a misspelt name of the registry gets the account's name that is like it", async () => {
  expect(await hintOf("info", "acme/pdf-frms")).toBe("Did you mean acme/pdf-forms?");
  expect(await hintOf("diff", "acme/pdf-frms@1.0.0", "acme/pdf-frms@1.1.0")).toBe("Did you mean acme/pdf-forms?");
  expect(await hintOf("info", "acme/xyzzyxyzzy")).toBe("Look for it: paks search xyzzyxyzzy");
  expect(await hintOf("info", "nobody/pdf-forms")).toContain("paks search");
});

test.each([[[]], [["-g"]], [["--dir", "x"]]])("install %j says it too, and nothing is installed", async (flags) => {
  expect(await hintOf("install", "acme/pdf-frms@^1", ...flags)).toBe("Did you mean acme/pdf-forms?");
  expect(await hintOf("install", "acme/xyzzyxyzzy", ...flags)).toContain("paks search xyzzyxyzzy");
  expect((await project.ok("list", "--all")).stdout).toContain("Nothing is installed here.");
});

test("a dependency that there is not is nobody's slip here: its author is the one to ask", async () => {
  await project.registry.add("acme/needs", "1.0.0", { dependencies: { "acme/pdf-frms": "^1" } });
  expect(await hintOf("install", "acme/needs")).toContain("Ask the author of acme/needs");
});

test("a registry that fails when it is asked for names does not hide that the pak is not there", async () => {
  const direct = openFetch({ proxy: undefined, noProxy: undefined, caFile: undefined, extraCaFile: undefined });
  const refused = { status: 400, headers: { get: () => null }, body: null };
  const fetch: Fetch = async (url, init) => (url.includes("/api/paks?") ? refused : await direct(url, init));
  const run = await runPaks(["info", "acme/pdf-frms", "--json"], { ...project.options, fetch });
  expect([run.exit, run.json()]).toMatchObject([
    3,
    { error: { code: "PAK_NOT_FOUND", hint: "Look for it: paks search pdf-frms" } },
  ]);
});

test("info of a bare name offers what is installed by that name", async () => {
  expect(await hintOf("info", "pdf-forms")).toContain("account");
  await project.ok("install", "acme/pdf-forms");
  expect(await hintOf("info", "pdf-forms")).toBe("Did you mean acme/pdf-forms, which is installed here?");
  expect(await hintOf("info", "pdf")).toContain("account");
});
