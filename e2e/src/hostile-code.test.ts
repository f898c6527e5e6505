import { access, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ErrorCode } from "@paks/schema";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mustEndWell, skillText } from "./harness/journey.ts";
import { run } from "./harness/run.ts";
import { type Files, snapshotOf, writeFiles } from "./hostile/files.ts";
import { codeOf, expectCode, expectVerdict, type HostileLab, openHostileLab } from "./hostile/open.ts";
import { type Work, workRepository } from "./hostile/tags.ts";

let hostile: HostileLab;
beforeAll(async () => {
  hostile = await openHostileLab();
});
afterAll(() => hostile.close());

/** An expression that makes the file, in CommonJS and in modules, and gives good front matter. */
const payload = (name: string) =>
  `(process.getBuiltinModule ? process.getBuiltinModule("fs") : require("fs")).writeFileSync(${JSON.stringify(hostile.pwned)}, "x") || { name: ${JSON.stringify(name)}, description: "Runs when it is read." }`;

test("the payload does what it says when somebody evaluates it", async () => {
  const script = `eval(${JSON.stringify(`(function() {\nreturn ${payload("a")};\n}());`)})`;
  mustEndWell("node", await run(process.execPath, ["-e", script], { cwd: hostile.canary, env: hostile.lab.env() }));
  await access(hostile.pwned);
  await rm(hostile.pwned);
});

const language = "FRONTMATTER_LANGUAGE_NOT_ALLOWED";
type Row = readonly [name: string, fence: string, code: ErrorCode];
const fences: readonly Row[] = [
  ["js", "---js", language],
  ["js-blank", "--- js", language],
  ["js-tab", "---\tjs", language],
  ["js-upper", "---JS", language],
  ["js-crlf", "---js\r", language],
  ["js-bom", "\uFEFF---js", language],
  ["javascript", "---javascript", language],
  ["coffee", "---coffee", language],
  ["json", "---json", language],
  ["toml", "---toml", language],
  ["yaml", "---yaml", language],
  ["prototype", "---__proto__", language],
  ["four", "----", "FRONTMATTER_MISSING"],
  ["blank-line", "\n---js", "FRONTMATTER_MISSING"],
  ["comment", "# js\n---js", "FRONTMATTER_MISSING"],
];

/** Evaluated, it makes the file. Read as YAML, it is no map. */
const evilSkill = (name: string, fence: string) => `${fence}\n${payload(name)}\n---\n# Body\n`;

async function project(name: string): Promise<string> {
  return hostile.lab.folder(join("projects", name, "project"));
}

async function expectNothingRan(): Promise<void> {
  await expect(access(hostile.pwned)).rejects.toThrow("ENOENT");
  await hostile.requireWell();
}

const refsOf = async (work: Work) => ({
  here: await work.git("for-each-ref"),
  there: await work.git("ls-remote", "origin"),
  status: await work.git("status", "--porcelain"),
  files: await snapshotOf(work.dir).then((all) => Object.entries(all).filter(([path]) => !path.startsWith(".git/"))),
});

describe.concurrent("front matter that names a language is never run", () => {
  test.each(fences)("%s", async (row, fence, code) => {
    const name = `code-${row}`;
    const files: Files = { "SKILL.md": evilSkill(name, fence) };
    const work = await workRepository(hostile.lab, name, files);
    const before = await refsOf(work);
    expectCode(await hostile.paks(work.dir, ["validate"]), code);
    expectCode(await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]), code);
    expect(await refsOf(work)).toEqual(before);

    const folder = await project(name);
    expectCode(await hostile.paks(folder, ["install", work.dir, "--agent", "claude-code"]), code);
    const { repository, tag } = await work.release(files);
    expectCode(await hostile.paks(folder, ["install", `${repository}#${tag}`, "--agent", "claude-code"]), code);
    expect(Object.keys(await snapshotOf(join(folder, "..")))).toEqual(["project"]);
    expectVerdict(await hostile.follow({ repository, tag }), code);
    await expectNothingRan();
    await work.remove();
  });

  test("nor by any other command, nor by the registry's dry run", async () => {
    const name = "code-everywhere";
    const manifest = evilSkill(name, "---js");
    const work = await workRepository(hostile.lab, name, { "SKILL.md": manifest });
    const run = (...argv: string[]) => hostile.paks(work.dir, argv);
    expectCode(await run("validate", "--strict"), language);
    expectCode(await run("publish", "--version", "1.0.0", "--yes"), language);
    expectCode(await run("publish", "--bump", "patch", "--dry-run", "--no-push"), language);
    expectCode(await run("info", `acme/${name}`), "PAK_NOT_FOUND");
    expectCode(await run("search", name), "ok");
    expectCode(await run("status"), "ok");
    expectCode(await run("list"), "ok");
    expect((await run("init", name)).exitCode).toBeLessThan(128);
    const planned = {
      package: `acme/${name}`,
      version: "1.0.0",
      tag: "v1.0.0",
      manifest,
      manifest_extra: manifest,
      files: [],
    };
    expect((await hostile.post("/api/index?dry_run=true", planned)).text).toContain(language);
    await expectNothingRan();
    await work.remove();
  });
});

test("an installed pak whose SKILL.md was made to run code is listed as edited, and removed, without a word of it run", async () => {
  const work = await workRepository(hostile.lab, "later", { "SKILL.md": skillText("later", "1.0.0") });
  const folder = await project("later");
  expectCode(await hostile.paks(folder, ["install", work.dir, "--agent", "claude-code"]), "ok");
  await writeFile(join(folder, ".agents/skills/later/SKILL.md"), evilSkill("later", "---js"));
  const listed = await hostile.paks(folder, ["list"]);
  expectCode(listed, "ok");
  expect(listed.stdout).toContain("edited");
  expectCode(await hostile.paks(folder, ["install", work.dir, "--agent", "claude-code"]), "LOCAL_CHANGES");
  expectCode(await hostile.paks(folder, ["remove", "later", "--force"]), "ok");
  await expectNothingRan();
  await work.remove();
});

test("code in a body, in skill.yaml and beside SKILL.md is text", async () => {
  const name = "body";
  const body = `---js\n${payload(name)}\n---\n`;
  const files = {
    "SKILL.md": `${skillText(name, "0.1.0")}${body}`,
    "notes.md": body,
    "package.json": JSON.stringify({
      scripts: { install: `touch ${hostile.pwned}`, prepare: `touch ${hostile.pwned}` },
    }),
  };
  const work = await workRepository(hostile.lab, name, files);
  // The version is set in the text: what would be written back by a library would be read by it first.
  expectCode(await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]), "ok");
  const folder = await project(name);
  expectCode(await hostile.paks(folder, ["install", `acme/${name}`, "--agent", "claude-code"]), "ok");
  expectCode(await hostile.paks(folder, ["info", `acme/${name}`]), "ok");
  expectCode(await hostile.paks(folder, ["list"]), "ok");
  await expectNothingRan();

  await work.write({ "skill.yaml": `---js\n${payload(name)}\n` });
  await work.commit("More");
  const bumped = await hostile.paks(work.dir, ["publish", "--bump", "patch", "--yes"]);
  expect(["MANIFEST_INVALID", "FRONTMATTER_INVALID"]).toContain(codeOf(bumped));
  await expectNothingRan();
  await work.remove();
});

test("programs that a folder brings along are not run: hooks, filters, configuration", async () => {
  const folder = await project("unpacked");
  const touch = `touch ${hostile.pwned}`;
  await writeFiles(join(folder, "gift"), {
    "SKILL.md": skillText("gift", "1.0.0"),
    ".git/HEAD": "ref: refs/heads/main\n",
    ".git/config": `[core]\n\trepositoryformatversion = 0\n\tfsmonitor = ${touch}\n\thooksPath = hooks\n[diff]\n\texternal = ${touch}\n`,
    ".git/objects/.keep": "",
    ".git/refs/heads/.keep": "",
    ".gitattributes": "* filter=evil diff=evil\n",
  });
  expectCode(await hostile.paks(folder, ["validate", "gift"]), "ok");
  expectCode(await hostile.paks(folder, ["install", "./gift", "--agent", "claude-code"]), "ok");
  expectCode(await hostile.paks(folder, ["list"]), "ok");
  expectCode(await hostile.paks(join(folder, "gift"), ["list"]), "ok");
  await expectNothingRan();
});

test("only the honest release was recorded, and nothing is left", async () => {
  expect((await hostile.finish()).releases).toEqual(["acme/body@0.1.1"]);
});
