import { cp, lstat, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatLock, parseLock, sha256Hex } from "@paks/schema";
import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type RunOptions, type TestRegistry, runPaks, serveRegistry, tempFolder } from "../testing/index.ts";

const skill = (words: string) => `---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# ${words}\n`;

let root: string;
let registry: TestRegistry;
let options: RunOptions;
beforeEach(async () => {
  root = await tempFolder();
  await mkdir(join(root, "home"));
  await mkdir(join(root, "project"));
  registry = await serveRegistry();
  options = { cwd: join(root, "project"), home: join(root, "home"), environment: { PAKS_REGISTRY: registry.url } };
});

const paks = async (...argv: string[]) => await runPaks([...argv, "--json"], options);
const good = async (...argv: string[]) => {
  const run = await paks(...argv);
  expect(run.exit, run.stderr + run.stdout).toBe(0);
  return run.json() as { installed: { action: string; folder: string }[] };
};
const failure = async (...argv: string[]) => {
  const run = await paks(...argv);
  const { error } = run.json() as { error?: { code: string; message: string } };
  return { exit: run.exit, code: error?.code, message: error?.message };
};
/** As somebody who has just cloned the project on a new machine. */
async function cloneProject(name = "clone"): Promise<void> {
  const cwd = join(root, name);
  await mkdir(cwd);
  for (const file of ["paks.jsonc", "paks.lock"]) await cp(join(options.cwd, file), join(cwd, file));
  const home = join(root, `${name}-home`);
  await mkdir(home);
  options = { ...options, cwd, home };
}
type Entry = Readonly<Record<string, unknown>>;
type Change = (pdf: Entry, text: Entry) => Readonly<Record<string, Entry | undefined>>;
/** Entries that `change` answers replace those of the lock; `undefined` removes one. */
async function changeLocked(change: Change): Promise<void> {
  const path = join(options.cwd, "paks.lock");
  const { paks: all } = JSON.parse(await readFile(path, "utf8")) as { paks: Record<string, Entry> };
  const changed = { ...all, ...change(all["pdf"] ?? {}, all["text"] ?? {}) };
  await writeFile(path, JSON.stringify({ lockfileVersion: 1, paks: changed }));
}
const resolvedTo = (entry: Entry, facts: Entry): Entry => ({
  ...entry,
  resolved: { ...(entry["resolved"] as Entry), ...facts },
});
const installed = async () => (await tree(options.cwd)).filter((line) => !/ \.?paks\.|\/\.paks\//.test(line));

/** Every file with its bytes' hash and whether it is executable. */
async function tree(folder: string): Promise<string[]> {
  const lines: string[] = [];
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const facts = await stat(join(folder, path));
    if (facts.isFile())
      lines.push(`${sha256Hex(await readFile(join(folder, path)))} ${(facts.mode & 0o111).toString(8)} ${path}`);
  }
  return lines;
}

test("thirty locked paks are the same bytes in two empty homes, and the lock stays as it was", async () => {
  const names = Array.from({ length: 30 }, (_, index) => `acme/p${index}`);
  for (const name of names) await registry.add(name, "1.0.0", { files: { "run.sh!": name, "a/b.txt": "x" } });
  await good("install", ...names);
  const before = await readFile(join(options.cwd, "paks.lock"));
  await cloneProject("one");
  registry.requests.length = 0;
  await good("ci");
  const first = (await tree(options.cwd)).filter((line) => !line.includes("/.paks/"));
  // The anonymous limit is 60 questions a minute; bytes by their digest need no question for metadata.
  expect(registry.requests.length).toBe(30);
  await cloneProject("two");
  await good("ci");
  expect((await tree(options.cwd)).filter((line) => !line.includes("/.paks/"))).toEqual(first);
  expect(await readFile(join(options.cwd, "paks.lock"))).toEqual(before);
  expect(first.length).toBe(30 * 3 + 2);
});

test("newer releases change nothing, and what is there already is not fetched again", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  await registry.add("acme/pdf", "1.1.0");
  await cloneProject();
  expect((await good("ci")).installed).toMatchObject([{ action: "installed", version: "1.0.0" }]);
  registry.requests.length = 0;
  expect((await good("ci")).installed).toMatchObject([{ action: "unchanged" }]);
  expect(registry.requests).toEqual([]);
});

test("other bytes of the registry are refused, and nothing is installed", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/text", "1.0.0");
  await good("install", "acme/pdf", "acme/text");
  await cloneProject();
  const evil = await registry.add("acme/evil", "1.0.0", { files: { "evil.sh": "x" } });
  registry.get("acme/text@1.0.0").archive = evil.archive;
  expect(await failure("ci")).toMatchObject({ exit: 7, code: "INTEGRITY_MISMATCH" });
  await registry.add("acme/text", "1.0.0", { files: { "evil.sh": "x" } });
  expect(await failure("ci")).toMatchObject({ exit: 7 });
  expect(await installed()).toEqual([]);
});

const tampered: readonly (readonly [what: string, change: Change])[] = [
  ["digest", (pdf) => ({ pdf: { ...pdf, digest: `h1:${"A".repeat(43)}=` } })],
  ["count of files", (pdf) => ({ pdf: { ...pdf, files: 7 } })],
  ["version", (pdf) => ({ pdf: { ...resolvedTo(pdf, { version: "1.0.1" }), version: "1.0.1" } })],
  ["dependencies", (pdf) => ({ pdf: { ...pdf, dependencies: {} } })],
  ["archive", (pdf) => ({ pdf: resolvedTo(pdf, { archive: "0".repeat(64) }) })],
  ["name", (pdf) => ({ pdf: resolvedTo(pdf, { name: "text" }) })],
  ["registry", (pdf) => ({ pdf: resolvedTo(pdf, { registry: "http://127.0.0.1:9" }) })],
  ["source", (pdf) => ({ pdf: { ...pdf, source: "acme/pdf@^2" } })],
  ["missing entry", () => ({ text: undefined })],
  ["entry that nobody asked for", (_pdf, text) => ({ more: { ...text, source: null } })],
];
for (const [what, change] of tampered)
  test(`a lock whose ${what} was changed is refused with exit 7`, async () => {
    await registry.add("acme/text", "1.0.0");
    await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1" } });
    await good("install", "acme/pdf");
    await cloneProject();
    await changeLocked(change);
    expect(await failure("ci")).toMatchObject({ exit: 7 });
    expect(await installed()).toEqual([]);
  });

test("a lock that is no JSON, or has another workspace beside it, is refused", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  await cloneProject();
  await writeFile(join(options.cwd, "paks.jsonc"), '{"paks": ["acme/pdf", "acme/more"]}');
  expect(await failure("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
  await writeFile(join(options.cwd, "paks.lock"), "{");
  expect(await failure("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
  await rm(join(options.cwd, "paks.lock"));
  expect(await failure("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
});

test("a lock that gives locked bytes another version is refused also when they are in the store", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  const { home } = options;
  await cloneProject();
  options = { ...options, home };
  await changeLocked((pdf) => ({ pdf: { ...resolvedTo(pdf, { version: "1.0.1" }), version: "1.0.1" } }));
  expect(await failure("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
});

test("a tag of git that was moved or deleted is refused where the store has nothing, and served where it does", async () => {
  const repo = await gitRepo({ "SKILL.md": skill("good") }, ["v1.0.0"]);
  onTestFinished(() => repo.remove());
  await good("install", `${repo.url}#v1.0.0`);
  await repo.write({ "SKILL.md": skill("evil") });
  await repo.commit("evil");
  await repo.git("tag", "-f", "v1.0.0");
  const { home } = options;
  await cloneProject();
  expect(await failure("ci")).toMatchObject({ exit: 5, code: "PROTOCOL_NOT_ALLOWED" });
  options = { ...options, home };
  await cp(join(home, ".cache"), join(root, "kept"), { recursive: true });
  await rm(join(home, ".cache"), { recursive: true });
  expect(await failure("ci")).toMatchObject({ exit: 7, code: "TAG_MOVED" });
  await repo.git("tag", "-d", "v1.0.0");
  expect(await failure("ci")).toMatchObject({ exit: 3, code: "TAG_NOT_FOUND" });
  expect(await installed()).toEqual([]);
  await rm(join(home, ".cache"), { recursive: true });
  await cp(join(root, "kept"), join(home, ".cache"), { recursive: true });
  await good("ci");
  const files = await installed();
  expect(files).toEqual([expect.stringContaining(sha256Hex(Buffer.from(skill("good"))))]);
});

test("a repository that is gone is served from the store, and refused where the store has nothing", async () => {
  const repo = await gitRepo({ "SKILL.md": skill("good") }, ["v1.0.0"]);
  await good("install", `${repo.url}#v1.0.0`);
  await repo.remove();
  const { home } = options;
  await cloneProject();
  expect((await failure("ci")).exit).not.toBe(0);
  expect(await installed()).toEqual([]);
  options = { ...options, home };
  await good("ci", "--offline");
  expect((await installed()).length).toBe(1);
});

test("a registry that is gone is not needed for what was fetched once", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  const { home } = options;
  await cloneProject();
  options = { ...options, home };
  registry.down = { status: 404, code: "PAK_NOT_FOUND" };
  await good("ci");
  expect((await installed()).length).toBe(1);
});

test("a store that was tampered with is noticed; the bytes come from the registry", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  const expected = await installed();
  const { home } = options;
  const cache = join(home, ".cache", "paks");
  for (const path of await readdir(cache, { recursive: true })) {
    const full = join(cache, path);
    if (path.includes("store") && (await stat(full)).isFile()) {
      const bytes = await readFile(full);
      bytes[bytes.length >> 1]! ^= 1;
      await writeFile(full, bytes);
    }
  }
  await cloneProject();
  options = { ...options, home };
  await good("ci");
  expect(await installed()).toEqual(expected);
});

test("the tools that were named and --copy are locked, and a clone gets them without flags", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await registry.add("acme/text", "1.0.0");
  await good("install", "acme/pdf", "--agent", "claude-code", "--copy");
  await good("install", "acme/text", "--agent", "cursor,claude-code");
  await cloneProject();
  await good("ci");
  const at = join(options.cwd, ".claude", "skills");
  expect((await lstat(join(at, "pdf"))).isDirectory()).toBe(true);
  expect((await lstat(join(at, "text"))).isSymbolicLink()).toBe(true);
  expect(await readFile(join(at, "pdf", "SKILL.md"), "utf8")).toContain("# pdf 1.0.0");
});

test("edits are not overwritten by ci", async () => {
  await registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  const path = join(options.cwd, ".agents", "skills", "pdf", "SKILL.md");
  await writeFile(path, "mine");
  expect(await failure("ci")).toMatchObject({ exit: 6, code: "LOCAL_CHANGES" });
  expect(await readFile(path, "utf8")).toBe("mine");
  await good("ci", "--force");
  expect(await readFile(path, "utf8")).toContain("# pdf 1.0.0");
});

test("ci after a merge of two branches that each added a pak installs both", async () => {
  await registry.add("acme/a", "1.0.0");
  await registry.add("acme/z", "1.0.0");
  await good("install", "acme/a");
  const one = parseLock(await readFile(join(options.cwd, "paks.lock"), "utf8"), "paks.lock");
  await rm(options.cwd, { recursive: true });
  await mkdir(options.cwd);
  await good("install", "acme/z");
  const two = parseLock(await readFile(join(options.cwd, "paks.lock"), "utf8"), "paks.lock");
  await writeFile(join(options.cwd, "paks.lock"), formatLock({ ...one, paks: { ...one.paks, ...two.paks } }));
  await writeFile(join(options.cwd, "paks.jsonc"), '{"paks": ["acme/a", "acme/z"]}');
  expect((await good("ci")).installed.map(({ folder }) => folder)).toEqual(["a", "z"]);
});
