import { cp, mkdir, readFile, readdir, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Lock, parseLock } from "@paks/schema";
import { parseWorkspace } from "@paks/schema/workspace";
import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type RunOptions, type TestRegistry, runPaks, serveRegistry, tempFolder } from "../testing/index.ts";

let registry: TestRegistry;
let options: RunOptions;
beforeEach(async () => {
  const root = await tempFolder();
  const cwd = join(root, "project");
  await mkdir(join(root, "home"));
  await mkdir(cwd);
  registry = await serveRegistry();
  options = { cwd, home: join(root, "home"), environment: { PAKS_REGISTRY: registry.url } };
});

const paks = async (...argv: string[]) => await runPaks([...argv, "--json"], options);
const good = async (...argv: string[]) => {
  const run = await paks(...argv);
  expect(run.exit, run.stderr + run.stdout).toBe(0);
  return run.json() as { installed: { action: string; folder: string; version: string }[]; removed: string[] };
};
const bad = async (...argv: string[]) => {
  const run = await paks(...argv);
  expect(run.exit, run.stdout).not.toBe(0);
  return {
    exit: run.exit,
    ...(run.json() as { error: { code: string; message: string; hint?: string; details?: unknown } }).error,
  };
};
const file = (name: string) => readFile(join(options.cwd, name), "utf8");
const lock = async (): Promise<Lock> => parseLock(await file("paks.lock"), "paks.lock");
const versions = async () =>
  Object.fromEntries(Object.entries((await lock()).paks).map(([folder, { version }]) => [folder, version]));
const skills = async () =>
  (await readdir(join(options.cwd, ".agents", "skills"))).filter((name) => !name.startsWith(".")).sort();
const asked = (part: string) => registry.requests.filter(({ path }) => path.includes(part)).length;

test("install names what it installed in paks.jsonc and paks.lock, with everything it depends on", async () => {
  await registry.add("acme/text", "1.2.0");
  await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1" } });
  await good("install", "acme/pdf@^1");
  expect(await file("paks.jsonc")).toBe(
    `{\n  "paks": [\n    "acme/pdf@^1",\n  ],\n  "registry": "${registry.url}"\n}\n`,
  );
  const { pdf, text } = (await lock()).paks;
  expect(pdf).toMatchObject({ source: "acme/pdf@^1", version: "1.0.0", dependencies: { "acme/text": "^1" } });
  expect(pdf?.resolved).toMatchObject({ archive: registry.get("acme/pdf@1.0.0").dto.archive_sha256 });
  expect(text).toMatchObject({ source: null, version: "1.2.0", digest: registry.get("acme/text@1.2.0").dto.digest });
  expect(await skills()).toEqual(["pdf", "text"]);
});

test("install without a source keeps the locked versions, and asks for nothing when all is there", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  await registry.add("acme/pdf", "1.1.0");
  const before = registry.requests.length;
  expect((await good("install")).installed).toMatchObject([{ action: "unchanged", version: "1.0.0" }]);
  expect(registry.requests.length).toBe(before);
  await rm(join(options.cwd, ".agents"), { recursive: true });
  expect((await good("install")).installed).toMatchObject([{ action: "installed", version: "1.0.0" }]);
  expect((await good("install", "--upgrade")).installed).toMatchObject([{ action: "replaced", version: "1.1.0" }]);
  expect((await lock()).paks["pdf"]?.previous).toMatchObject({ version: "1.0.0" });
});

test("the result says which range of paks.jsonc was kept, and the command that it names takes the newest", async () => {
  await registry.add("acme/pdf", "0.2.0");
  await good("install", "acme/pdf@^0.2");
  await registry.add("acme/pdf", "1.0.0");
  const told = await runPaks(["install", "acme/pdf"], options);
  expect(told.stdout).toContain(
    "acme/pdf 0.2.0 (paks.jsonc asks for ^0.2; the newest of all: paks install acme/pdf@latest)",
  );
  expect((await good("install", "acme/pdf")).installed).toMatchObject([{ kept_range: "^0.2" }]);
  expect((await good("install")).installed).toMatchObject([{ kept_range: null }]);
  expect((await good("install", "acme/pdf@latest")).installed).toMatchObject([{ version: "1.0.0", kept_range: null }]);
  expect(await versions()).toEqual({ pdf: "1.0.0" });
  expect((await runPaks(["install", "acme/pdf"], options)).stdout).not.toContain("asks for");
});

test("what is named gets newer within the range that paks.jsonc asks for", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf@^1");
  await registry.add("acme/pdf", "1.5.0");
  await registry.add("acme/pdf", "2.0.0");
  await good("install", "acme/pdf");
  expect(await versions()).toEqual({ pdf: "1.5.0" });
  await good("install", "acme/pdf@^2");
  expect(await versions()).toEqual({ pdf: "2.0.0" });
  expect(parseWorkspace(await file("paks.jsonc"), "paks.jsonc")).toMatchObject({
    paks: ["acme/pdf@^2"],
    registry: registry.url,
  });
});

test("a pak that nothing asks for any more goes, unless it was edited", async () => {
  await registry.add("acme/text", "1.0.0");
  await registry.add("acme/font", "1.0.0");
  await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1", "acme/font": "^1" } });
  await registry.add("acme/pdf", "2.0.0");
  await good("install", "acme/pdf@^1");
  await writeFile(join(options.cwd, ".agents", "skills", "font", "SKILL.md"), "mine");
  expect((await good("install", "acme/pdf@^2")).removed).toEqual(["text"]);
  expect(await skills()).toEqual(["font", "pdf"]);
  expect(await versions()).toEqual({ pdf: "2.0.0" });
});

test("--no-save, --global and --dir leave the project's files alone", async () => {
  await registry.add("acme/pdf", "1.0.0");
  for (const flags of [["--no-save"], ["--global"], ["--dir", "elsewhere"]])
    await good("install", "acme/pdf", ...flags);
  expect((await readdir(options.cwd)).sort()).toEqual([".agents", "elsewhere"]);
});

test("ranges that do not meet are refused with both paths, and nothing is changed", async () => {
  await registry.add("acme/c", "1.0.0");
  await registry.add("acme/c", "2.0.0");
  await registry.add("acme/b", "1.0.0", { dependencies: { "acme/c": "^1" } });
  await registry.add("acme/a", "1.0.0", { dependencies: { "acme/b": "^1" } });
  await registry.add("acme/d", "1.0.0", { dependencies: { "acme/c": "^2" } });
  await good("install", "acme/a");
  const before = await file("paks.lock");
  const error = await bad("install", "acme/d");
  expect(error).toMatchObject({ exit: 6, code: "DEPENDENCY_CONFLICT" });
  expect(error.message).toContain("acme/a@1.0.0 → acme/b@1.0.0 → acme/c@^1");
  expect(error.message).toContain("acme/d@1.0.0 → acme/c@^2");
  expect(await file("paks.lock")).toBe(before);
  expect(await skills()).toEqual(["a", "b", "c"]);
});

test("a cycle is installed, each pak once, and why shows it", async () => {
  await registry.add("acme/a", "1.0.0", { dependencies: { "acme/b": "^1" } });
  await registry.add("acme/b", "1.0.0", { dependencies: { "acme/a": "^1" } });
  await good("install", "acme/a");
  const run = await paks("why", "acme/b");
  expect(run.json()).toMatchObject({
    paths: [
      { path: ["acme/a", "acme/b@^1"], cycle: false },
      { path: ["acme/b", "acme/a@^1", "acme/b@^1"], cycle: true },
    ],
  });
});

test("--as takes what the lock can hold, and nothing is written for another name", async () => {
  await registry.add("acme/pdf", "1.0.0");
  for (const name of ["Bad Name", "../x", ".paks", "CON", "con", "Pdf", "a/b"])
    expect(await bad("install", "acme/pdf", `--as=${name}`), name).toMatchObject({ code: "INVALID_NAME" });
  expect(registry.requests).toEqual([]);
  expect(await readdir(options.cwd)).toEqual([]);
});

test("--as for what is installed under another name says so, and an edit is not left behind", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf", "--as", "pdf2");
  const moved = await runPaks(["install", "acme/pdf", "--as", "pdf3"], options);
  expect([moved.exit, moved.stdout]).toEqual([0, expect.stringContaining("acme/pdf 1.0.0 (renamed from pdf2)")]);
  expect(moved.stdout).not.toContain("nothing asks for it");
  expect(await skills()).toEqual(["pdf3"]);
  await writeFile(join(options.cwd, ".agents", "skills", "pdf3", "SKILL.md"), "mine\n");
  expect(await bad("install", "acme/pdf", "--as", "pdf4")).toMatchObject({ exit: 6, code: "LOCAL_CHANGES" });
  expect(await skills()).toEqual(["pdf3"]);
  await good("install", "acme/pdf", "--as", "pdf4", "--force");
  expect(await skills()).toEqual(["pdf4"]);
  expect(await readdir(join(options.cwd, ".agents", ".paks", "backups"))).toHaveLength(2);
});

test("two paks of one name are refused, and --as gives the second another folder that stays", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("other/pdf", "3.0.0");
  await good("install", "acme/pdf");
  expect(await bad("install", "other/pdf")).toMatchObject({ exit: 6, code: "ALREADY_EXISTS" });
  await good("install", "other/pdf", "--as", "other-pdf");
  expect(await versions()).toEqual({ pdf: "1.0.0", "other-pdf": "3.0.0" });
  await rm(join(options.cwd, ".agents"), { recursive: true });
  await good("install");
  expect(await skills()).toEqual(["other-pdf", "pdf"]);
});

test("--force gives the folder to the pak that is named, everywhere", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("other/pdf", "3.0.0");
  await good("install", "acme/pdf");
  await good("install", "other/pdf", "--force");
  expect(await versions()).toEqual({ pdf: "3.0.0" });
  expect(parseWorkspace(await file("paks.jsonc"), "paks.jsonc")).toMatchObject({
    paks: ["other/pdf"],
    registry: registry.url,
  });
  await good("ci");
});

test("--frozen installs what the lock says, and fails when the lock would change", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/text", "1.0.0");
  await good("install", "acme/pdf");
  await rm(join(options.cwd, ".agents"), { recursive: true });
  await good("install", "--frozen");
  await writeFile(join(options.cwd, "paks.jsonc"), '{"paks": ["acme/pdf", "acme/text"]}');
  expect(await bad("install", "--frozen")).toMatchObject({
    exit: 7,
    code: "LOCKFILE_MISMATCH",
    details: { folders: ["text"] },
  });
  expect(await bad("install", "acme/text", "--frozen")).toMatchObject({ exit: 7 });
  expect(await skills()).toEqual(["pdf"]);
});

test("a project is found from its subfolders, and a folder is written down relative to it", async () => {
  await writeFile(join(options.cwd, "paks.jsonc"), '{\n  // ours\n  "paks": []\n}\n');
  const mine = join(options.cwd, "sub", "mine");
  await mkdir(mine, { recursive: true });
  await writeFile(join(mine, "SKILL.md"), "---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# x\n");
  const root = options.cwd;
  options = { ...options, cwd: join(root, "sub") };
  await good("install", "./mine");
  options = { ...options, cwd: root };
  expect(await file("paks.jsonc")).toBe('{\n  // ours\n  "paks": [\n    "./sub/mine",\n  ]\n}\n');
  expect((await lock()).paks["mine"]).toMatchObject({ resolved: { type: "local", path: "sub/mine" } });
  expect(await skills()).toEqual(["mine"]);
});

test("a folder outside the project is installed and not written down", async () => {
  const outside = join(options.home, "mine");
  await mkdir(outside);
  await writeFile(join(outside, "SKILL.md"), "---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# x\n");
  await good("install", outside);
  expect(await skills()).toEqual(["mine"]);
  expect(await readdir(options.cwd)).toEqual([".agents"]);
});

test("a cloned workspace gets nothing from outside itself", async () => {
  await writeFile(join(options.home, "SKILL.md"), "---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# x\n");
  await writeFile(join(options.cwd, "paks.jsonc"), '{"paks": ["../home"]}');
  expect(await bad("install")).toMatchObject({ exit: 5, code: "MANIFEST_INVALID" });
  await symlink(options.home, join(options.cwd, "inside"));
  await writeFile(join(options.cwd, "paks.jsonc"), '{"paks": ["./inside"]}');
  const hint = expect.stringContaining(`paks install ${await realpath(options.home)}`) as string;
  expect(await bad("install")).toMatchObject({ exit: 10, code: "UNSAFE_TARGET", hint });
});

test("a cloned workspace has no repository of this machine read that the user never named", async () => {
  const repo = await gitRepo({ "SKILL.md": "---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# x\n" }, [
    "v1.0.0",
  ]);
  onTestFinished(() => repo.remove());
  await writeFile(join(options.cwd, "paks.jsonc"), JSON.stringify({ paks: [`${repo.url}#tag=v1.0.0`] }));
  expect(await bad("install")).toMatchObject({ exit: 5, code: "PROTOCOL_NOT_ALLOWED" });
  await good("install", `${repo.url}#tag=v1.0.0`);
  await rm(join(options.cwd, ".agents"), { recursive: true });
  await good("install");
});

test.runIf(process.platform === "linux")(
  "a cloned workspace names no repository whose address is decoded in two ways",
  async () => {
    const files = { "SKILL.md": "---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# x\n" };
    const repo = await gitRepo(files, ["v1.0.0"]);
    onTestFinished(() => repo.remove());
    // No text of Node names this folder.
    const hidden = Buffer.concat([Buffer.from(join(options.home, "x")), Buffer.from([0xff])]);
    await cp(repo.dir, join(options.home, "copy"), { recursive: true });
    await rename(join(options.home, "copy"), hidden);
    const url = `file://${options.home}/x%ff`;
    const refused = { exit: 5, code: "INVALID_REPOSITORY_URL", hint: expect.stringContaining("%25") as string };
    for (const text of [url, "file:///%zz", "file:///a/%E0%A4"])
      for (const more of [[], ["--list"]]) expect(await bad("install", text, ...more)).toMatchObject(refused);
    await good("install", `${repo.url}#tag=v1.0.0`);
    await writeFile(join(options.cwd, "paks.lock"), (await file("paks.lock")).replaceAll(repo.url, url));
    await rm(join(options.cwd, ".agents"), { recursive: true });
    await writeFile(join(options.cwd, "paks.jsonc"), JSON.stringify({ paks: [`${url}#tag=v1.0.0`] }));
    const commands = [["install"], ["ci"], ["diff", "mine"], ["update"], ["outdated"], ["verify"]];
    for (const argv of commands) expect((await bad(...argv)).message).not.toContain("malformed");
    await rm(join(options.cwd, "paks.lock"));
    expect(await bad("install")).toMatchObject({ exit: 5 });
    expect(await readdir(options.cwd)).toEqual(["paks.jsonc"]);
  },
);

test("a tag of git that was moved is refused", async () => {
  const repo = await gitRepo({ "SKILL.md": "---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# x\n" }, [
    "v1.0.0",
  ]);
  onTestFinished(() => repo.remove());
  await good("install", `${repo.url}#v1.0.0`);
  await repo.write({ "SKILL.md": "---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# evil\n" });
  await repo.commit("evil");
  await repo.git("tag", "-f", "v1.0.0");
  expect(await bad("install", `${repo.url}#v1.0.0`)).toMatchObject({ exit: 7, code: "TAG_MOVED" });
});

test("a registry whose record and files disagree about the dependencies is not believed", async () => {
  await registry.add("acme/text", "1.0.0");
  const { dto } = await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1" } });
  await registry.add("acme/evil", "1.0.0");
  const evil = { account: "acme", name: "evil", range: "*" };
  const text = { account: "acme", name: "text", range: "^1" };
  for (const dependencies of [[], [text, evil], [{ ...text, range: "^1 || ^2" }]]) {
    (dto as { manifest: unknown }).manifest = { dependencies };
    expect(await bad("install", "acme/pdf")).toMatchObject({ exit: 7, code: "INTEGRITY_MISMATCH" });
  }
  expect(await readdir(options.cwd)).toEqual([]);
});

test("a version that gets other bytes is refused once it is locked", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  await rm(join(options.cwd, ".agents"), { recursive: true });
  await rm(join(options.home, ".cache"), { recursive: true });
  await registry.add("acme/pdf", "1.0.0", { files: { "evil.sh": "x" } });
  for (const argv of [["install"], ["install", "acme/pdf"], ["ci"]]) expect((await bad(...argv)).exit).toBe(7);
  expect(await readdir(options.cwd)).not.toContain("evil.sh");
});

test("disabled paks are not installed", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/text", "1.0.0");
  await writeFile(join(options.cwd, "paks.jsonc"), '{"paks": ["acme/pdf", "acme/text"], "disabled": ["text"]}');
  await good("install");
  expect(await skills()).toEqual(["pdf"]);
  const run = await bad("install", "acme/text");
  expect(run).toMatchObject({
    exit: 2,
    message: expect.stringContaining("acme/text is disabled in paks.jsonc") as string,
  });
  expect(await skills()).toEqual(["pdf"]);
  await good("ci");
});

test("a pak that becomes disabled goes and says why, and remove takes it out of paks.jsonc", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/text", "1.0.0");
  await good("install", "acme/pdf", "acme/text");
  await writeFile(join(options.cwd, "paks.jsonc"), '{"paks": ["acme/pdf", "acme/text"], "disabled": ["text", "x"]}');
  const run = await runPaks(["install"], options);
  expect(run.stdout).toContain("✓ Removed text: it is disabled in paks.jsonc");
  await good("remove", "text");
  expect(await file("paks.jsonc")).toBe('{"paks": ["acme/pdf"], "disabled": ["x"]}');
  await writeFile(join(options.cwd, "paks.jsonc"), '{"paks": ["acme/pdf"], "disabled": ["acme/pdf"]}');
  await good("remove", "pdf");
  expect(await file("paks.jsonc")).toBe('{"paks": [], "disabled": []}');
  await good("install", "acme/pdf");
  expect(await skills()).toEqual(["pdf"]);
});

test("a batch of which one cannot be placed changes nothing", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/text", "1.0.0");
  await mkdir(join(options.cwd, ".agents", "skills", "text"), { recursive: true });
  await writeFile(join(options.cwd, ".agents", "skills", "text", "SKILL.md"), "somebody else's");
  expect(await bad("install", "acme/pdf", "acme/text")).toMatchObject({ code: "ALREADY_EXISTS" });
  expect(await skills()).toEqual(["text"]);
  expect((await readdir(options.cwd)).sort()).toEqual([".agents"]);
});

test("thirty paks are fetched with one question for all metadata, and one for the bytes of each", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `acme/p${index}`);
  for (const name of names) await registry.add(name, "1.0.0");
  await good("install", ...names);
  expect(registry.requests.length).toBe(31);
  expect(asked("/archive")).toBe(30);
});

test("a registry that knows nothing of many paks at once is asked for each of thirty", async () => {
  registry.isOld = true;
  const names = Array.from({ length: 30 }, (_, index) => `acme/p${index}`);
  for (const name of names) await registry.add(name, "1.0.0");
  await good("install", ...names);
  expect(registry.requests.length).toBe(61);
  expect(asked("/archive")).toBe(30);
});
