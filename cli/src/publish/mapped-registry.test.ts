import { symlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { codesOf, dataOfRun, failureOf, type Lab, openLab, skillText } from "./testing/lab.ts";
import { serveStubRegistry, type StubRegistry, testToken } from "./testing/stub-registry.ts";

const corpToken = "paks_corp_token";

interface TwoRegistries extends Lab {
  /** The one that the account corp is mapped to. */
  readonly corp: StubRegistry;
}

/** The registry in use is `lab.registry`, where the author is acme; corp is another one's account. */
async function openTwo(options: Parameters<typeof openLab>[0] = {}, login = true): Promise<TwoRegistries> {
  const lab = await openLab(options);
  const corp = await serveStubRegistry(lab.bare, corpToken);
  corp.me.account = "corp";
  dataOfRun(await lab.paks(["registry", "add", "work", corp.url, "--account", "corp", "--json"]));
  if (login) dataOfRun(await lab.paks(["login", "--registry=work", "--token-stdin", "--json"], { stdin: corpToken }));
  corp.requests.splice(0);
  return { ...lab, corp };
}

/** What was asked, without the bearer; fails when a token has gone where it does not belong. */
function asked({ registry, corp }: TwoRegistries): { readonly used: string[]; readonly mapped: string[] } {
  const linesOf = ({ requests }: StubRegistry, token: string): string[] =>
    requests.map(({ method, path, headers }) => {
      expect([undefined, `Bearer ${token}`]).toContain(headers.authorization);
      return `${method} ${path}`;
    });
  return { used: linesOf(registry, testToken), mapped: linesOf(corp, corpToken) };
}

const releasesOf = ({ releases }: StubRegistry): string[] =>
  releases.map(({ account, name, version }) => `${account}/${name}@${version}`);

test("--account of a mapped account: its registry is checked with, told and followed, and no other hears of it", async () => {
  const lab = await openTwo();
  expect(dataOfRun(await lab.publish(["--account=corp", "--dry-run", "--json"]))).toMatchObject({
    package: "corp/pdf",
    registry: lab.corp.url,
    state: "planned",
  });
  const data = dataOfRun(await lab.publish(["--account=corp", "--bump=patch", "--json"]));
  expect(data).toMatchObject({ package: "corp/pdf", state: "indexed", verified: true, registry: lab.corp.url });
  expect(releasesOf(lab.corp)).toEqual(["corp/pdf@0.1.1"]);
  expect(asked(lab).used).toEqual([]);
  expect(asked(lab).mapped).toContain("POST /api/index?dry_run=true");
});

test("the tags of earlier releases say whose the pak is: without --account too, and for a release that was not announced", async () => {
  const lab = await openTwo();
  dataOfRun(await lab.publish(["--account=corp", "--json"]));
  lab.corp.override = () => ({ status: 503, body: "" });
  await lab.repo.write({ "notes.md": "more\n" });
  await lab.repo.commit("More");
  const away = await lab.publish(["--bump=patch", "--json"]);
  expect(failureOf(away).code).toBe("REGISTRY_UNAVAILABLE");
  lab.corp.override = (request) => (request.path === "/api/index" ? { status: 503, body: "" } : undefined);
  expect(dataOfRun(await lab.publish(["--bump=patch", "--json"]))).toMatchObject({ state: "pushed" });
  lab.corp.override = () => undefined;
  expect(dataOfRun(await lab.publish(["--version=0.1.1", "--json"]))).toMatchObject({ state: "indexed" });
  expect(releasesOf(lab.corp)).toEqual(["corp/pdf@0.1.0", "corp/pdf@0.1.1"]);
  expect(asked(lab).used).toEqual([]);
}, 60_000);

test("the remote's address says it when nothing else does, unless a registry is named for this run", async () => {
  const lab = await openTwo();
  await symlink(dirname(lab.bare), join(dirname(lab.bare), "Corp"));
  await lab.repo.git("remote", "set-url", "origin", `${lab.server.url}/Corp/skills.git`);
  expect(dataOfRun(await lab.publish(["--dry-run", "--json"]))).toMatchObject({ package: "corp/pdf" });
  expect(asked(lab).used).toEqual([]);
  const named = await lab.publish(["--dry-run", "--json", `--registry=${lab.registry.url}`]);
  expect(dataOfRun(named)).toMatchObject({ package: "acme/pdf", registry: lab.registry.url });
});

test("a token's own account that is mapped elsewhere: the registry in use learns of no pak", async () => {
  const lab = await openTwo();
  lab.registry.me.account = "corp";
  expect(dataOfRun(await lab.publish(["--json"]))).toMatchObject({ package: "corp/pdf", state: "indexed" });
  expect(asked(lab).used).toEqual(["GET /api/auth/me"]);
  expect(releasesOf(lab.corp)).toEqual(["corp/pdf@0.1.0"]);
});

test("an account that is not mapped is published where it always was", async () => {
  const lab = await openTwo();
  expect(dataOfRun(await lab.publish(["--json"]))).toMatchObject({ package: "acme/pdf", registry: lab.registry.url });
  expect(asked(lab).mapped).toEqual([]);
});

test("--registry does not change what is mapped, as for install: it is said, and that registry is not asked", async () => {
  const lab = await openTwo();
  const run = await lab.publish(["--account=corp", "--json", `--registry=${lab.registry.url}`]);
  expect(dataOfRun(run)).toMatchObject({ package: "corp/pdf", state: "indexed", registry: lab.corp.url });
  expect(run.stderr).toContain(`maps corp to ${lab.corp.url}; --registry does not change that`);
  expect(asked(lab).used).toEqual([]);
});

test("whoever is not logged in to the mapped registry is told where, and nothing is changed or sent", async () => {
  const lab = await openTwo({}, false);
  const before = await lab.snapshot();
  const run = await lab.publish(["--account=corp", "--bump=patch", "--json"]);
  expect(failureOf(run)).toMatchObject({
    code: "AUTH_REQUIRED",
    hint: `Log in there: paks login --registry ${lab.corp.url}`,
  });
  expect(await lab.snapshot()).toBe(before);
  expect(asked(lab)).toEqual({ used: [], mapped: ["GET /healthz"] });
});

test("logged in only where an account is mapped to: the way there is in the hint", async () => {
  const lab = await openTwo();
  const run = await lab.publish(["--json"], { environment: { PAKS_TOKEN: "" } });
  expect(failureOf(run)).toMatchObject({ code: "AUTH_REQUIRED", hint: expect.stringContaining("--account") });
});

test("logged in to the mapped registry as somebody else", async () => {
  const lab = await openTwo();
  lab.corp.me.account = "other";
  const run = await lab.publish(["--account=corp", "--json"]);
  expect(failureOf(run)).toMatchObject({
    code: "NAMESPACE_FORBIDDEN",
    message: `You are logged in to ${lab.corp.url} as other and cannot publish as corp.`,
  });
  expect(asked(lab).used).toEqual([]);
});

test("--skip-registry asks none, and the tag says the mapped account", async () => {
  const lab = await openTwo();
  const data = dataOfRun(await lab.publish(["--account=corp", "--skip-registry", "--json"]));
  expect(data).toMatchObject({ package: "corp/pdf", registry: null });
  expect(asked(lab)).toEqual({ used: [], mapped: [] });
});

interface Batch {
  readonly releases: readonly { readonly package: string; readonly state: string; readonly registry: string }[];
}

/** A repository with acme/a and corp/b, both released as 0.1.0. */
async function openBoth(): Promise<TwoRegistries> {
  const lab = await openTwo({
    path: "skills/a",
    files: { "skills/a/SKILL.md": skillText("0.1.0", "a"), "skills/b/SKILL.md": skillText("0.1.0", "b") },
  });
  dataOfRun(await lab.paks(["publish", "skills/a", "--json"]));
  dataOfRun(await lab.paks(["publish", "skills/b", "--account=corp", "--json"]));
  lab.registry.requests.splice(0);
  lab.corp.requests.splice(0);
  return lab;
}

const aboutOther = (lines: readonly string[], account: string): string[] =>
  lines.filter((line) => line.includes(account));

test("of a batch each pak goes to its own registry, which hears of no other", async () => {
  const lab = await openBoth();
  await lab.repo.write({ "skills/a/notes.md": "1\n", "skills/b/notes.md": "1\n" });
  await lab.repo.commit("Change");
  const run = await lab.paks(["publish", "--changed", "--bump=patch", "--json"]);
  const { releases } = dataOfRun(run) as unknown as Batch;
  expect(releases.map((each) => [each.package, each.state, each.registry])).toEqual([
    ["acme/a", "indexed", lab.registry.url],
    ["corp/b", "indexed", lab.corp.url],
  ]);
  expect(releasesOf(lab.registry)).toEqual(["acme/a@0.1.0", "acme/a@0.1.1"]);
  expect(releasesOf(lab.corp)).toEqual(["corp/b@0.1.0", "corp/b@0.1.1"]);
  const { used, mapped } = asked(lab);
  expect(aboutOther(used, "/corp/")).toEqual([]);
  expect(aboutOther(mapped, "/acme/")).toEqual([]);
  expect(lab.registry.requests.filter(({ body }) => body.includes("skills/b") || body.includes("corp"))).toEqual([]);
  expect(lab.corp.requests.filter(({ body }) => body.includes("skills/a") || body.includes("acme"))).toEqual([]);
  expect((await lab.paks(["publish", "--all", "--dry-run"])).stdout).toMatch(/registry\nacme\/a .*\ncorp\/b .*/);
}, 60_000);

test("a registry that is away stops only the paks that are its own", async () => {
  const lab = await openBoth();
  await lab.repo.write({ "skills/a/notes.md": "1\n", "skills/b/notes.md": "1\n" });
  await lab.repo.commit("Change");
  lab.corp.override = () => ({ status: 503, body: "" });
  const run = await lab.paks(["publish", "--changed", "--bump=patch", "--json"]);
  const { releases } = run.json() as Batch;
  expect([run.exit, releases.map(({ state }) => state)]).toEqual([8, ["indexed", "failed"]]);
  expect(releasesOf(lab.registry)).toEqual(["acme/a@0.1.0", "acme/a@0.1.1"]);
}, 60_000);

test("what one registry was never told of is announced to that one later", async () => {
  const lab = await openBoth();
  lab.corp.releases.splice(0);
  const { releases } = dataOfRun(
    await lab.paks(["publish", "--changed", "--bump=patch", "--json"]),
  ) as unknown as Batch;
  expect(releases.map((each) => [each.package, each.state, each.registry])).toEqual([
    ["corp/b", "indexed", lab.corp.url],
  ]);
  expect(aboutOther(asked(lab).used, "/b")).toEqual([]);
  expect(lab.registry.announced()).toBe(0);
}, 60_000);

test("status and why-not ask the registry of the account, of the tag, or of the repository's tags", async () => {
  const lab = await openTwo();
  dataOfRun(await lab.publish(["--account=corp", "--json"]));
  dataOfRun(await lab.paks(["status", "--json"]));
  lab.corp.override = ({ path }) => (path.endsWith("/attempts") ? { body: { data: [] } } : undefined);
  dataOfRun(await lab.paks(["status", "corp/pdf", "--json"]));
  dataOfRun(await lab.paks(["status", "https://github.com/corp/skills", "--json"]));
  await lab.paks(["why-not", ".", "v0.1.0"]);
  await lab.paks(["why-not", "corp/pdf", "v0.1.0"]);
  expect(asked(lab).used).toEqual([]);
  expect(lab.corp.requests.slice(-3).map(({ path }) => path)).toEqual([
    expect.stringContaining("/api/attempts?"),
    "/api/why-not",
    "/api/paks/corp/pdf",
  ]);
  expect(codesOf(await lab.paks(["why-not", "corp/pdf", "v0.1.0", "--json"]))).toEqual([]);
});
