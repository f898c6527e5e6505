import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GitLab, type GitRepo, gitLab } from "@paks/git/testing";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RunOptions, runPaks, tempFolder } from "../testing/index.ts";

let lab: GitLab;
let monorepo: GitRepo;
let options: RunOptions;
let place: string;

const skill = (name: string, text = "one") =>
  `---\nname: ${name}\ndescription: Does what ${name} does, and says so at length.\n---\n${text}\n`;

beforeAll(async () => {
  lab = await gitLab();
  monorepo = await lab.repo("mono", { "skills/pdf/SKILL.md": skill("pdf"), "skills/csv/SKILL.md": skill("csv") });
  for (const [tag, text] of [
    ["v1.0.0", "one"],
    ["v1.4.0", "four"],
    ["v2.0.0-beta.1", "beta"],
    ["v2.0.0", "two"],
  ] as const) {
    await monorepo.write({ "skills/pdf/SKILL.md": skill("pdf", text), "skills/csv/SKILL.md": skill("csv", text) });
    await monorepo.commit(text);
    await monorepo.tag(tag);
  }
  await monorepo.write({ "skills/pdf/SKILL.md": skill("pdf", "unreleased") });
  await monorepo.commit("later");
  await monorepo.git("push", "-q", "origin", "main", "--tags", "main:refs/heads/feature/x", "main:refs/heads/v1.0.0");
  const loose = await lab.repo("loose", { "skills/pdf/SKILL.md": skill("pdf") });
  await loose.git("push", "-q", "origin", "main:refs/heads/main");
  const own = await lab.repo("own", { "skills/pdf/SKILL.md": skill("pdf") }, ["pdf--v1.0.0", "pdf--v1.1.0"]);
  await own.write({ "skills/pdf/SKILL.md": skill("pdf", "later") });
  await own.commit("later");
  await own.git("push", "-q", "origin", "main");
});
afterAll(() => lab.close());

beforeEach(async () => {
  const root = await tempFolder();
  const [cwd, home] = [join(root, "project"), join(root, "home")];
  await Promise.all([cwd, home].map((folder) => mkdir(folder)));
  options = { cwd, home, environment: { PAKS_GIT_PROTOCOLS: "http" } };
  place = join(cwd, ".agents", "skills");
});

interface Done {
  readonly installed: readonly {
    name: string;
    version: string | null;
    notes: string[];
    origin: { tag?: string; branch?: string; commit: string; path: string };
  }[];
}
const install = async (...args: string[]): Promise<Done["installed"]> => {
  const run = await runPaks(["install", "--json", "--no-save", ...args], options);
  expect(run.exit, run.stdout + run.stderr).toBe(0);
  return (run.json() as Done).installed;
};
const refuse = async (...args: string[]) => {
  const run = await runPaks(["install", "--json", ...args], options);
  const { error } = run.json() as { error: { code: string; message: string; hint?: string; details?: object } };
  return { exit: run.exit, ...error };
};
const mono = (rest = "") => `${lab.server.url}/mono.git${rest}`;
const bodyOf = async (name: string) => (await readFile(join(place, name, "SKILL.md"), "utf8")).split("\n").at(-2);

test.each([
  ["#path=skills/pdf", "two", { tag: "v2.0.0" }],
  ["#v1.0.0", "one", { tag: "v1.0.0" }],
  ["#tag=v1.4.0", "four", { tag: "v1.4.0" }],
  ["#version=^1", "four", { tag: "v1.4.0" }],
  ["#version=beta", "beta", { tag: "v2.0.0-beta.1" }],
  ["#branch=v1.0.0", "unreleased", { branch: "v1.0.0" }],
  ["#feature/x", "unreleased", { branch: "feature/x" }],
  ["#branch=main", "unreleased", { branch: "main" }],
])("%s of a repository is the state that it names", async (fragment, body, origin) => {
  const source = fragment.includes("path=")
    ? fragment
    : `${fragment.includes("=") ? fragment : `#ref=${fragment.slice(1)}`}&path=skills/pdf`;
  const [done] = await install(mono(source));
  expect(done).toMatchObject({ name: "pdf", origin: { ...origin, path: "skills/pdf" } });
  expect(await bodyOf("pdf")).toBe(body);
});

test.each([
  ["/tree/feature/x/skills/pdf", { branch: "feature/x" }, "unreleased"],
  ["/tree/v1.4.0/skills/pdf", { tag: "v1.4.0" }, "four"],
  ["/-/blob/main/skills/pdf/SKILL.md?ref_type=heads", { branch: "main" }, "unreleased"],
  ["/tree/HEAD/skills/pdf", { branch: "main" }, "unreleased"],
])("the browser's address %s is resolved against the repository's refs", async (page, origin, body) => {
  const [done] = await install(mono(page));
  expect(done).toMatchObject({ origin: { ...origin, path: "skills/pdf" } });
  expect(await bodyOf("pdf")).toBe(body);
});

test("a commit is fetched by its id, whether or not it has a name", async () => {
  const commit = await monorepo.git("rev-parse", "v1.0.0");
  const [done] = await install(mono(), "--commit", commit, "--path", "skills/pdf");
  expect(done).toMatchObject({ version: null, origin: { commit, path: "skills/pdf" } });
  expect(done!.origin.tag).toBeUndefined();
  expect(await bodyOf("pdf")).toBe("one");
});

test("a repository without tags is installed at the commit of its branch, and that is said", async () => {
  const [done] = await install(`${lab.server.url}/loose.git`);
  expect(done).toMatchObject({
    version: null,
    origin: { branch: "main", commit: expect.stringMatching(/^[0-9a-f]{40}$/) },
  });
  expect(done!.notes.join()).toMatch(/no tag of a release.*commit [0-9a-f]{12} of main/);
});

test("where HEAD names a branch that was never pushed, the only sensible one is taken, or all are named", async () => {
  const url = `${lab.server.url}/unborn.git`;
  const loose = await lab.repo("unborn", { "skills/pdf/SKILL.md": skill("pdf") });
  await loose.git("push", "-q", "origin", "main:refs/heads/main", "main:refs/heads/x");
  await writeFile(join(lab.cage.scratchRoot, "..", "root", "unborn.git", "HEAD"), "ref: refs/heads/never\n");
  const [done] = await install(url);
  expect(done).toMatchObject({ name: "pdf", origin: { branch: "main" } });
  await loose.git("push", "-q", "origin", "main:refs/heads/y", ":refs/heads/main");
  expect(await refuse(url)).toMatchObject({
    code: "REF_NOT_FOUND",
    message: expect.stringContaining("leads nowhere"),
    hint: expect.stringContaining("x, y: name one with --branch"),
  });
});

test("where tags name their pak, the newest of the only pak is installed", async () => {
  const [done] = await install(`${lab.server.url}/own.git`);
  expect(done).toMatchObject({ version: "1.1.0", origin: { tag: "pdf--v1.1.0" } });
});

test("several paks of one repository are installed by naming each", async () => {
  const done = await install("--path", "skills/pdf", "--path", "skills/csv", mono(), "--tag", "v1.4.0");
  expect(done.map(({ name, version }) => [name, version])).toEqual([
    ["pdf", "1.4.0"],
    ["csv", "1.4.0"],
  ]);
});

test("a repository of several paks is never guessed: they are listed, and nothing is installed", async () => {
  const error = await refuse(mono());
  expect(error).toMatchObject({ code: "AMBIGUOUS_MANIFEST", details: { paths: ["skills/csv", "skills/pdf"] } });
  // Which state was looked at is said; a state that nobody named is not pinned.
  expect(error.message).toContain("v2.0.0");
  expect(error.hint).toContain(`${mono("#path=skills/csv")},`);
  expect((await refuse(mono("#version=^1"))).hint).toContain("#version=^1&path=skills/csv");
  expect((await refuse(mono("#branch=main"))).hint).toContain("#branch=main&path=skills/csv");
  await expect(readFile(join(place, "pdf", "SKILL.md"))).rejects.toThrow("ENOENT");
});

test("--list shows what a source holds and installs nothing", async () => {
  const run = await runPaks(["install", "--list", "--json", mono("#v1.0.0")], options);
  expect(run.json()).toMatchObject({
    paks: [
      { path: "skills/csv", name: "csv", description: expect.stringContaining("csv"), version: "1.0.0" },
      { path: "skills/pdf", name: "pdf" },
    ],
  });
  await expect(readFile(join(place, "pdf", "SKILL.md"))).rejects.toThrow("ENOENT");
});

test("a folder that was meant is named", async () => {
  expect(await refuse(mono("#path=pdf"))).toMatchObject({
    code: "MANIFEST_MISSING",
    hint: expect.stringContaining("path=skills/pdf"),
  });
});

test.each([
  [["#version=^9"], "VERSION_NOT_FOUND", 3],
  [["#nowhere"], "REF_NOT_FOUND", 3],
  [["#tag=nowhere"], "TAG_NOT_FOUND", 3],
  [["#branch=nowhere"], "REF_NOT_FOUND", 3],
  [["/tree/nowhere/skills/pdf"], "REF_NOT_FOUND", 3],
  [["#tag=v1.0.0", "--branch", "main"], "INVALID_PARAMETER", 5],
  [["#tag=v1.0.0", "--tag", "v1.4.0"], "USAGE", 2],
  [["#path=skills/pdf", "--path", "skills/csv"], "USAGE", 2],
  [["", "--branch", "--upload-pack=touch"], "USAGE", 2],
  [["", "--branch=--upload-pack=touch"], "INVALID_PARAMETER", 5],
  [["", "--commit", "abc"], "INVALID_PARAMETER", 5],
  [["", "--path", "../../etc"], "UNSAFE_PATH", 5],
] as const)("%j is refused with %s", async ([rest, ...flags], code, exit) => {
  expect(await refuse(mono(rest), ...flags)).toMatchObject({ code, exit });
});

test("flags of git mean nothing for what is not git", async () => {
  expect(await refuse("acme/pdf", "--branch", "main")).toMatchObject({ code: "USAGE", exit: 2 });
  expect(await refuse("./x", "--tag", "v1")).toMatchObject({ code: "USAGE", exit: 2 });
  expect(await refuse("npm:x", "--commit", "a".repeat(40))).toMatchObject({ code: "USAGE", exit: 2 });
});

test("offline, a repository on a host is not asked", async () => {
  const requests = lab.server.count();
  expect(await refuse(mono(), "--offline")).toMatchObject({ code: "OFFLINE", exit: 8 });
  expect(lab.server.count()).toBe(requests);
});

test("credentials in an address are refused and not repeated", async () => {
  const error = await refuse("https://user:hunter2@github.com/acme/skills");
  expect(error).toMatchObject({ code: "CREDENTIALS_IN_URL", exit: 5 });
  expect(JSON.stringify(error)).not.toContain("hunter2");
});

test("whoever names a repository that is not public is told how private ones are read", async () => {
  expect(await refuse(`${lab.server.url}/nowhere/private.git`)).toMatchObject({
    code: "REPOSITORY_NOT_FOUND",
    hint: expect.stringContaining("git@127.0.0.1:nowhere/private.git"),
  });
});

test("an untagged repository stays at the commit that was locked, whatever its branch is later", async () => {
  const repo = await lab.repo("moving", { "skills/pdf/SKILL.md": skill("pdf", "first") });
  const first = await repo.git("rev-parse", "HEAD");
  const source = `${lab.server.url}/moving.git`;
  const run = await runPaks(["install", source], options);
  expect(run.exit, run.stderr).toBe(0);
  expect(await readFile(join(options.cwd, "paks.jsonc"), "utf8")).toContain(source);
  expect(await readFile(join(options.cwd, "paks.lock"), "utf8")).toContain(first);

  await repo.write({ "skills/pdf/SKILL.md": skill("pdf", "second") });
  await repo.commit("Second");
  await repo.git("push", "-q", "origin", "main");
  const elsewhere = await tempFolder();
  for (const name of ["paks.jsonc", "paks.lock"])
    await writeFile(join(elsewhere, name), await readFile(join(options.cwd, name)));
  const home = await tempFolder();
  const ci = await runPaks(["ci"], { ...options, cwd: elsewhere, home });
  expect(ci.exit, ci.stderr).toBe(0);
  expect(await readFile(join(elsewhere, ".agents/skills/pdf/SKILL.md"), "utf8")).toContain("first");
  const again = await runPaks(["install"], { ...options, cwd: elsewhere, home });
  expect(again.exit, again.stderr).toBe(0);
  expect(await readFile(join(elsewhere, ".agents/skills/pdf/SKILL.md"), "utf8")).toContain("first");
});

test("what flags say about a source is written down with it", async () => {
  const run = await runPaks(["install", mono(), "--version", "^1", "--path", "skills/pdf"], options);
  expect(run.exit, run.stderr).toBe(0);
  expect(await readFile(join(options.cwd, "paks.jsonc"), "utf8")).toContain(mono("#version=^1&path=skills/pdf"));
});

test("names and messages of a hostile repository paint nothing", async () => {
  const raw = await lab.raw("paint");
  const manifest = { mode: "100644", name: "SKILL.md", oid: await raw.blob(skill("pdf")) };
  const folder = (name: string) => raw.tree([manifest]).then((oid) => ({ mode: "40000", name, oid }));
  const tree = await raw.tree([await folder("a\u001b[35mred"), await folder("b\u202Ec")]);
  await raw.ref("refs/heads/main", await raw.commit(tree));
  const run = await runPaks(["install", `${lab.server.url}/paint.git`], options);
  expect(run.exit).toBe(5);
  expect(run.stderr).not.toMatch(/\u001b\[35m|\u202E/);
  const list = await runPaks(["install", "--list", `${lab.server.url}/paint.git`], options);
  expect(list.stdout + list.stderr).not.toMatch(/\u001b\[35m|\u202E/);
});

test("a repository that is too large to look through still gives a pak that is named", async () => {
  const raw = await lab.raw("large");
  const file = await raw.blob("x");
  const files = Array.from({ length: 20_100 }, (_, i) => ({
    mode: "100644",
    name: `f${String(i).padStart(5, "0")}`,
    oid: file,
  }));
  const pak = await raw.tree([{ mode: "100644", name: "SKILL.md", oid: await raw.blob(skill("pdf")) }]);
  const tree = await raw.tree([...files, { mode: "40000", name: "pdf", oid: pak }]);
  await raw.ref("refs/heads/main", await raw.commit(tree));
  const source = `${lab.server.url}/large.git`;
  expect(await refuse(source)).toMatchObject({
    code: "REPOSITORY_TOO_COMPLEX",
    hint: expect.stringContaining("--path"),
  });
  expect(await install(source, "--path", "pdf")).toMatchObject([
    { name: "pdf", origin: { path: "pdf", branch: "main" } },
  ]);
});

test("a pin keeps a pak of git that is only named; a tag moves it, and it stays pinned", async () => {
  const repo = await lab.repo("pins", { "SKILL.md": skill("pins", "one") }, ["v1.0.0"]);
  const source = `${lab.server.url}/pins.git`;
  const run = async (...argv: string[]) => {
    const done = await runPaks(argv, options);
    expect(done.exit, done.stdout + done.stderr).toBe(0);
    return done.stdout;
  };
  await run("install", source);
  await run("pin", "pins");
  await repo.write({ "SKILL.md": skill("pins", "two") });
  await repo.commit("two");
  await repo.tag("v2.0.0");
  await repo.git("push", "-q", "origin", "main", "--tags");
  expect(await run("install", source)).toContain("pins is pinned to 1.0.0 and stays there. Let it go: paks unpin pins");
  expect(await bodyOf("pins")).toBe("one");
  expect(await run("install", `${source}#tag=v2.0.0`)).toContain("pins stays pinned, to 2.0.0 from now on");
  expect(await bodyOf("pins")).toBe("two");
});

test("--list shows the version that an install of the same gives: the tag's", async () => {
  const written = (name: string) => skill(name).replace("\n---\n", '\nmetadata:\n  version: "0.1.0"\n---\n');
  const files = { "skills/pdf/SKILL.md": written("pdf"), "skills/csv/SKILL.md": written("csv") };
  await lab.repo("both", files, ["v1.0.0", "csv--v1.5.0"]);
  await lab.repo("single", { "skills/csv/SKILL.md": written("csv") }, ["csv--v1.5.0"]);
  const list = async (source: string) => {
    const run = await runPaks(["install", "--list", "--json", `${lab.server.url}/${source}`], options);
    const { paks } = run.json() as { paks: { name: string; version: string | null }[] };
    return Object.fromEntries(paks.map(({ name, version }) => [name, version]));
  };
  expect(await list("both.git")).toEqual({ pdf: "1.0.0", csv: "1.5.0" });
  expect(await list("both.git#branch=main")).toEqual({ pdf: "0.1.0", csv: "0.1.0" });
  expect(await list("single.git")).toEqual({ csv: "1.5.0" });
  const done = await install(`${lab.server.url}/both.git`, "--path", "skills/pdf", "--path", "skills/csv");
  expect(done.map(({ version }) => version)).toEqual(["1.0.0", "1.5.0"]);
});
