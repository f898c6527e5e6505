import { expect, test } from "vitest";
import { pushFromElsewhere } from "../testing/elsewhere.ts";
import { dataOfRun, failureOf, type Failure, type Lab, openLab, skillText } from "../testing/lab.ts";

interface Row {
  readonly path: string;
  readonly tag: string | null;
  readonly version: string | null;
  readonly state: string;
  readonly error?: Failure;
}
interface Data {
  readonly releases: readonly Row[];
  readonly unchanged: number;
}

const file = (name: string) => `skills/${name}/SKILL.md`;
const openMonorepo = async (): Promise<Lab> =>
  await openLab({
    path: "skills/pdf",
    files: Object.fromEntries(["aa", "bb"].map((name) => [file(name), skillText("0.1.0", name)])),
  });
const run = async (lab: Lab, args: readonly string[]) => await lab.paks(["publish", ...args, "--json"]);
const rowsOf = (data: unknown) => (data as Data).releases.map(({ tag, state }) => `${tag} ${state}`);

/** A commit that no pak is in. */
async function commitElsewhere(lab: Lab): Promise<void> {
  await lab.repo.write({ "docs/more.md": `${Math.random()}\n` });
  await lab.repo.commit("More");
}

const unavailable = { status: 503, body: { error: { code: "REGISTRY_UNAVAILABLE", message: "Down.", hint: "Wait." } } };
const refuseIndex = (lab: Lab): void => {
  lab.registry.override = ({ method, path }) => (method === "POST" && path === "/api/index" ? unavailable : undefined);
};

test.each([
  ["--all", "--bump", "patch"],
  ["--all", "--bump", "patch", "--skip-registry"],
  ["--all", "--bump", "patch", "--no-push"],
  ["--changed", "--bump", "patch"],
  ["--changed", "--bump", "patch", "--skip-registry"],
  ["--changed", "--bump", "patch", "--no-push"],
])("the third run of %j %s %s %s after a partial failure releases nothing twice", async (...args) => {
  const lab = await openMonorepo();
  await lab.repo.write({ "skills/aa/draft.md": "not yet\n" });
  expect((await run(lab, args)).exit).toBe(6);
  await lab.repo.write({ ".git/info/exclude": "draft.md\n" });
  dataOfRun(await run(lab, args));
  const tags = ["aa--v0.1.1", "bb--v0.1.1", "pdf--v0.1.1"];
  for (const _again of [3, 4]) {
    const before = await lab.snapshot();
    const { releases } = dataOfRun(await run(lab, args)) as unknown as Data;
    expect(new Set(releases.map(({ tag }) => tag))).toEqual(new Set(tags));
    expect(await lab.snapshot()).toBe(before);
  }
  expect(await lab.repo.git("tag")).toBe(tags.join("\n"));
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("3");
});

test("tags that --no-push left on different commits are pushed by the same command without it", async () => {
  const lab = await openMonorepo();
  await lab.repo.write({ "skills/aa/draft.md": "not yet\n" });
  expect((await run(lab, ["--all", "--bump", "patch", "--no-push"])).exit).toBe(6);
  await lab.repo.write({ ".git/info/exclude": "draft.md\n" });
  dataOfRun(await run(lab, ["--all", "--bump", "patch", "--no-push"]));
  const before = await lab.repo.git("for-each-ref", "refs/tags");
  const done = dataOfRun(await run(lab, ["--all", "--bump", "patch"]));
  expect(rowsOf(done)).toEqual(["aa", "bb", "pdf"].map((name) => `${name}--v0.1.1 indexed`));
  expect(await lab.repo.git("for-each-ref", "refs/tags")).toBe(before);
  expect(await lab.remote("for-each-ref", "refs/tags")).toBe(`${before}\n`);
  expect(await lab.remote("rev-parse", "main")).toBe(`${await lab.repo.git("rev-parse", "HEAD")}\n`);
});

test("a tag that --no-push left is pushed after later commits elsewhere, with all of the branch", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  dataOfRun(await lab.publish(["--bump", "patch", "--no-push", "--json"]));
  const tagged = await lab.repo.git("rev-parse", "HEAD");
  await commitElsewhere(lab);
  const done = dataOfRun(await lab.publish(["--json"]));
  expect(done).toMatchObject({ state: "indexed", verified: true, commit: tagged, version: "0.1.1" });
  expect(await lab.remote("rev-parse", "main")).toBe(`${await lab.repo.git("rev-parse", "HEAD")}\n`);
});

test("such a tag that is not in the branch's history is nobody's to push", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  dataOfRun(await lab.publish(["--bump", "patch", "--no-push", "--json"]));
  await lab.repo.git("commit", "-q", "--amend", "-m", "Another message");
  expect(failureOf(await lab.publish(["--json"]))).toMatchObject({ code: "TAG_EXISTS" });
});

test("--all without a bump leaves paks as they are that did not change since their release", async () => {
  const lab = await openMonorepo();
  dataOfRun(await run(lab, ["--all"]));
  await commitElsewhere(lab);
  const before = await lab.snapshot();
  const names = ["aa", "bb", "pdf"];
  expect(rowsOf(dataOfRun(await run(lab, ["--all"])))).toEqual(
    names.map((each) => `${each}--v0.1.0 already-published`),
  );
  expect(dataOfRun(await run(lab, ["bb"]))).toMatchObject({ state: "already-published", tag: "bb--v0.1.0" });
  expect(await lab.snapshot()).toBe(before);
  await lab.repo.write({ "skills/bb/new.md": "new\n" });
  await lab.repo.commit("Change bb");
  const { releases } = (await run(lab, ["--all"])).json() as Data;
  expect(releases.map(({ path, state, error }) => `${path} ${error?.code ?? state}`)).toEqual([
    "skills/aa already-published",
    "skills/bb TAG_EXISTS",
    "skills/pdf already-published",
  ]);
});

test("a tag of the same name and content that another account's release made is still taken", async () => {
  const lab = await openMonorepo();
  dataOfRun(await run(lab, ["--all", "--skip-registry", "--account", "other"]));
  await commitElsewhere(lab);
  expect(failureOf(await run(lab, ["bb"])).code).toBe("TAG_EXISTS");
});

test.each([[[]], [["--version", "0.1.1"]]])(
  "a release that the registry was not told of is announced by publish %j after later commits elsewhere",
  async (args) => {
    const lab = await openLab({ path: "skills/pdf" });
    refuseIndex(lab);
    expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ state: "pushed" });
    lab.registry.override = () => undefined;
    await commitElsewhere(lab);
    const before = await lab.snapshot();
    const tagged = await lab.repo.git("rev-parse", "pdf--v0.1.1^{commit}");
    const done = dataOfRun(await lab.publish([...args, "--json"]));
    expect(done).toMatchObject({ state: "indexed", verified: true, tag: "pdf--v0.1.1", commit: tagged });
    expect(await lab.snapshot()).toBe(before);
  },
);

test.each([
  ["skills/pdf", ["pdf"], "pdf--v0.1.1"],
  ["", [], "v0.1.1"],
])(
  "where the pak (in %j) has changed since, note and hint say how the registry learns of the old release, and that works",
  async (path, named, tag) => {
    const lab = await openLab({ path });
    refuseIndex(lab);
    const tell = ["paks", "publish", ...named, "--version", "0.1.1"].join(" ");
    const { notes } = dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
    expect(notes).toEqual([expect.stringContaining(tell)]);
    lab.registry.override = () => undefined;
    const tagged = await lab.repo.git("rev-parse", `${tag}^{commit}`);
    await lab.repo.write({ [path === "" ? "new.md" : `${path}/new.md`]: "new\n" });
    await lab.repo.commit("Change");
    const { code, hint } = failureOf(await lab.publish(["--json"]));
    expect(code).toBe("TAG_EXISTS");
    expect(hint).toContain(tell);
    expect(hint).toContain("--bump patch");
    const before = await lab.snapshot();
    const done = dataOfRun(await lab.paks([...tell.split(" ").slice(1), "--json"]));
    expect(done).toMatchObject({ state: "indexed", verified: true, commit: tagged, files: path === "" ? 3 : 2 });
    expect(done["notes"]).toEqual([expect.stringContaining("not in it")]);
    expect(await lab.snapshot()).toBe(before);
    expect(failureOf(await lab.publish(["--version", "0.1.1", "--json"])).code).toBe("TAG_EXISTS");
    dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
    expect(lab.registry.releases.map(({ version }) => version)).toEqual(["0.1.1", "0.1.2"]);
  },
);

test("--changed announces the last releases that the registry does not know, and releases nothing for it", async () => {
  const lab = await openMonorepo();
  refuseIndex(lab);
  dataOfRun(await run(lab, ["--all", "--bump", "patch"]));
  lab.registry.override = () => undefined;
  await commitElsewhere(lab);
  await lab.repo.write({ "skills/aa/new.md": "new\n" });
  await lab.repo.commit("Change aa");
  const args = ["--changed", "--bump", "patch"];
  const done = dataOfRun(await run(lab, args)) as unknown as Data;
  expect(new Set(rowsOf(done))).toEqual(
    new Set(["aa--v0.1.1 indexed", "aa--v0.1.2 indexed", "bb--v0.1.1 indexed", "pdf--v0.1.1 indexed"]),
  );
  expect(await lab.repo.git("tag")).toBe("aa--v0.1.1\naa--v0.1.2\nbb--v0.1.1\npdf--v0.1.1");
  expect(lab.registry.releases).toHaveLength(4);
  await commitElsewhere(lab);
  expect(dataOfRun(await run(lab, args))).toMatchObject({ releases: [], unchanged: 3 });
});

test("behind its upstream, nothing is tried for the pak that must be pushed, and the registry is told of the others", async () => {
  const lab = await openMonorepo();
  refuseIndex(lab);
  dataOfRun(await run(lab, ["--all", "--bump", "patch"]));
  lab.registry.override = () => undefined;
  await lab.repo.write({ "skills/aa/new.md": "new\n" });
  await lab.repo.commit("Change aa");
  await pushFromElsewhere(lab);
  const before = [await lab.snapshot(), await lab.repo.git("reflog")];
  const { releases } = (await run(lab, ["--changed", "--bump", "patch"])).json() as Data;
  expect(releases.map(({ tag, state, error }) => `${tag} ${error?.code ?? state}`).toSorted()).toEqual([
    "aa--v0.1.1 indexed",
    "aa--v0.1.2 BEHIND_UPSTREAM",
    "bb--v0.1.1 indexed",
    "pdf--v0.1.1 indexed",
  ]);
  expect([await lab.snapshot(), await lab.repo.git("reflog")]).toEqual(before);
});

test("of more paks than a few the account's list is asked for, and single ones only where it does not say", async () => {
  const names = Array.from({ length: 9 }, (_, at) => `p${at}`);
  const files = Object.fromEntries(names.map((name) => [file(name), skillText("0.1.0", name)]));
  const lab = await openLab({ path: "skills/pdf", files });
  dataOfRun(await run(lab, ["--all"]));
  await commitElsewhere(lab);
  const at = lab.registry.releases.findIndex(({ name }) => name === "p0");
  lab.registry.releases.splice(at, 1);
  const asked = lab.registry.requests.length;
  const done = dataOfRun(await run(lab, ["--changed", "--bump", "patch"])) as unknown as Data;
  expect(rowsOf(done)).toEqual(["p0--v0.1.0 indexed"]);
  const paths = lab.registry.requests.slice(asked).map(({ path }) => path);
  expect(paths.filter((path) => path.startsWith("/api/paks?"))).toHaveLength(1);
  expect(paths.filter((path) => path.endsWith("versions/0.1.0")).every((path) => path.includes("/p0/"))).toBe(true);
});

test("an old release that the registry refuses fails no run of --changed; its reason is told", async () => {
  const lab = await openMonorepo();
  refuseIndex(lab);
  dataOfRun(await run(lab, ["bb", "--bump", "patch"]));
  lab.registry.override = () => undefined;
  dataOfRun(await run(lab, ["aa", "pdf"]));
  const refused = { status: 422, body: { error: { code: "SECRET_FOUND", message: "A secret.", hint: "Remove it." } } };
  lab.registry.override = ({ method, path }) => (method === "POST" && path === "/api/index" ? refused : undefined);
  await commitElsewhere(lab);
  const done = await lab.paks(["publish", "--changed", "--bump", "patch", "--dry-run"]);
  expect(done.stdout).toContain("paks publish ./skills/bb --yes");
  const rows = (await lab.paks(["publish", "--changed", "--bump", "patch"])).stdout;
  expect(rows).toMatch(/bb--v0\.1\.1 +pushed/);
  expect(rows).toContain("A secret.");
});

test("what was released before counts as unchanged, not as released", async () => {
  const lab = await openMonorepo();
  expect(dataOfRun(await run(lab, ["--all"]))).toMatchObject({ released: 3, failed: 0, unchanged: 0 });
  const again = dataOfRun(await run(lab, ["--changed"]));
  expect(rowsOf(again)).toEqual(["aa", "bb", "pdf"].map((name) => `${name}--v0.1.0 already-published`));
  expect(again).toMatchObject({ released: 0, failed: 0, unchanged: 3 });
});

test("--changed --skip-registry asks the registry nothing", async () => {
  const lab = await openMonorepo();
  dataOfRun(await run(lab, ["--all", "--skip-registry", "--account", "acme"]));
  await commitElsewhere(lab);
  const asked = lab.registry.requests.length;
  const done = dataOfRun(await run(lab, ["--changed", "--bump", "patch", "--skip-registry", "--account", "acme"]));
  expect(done).toMatchObject({ releases: [] });
  expect(lab.registry.requests).toHaveLength(asked);
});
