import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { testGit } from "@paks/git/testing";
import { expect, test } from "vitest";
import type { Context, Prompts } from "../context.ts";
import { templateNames } from "../scaffold-templates.ts";
import { parseYaml, runPaks, tempFolder } from "../testing/index.ts";
import { askMetadata } from "./scaffold-options.ts";

async function inFolder() {
  const cwd = await tempFolder();
  return { cwd, run: async (...argv: string[]) => await runPaks(argv, { cwd, home: join(cwd, "home") }) };
}

test.each(templateNames)("what the template %s makes passes the strict checks without a finding", async (template) => {
  const { run } = await inFolder();
  const all = ["--with-scripts", "--with-references", "--with-assets", "--license", "MIT", "--ci"];
  expect((await run("create", "web-server", "--template", template, ...all)).exit).toBe(0);
  const { exit, json, stdout } = await run("validate", "web-server", "--strict", "--json");
  expect(exit, stdout).toBe(0);
  expect(json()).toMatchObject({ valid: true, findings: [] });
  const { consumers } = json() as { consumers: { accepts: boolean }[] };
  expect(consumers.every(({ accepts }) => accepts)).toBe(true);
});

test("templates differ, and init knows them", async () => {
  const { cwd, run } = await inFolder();
  for (const template of templateNames) expect((await run("init", "x", "-o", template, "-t", template)).exit).toBe(0);
  const texts = await Promise.all(templateNames.map((name) => readFile(join(cwd, name, "SKILL.md"), "utf8")));
  expect(new Set(texts).size).toBe(templateNames.length);
  expect((await run("create", "y", "--template", "novel")).exit).toBe(2);
});

interface Workflow {
  on: { workflow_dispatch: { inputs: { path: { default: string } } } };
  jobs: Record<string, { steps: { uses: string }[] }>;
}

test("--ci writes one workflow at the top of the repository and keeps one that is there", async () => {
  const { cwd, run } = await inFolder();
  await testGit(cwd, ["init", "-q"]);
  const made = await run("create", "pdf", "-o", "skills/pdf", "--ci", "--json");
  const path = join(cwd, ".github/workflows/paks.yml");
  expect(made.json()).toMatchObject({ files: ["SKILL.md"], workflow: { path, created: true } });
  const workflow = parseYaml(await readFile(path, "utf8")) as Workflow;
  expect(workflow.on.workflow_dispatch.inputs.path.default).toBe("skills/pdf");
  await writeFile(path, "mine");
  const second = await run("create", "ocr", "-o", "skills/ocr", "--ci");
  expect(second.exit).toBe(0);
  expect(second.stdout).toContain("⚠ Kept .github/workflows/paks.yml");
  expect(await readFile(path, "utf8")).toBe("mine");
});

test("without a repository the workflow lies in the pak's own folder, and without --ci nowhere", async () => {
  const { cwd, run } = await inFolder();
  await mkdir(join(cwd, "plain"));
  expect((await run("create", "pdf", "--ci")).exit).toBe(0);
  const workflow = parseYaml(await readFile(join(cwd, "pdf/.github/workflows/paks.yml"), "utf8")) as Workflow;
  expect(workflow.on.workflow_dispatch.inputs.path.default).toBe(".");
  expect((await run("create", "ocr")).exit).toBe(0);
  expect(await readdir(join(cwd, "ocr"))).toEqual(["SKILL.md"]);
});

function person(answers: Record<string, string>, interactive = true) {
  const asked: string[] = [];
  const answer = async ({ instead }: { instead: string }): Promise<string> => {
    asked.push(instead);
    return answers[instead] ?? "";
  };
  const prompts = { select: answer, text: answer } as unknown as Prompts;
  return { asked, context: { io: { interactive }, prompts } as unknown as Context };
}

test("a person is asked for what the command line leaves open, and only for that", async () => {
  const { asked, context } = person({ "--template": "coding", "--license": "none" });
  expect(await askMetadata(context, { description: "Given." })).toEqual({
    template: "coding",
    description: "Given.",
    license: undefined,
  });
  expect(asked).toEqual(["--template", "--license"]);
});

test("nobody is asked where nobody sits", async () => {
  const { asked, context } = person({}, false);
  expect(await askMetadata(context, { license: "MIT" })).toEqual({ license: "MIT" });
  expect(asked).toEqual([]);
});
