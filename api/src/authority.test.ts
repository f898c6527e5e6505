import { createToken, findAccount, insertToken, listOpenAttempts, listTokens, listWebhookSecrets } from "@paks/db";
import { parseRepositoryUrl } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOf, refusalOf, type TestApi, type TestRequest, testApi, testPolicy } from "./testing/test-api.ts";

const repository = "https://git.test/acme/pdf";

const publishers = ["publisher", "owner", "registry"];
const hinters = [...publishers, "stranger", "registryWithoutAdmin"];

/** Every route that changes something, as a call that its rightful callers may make. */
const mutations: readonly {
  readonly name: string;
  readonly allowed: readonly string[];
  readonly call: (api: TestApi) => Promise<TestRequest & { path: string }>;
}[] = [
  {
    // A hint about somebody else's repository is taken: what it may do is judged by its evidence.
    name: "POST /api/index",
    allowed: hinters,
    call: async () => ({ path: "/api/index", json: { repository, tag: "v1.0.0" } }),
  },
  {
    name: "POST /api/index for several tags",
    allowed: hinters,
    call: async () => ({ path: "/api/index", json: { repository, tags: [{ tag: "v1.0.0" }, { tag: "v2.0.0" }] } }),
  },
  {
    name: "POST /api/skills/index",
    allowed: hinters,
    call: async () => ({ path: "/api/skills/index", json: { repository, tag: "v1.0.0" } }),
  },
  {
    name: "POST /api/tokens",
    allowed: ["owner", "registry"],
    call: async () => ({
      path: "/api/tokens",
      json: { name: "new", account: "acme", scopes: ["publish"], expires_in_days: 1 },
    }),
  },
  {
    name: "DELETE /api/tokens/{id}",
    allowed: ["owner", "registry"],
    call: async (api) => {
      const accountId = await api.accountId("acme");
      const { row } = await insertToken(api.db, { accountId, name: "victim", scopes: ["publish"], expiresAt: null });
      return { path: `/api/tokens/${row.id}?account=acme`, method: "DELETE" };
    },
  },
  {
    name: "POST /api/accounts",
    allowed: ["registry"],
    call: async () => ({ path: "/api/accounts", json: { name: "newcomer" } }),
  },
  {
    name: "POST /api/webhook-secrets",
    allowed: publishers,
    call: async (api) => {
      await api.release({ account: "acme", name: "pdf", version: "1.0.0" });
      return { path: "/api/webhook-secrets", json: { account: "acme", repository } };
    },
  },
];

/** Why a caller without a good token is refused. */
const refusals: Readonly<Record<string, string>> = {
  nobody: "401 AUTH_REQUIRED",
  malformed: "401 INVALID_TOKEN",
  unknown: "401 INVALID_TOKEN",
  revoked: "401 INVALID_TOKEN",
  expired: "401 TOKEN_EXPIRED",
  registryExpired: "401 TOKEN_EXPIRED",
};

async function callersOf(api: TestApi): Promise<Record<string, string | undefined>> {
  const expiresAt = new Date(Date.now() - 1000);
  const revoked = await api.makeToken("acme", { scopes: ["admin", "publish"] });
  await api.request("/api/auth/revoke", { method: "POST", token: revoked });
  return {
    nobody: undefined,
    malformed: `paks_${"0".repeat(36)}`,
    unknown: createToken().token,
    revoked,
    expired: await api.makeToken("acme", { scopes: ["admin", "publish"], expiresAt }),
    registryExpired: await api.makeToken(null, { scopes: ["admin"], expiresAt }),
    readOnly: await api.makeToken("acme", { scopes: ["review"] }),
    noScope: await api.makeToken("acme", { scopes: [] }),
    stranger: await api.makeToken("other", { scopes: ["admin", "publish"] }),
    registryWithoutAdmin: await api.makeToken(null, { scopes: ["publish"] }),
    publisher: await api.makeToken("acme", { scopes: ["publish"] }),
    owner: await api.makeToken("acme", { scopes: ["admin"] }),
    registry: await api.makeToken(null, { scopes: ["admin"] }),
  };
}

/** Everything that one of the mutations could have left behind. */
async function countTraces(api: TestApi): Promise<number> {
  const { key } = parseRepositoryUrl(repository, testPolicy);
  const tokens = await listTokens(api.db, await api.accountId("acme"));
  const traces = [
    ...(await listOpenAttempts(api.db, key)),
    ...(await listWebhookSecrets(api.db, key)),
    ...tokens.filter((token) => token.name === "new" || (token.name === "victim" && token.revokedAt !== null)),
  ];
  return traces.length + ((await findAccount(api.db, "newcomer")) ? 1 : 0);
}

test.each(mutations)(
  "$name is refused to everybody but its rightful callers, and then changes nothing",
  async (row) => {
    const api = await testApi();
    const callers = Object.entries(await callersOf(api));
    const ask = async (token: string | undefined) => {
      const { path, ...init } = await row.call(api);
      const answer = await api.request(path, { ...init, token });
      return answer.ok ? "allowed" : `${answer.status} ${(await refusalOf(answer)).code}`;
    };
    const strangers = callers.filter(([name]) => !row.allowed.includes(name));
    const told: Record<string, string> = {};
    for (const [name, token] of strangers) told[name] = await ask(token);
    expect(told).toEqual(Object.fromEntries(strangers.map(([name]) => [name, refusals[name] ?? "403 FORBIDDEN"])));
    expect(await countTraces(api)).toBe(0);

    const allowed = callers.filter(([name]) => row.allowed.includes(name));
    for (const [name, token] of allowed) {
      expect([name, await ask(token)]).toEqual([name, "allowed"]);
    }
    expect(await countTraces(api)).toBeGreaterThan(0);
  },
);

test("revoking the own token needs nothing but that token, and nobody can do it without one", async () => {
  const api = await testApi();
  for (const [name, token] of Object.entries(await callersOf(api))) {
    const answer = await api.request("/api/auth/revoke", { method: "POST", token });
    const told = answer.ok ? "revoked" : `${answer.status} ${(await refusalOf(answer)).code}`;
    expect([name, told]).toEqual([name, refusals[name] ?? "revoked"]);
  }
});

test("only a Bearer header is a login, and every wrong one gets the same answer", async () => {
  const { request, makeToken } = await testApi();
  const token = await makeToken("acme");
  const ask = (authorization: string) => request("/api/auth/me", { headers: { authorization } });
  expect((await ask(`Bearer ${token}`)).status).toBe(200);
  expect((await ask(`bearer ${token}`)).status).toBe(200);
  const wrong = [
    `Basic ${token}`,
    `Basic ${Buffer.from(`x:${token}`).toString("base64")}`,
    token,
    `Bearer ${token}x`,
    `Bearer ${token} x`,
    `Bearer`,
    `Bearer ${token.slice(0, -1)}`,
    `token ${token}`,
    `Bearer ${"a".repeat(10_000)}`,
    `Bearer ${"z".repeat(40)}`,
  ];
  const answers = await Promise.all(wrong.map(ask));
  expect(new Set(await Promise.all(answers.map((answer) => answer.clone().text()))).size).toBe(1);
  for (const answer of answers) {
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(await refusalOf(answer)).toEqual({ status: 401, code: "INVALID_TOKEN" });
  }
});

test("an unknown token and a revoked one cannot be told apart", async () => {
  const api = await testApi();
  const token = await api.makeToken("acme");
  await api.request("/api/auth/revoke", { method: "POST", token });
  const unknown = createToken().token;
  const texts = await Promise.all(
    [token, unknown].map(async (each) => (await api.request("/api/auth/me", { token: each })).text()),
  );
  expect(texts[0]).toBe(texts[1]);
});

test("expiry is judged by the registry's clock", async () => {
  let now = new Date("2026-01-01T00:00:00Z");
  const { request, makeToken } = await testApi({ clock: () => now });
  const token = await makeToken("acme", { expiresAt: new Date("2026-01-02T00:00:00Z") });
  expect((await request("/api/auth/me", { token })).status).toBe(200);
  now = new Date("2026-01-02T00:00:00Z");
  expect(await refusalOf(await request("/api/auth/me", { token }))).toEqual({ status: 401, code: "TOKEN_EXPIRED" });
});

test("a token tells whose it is", async () => {
  const { request, makeToken } = await testApi();
  const expiresAt = new Date("2999-01-01T00:00:00Z");
  const token = await makeToken("acme", { expiresAt });
  expect(await dataOf(await request("/api/auth/verify", { token }))).toEqual({
    valid: true,
    user: "acme",
    expires_at: expiresAt.toISOString(),
  });
  const me = await dataOf(await request("/api/auth/me", { token }));
  expect(me).toMatchObject({
    account: "acme",
    kind: "user",
    token: { name: "test", scopes: ["publish"], prefix: token.slice(0, 9) },
  });
  expect(JSON.stringify(me)).not.toContain(token);
  const registry = await makeToken(null, { scopes: ["admin"] });
  expect(await dataOf(await request("/api/auth/me", { token: registry }))).toMatchObject({ account: null, kind: null });
});

test("a new token is shown once, works, and cannot exceed its account", async () => {
  const api = await testApi();
  const owner = await api.makeToken("acme", { scopes: ["admin"] });
  const make = (json: object, token = owner) => api.request("/api/tokens", { token, json: { name: "ci", ...json } });
  const made = await make({ scopes: ["publish:acme/*"], expires_in_days: 30 });
  expect(made.status).toBe(201);
  expect(made.headers.get("cache-control")).toBe("no-store");
  const { token, expires_at } = await dataOf<{ token: string; expires_at: string }>(made);
  expect(Date.parse(expires_at) - Date.now()).toBeGreaterThan(29 * 24 * 3600 * 1000);
  expect((await api.request("/api/auth/me", { token })).status).toBe(200);
  const list = await api.request("/api/tokens", { token });
  expect(await list.clone().text()).not.toContain(token);
  expect(await dataOf<object[]>(list)).toHaveLength(2);
  const invalid = { status: 400, code: "INVALID_PARAMETER" };
  for (const json of [
    { scopes: ["publish:other/*"] },
    { scopes: ["root"] },
    { scopes: [] },
    { expires_in_days: 0 },
    { expires_in_days: 367 },
  ])
    expect(await refusalOf(await make(json))).toEqual(invalid);
  const registry = await api.makeToken(null, { scopes: ["admin"] });
  expect(await refusalOf(await make({ scopes: ["publish"] }, registry))).toEqual(invalid);
  expect(await refusalOf(await make({ account: "nobody" }, registry))).toEqual({
    status: 404,
    code: "ACCOUNT_NOT_FOUND",
  });
  expect((await make({ account: "acme", scopes: ["publish"] }, registry)).status).toBe(201);
});

test("a token may always revoke itself, by its id too, and is gone at once", async () => {
  const api = await testApi();
  const token = await api.makeToken("acme", { scopes: ["publish"] });
  const [row] = await listTokens(api.db, await api.accountId("acme"));
  expect((await api.request(`/api/tokens/${row!.id}`, { method: "DELETE", token })).status).toBe(200);
  expect(await refusalOf(await api.request("/api/auth/me", { token }))).toEqual({ status: 401, code: "INVALID_TOKEN" });
});

test("ids of other accounts' tokens lead nowhere", async () => {
  const api = await testApi();
  const victim = await api.makeToken("other");
  const [row] = await listTokens(api.db, await api.accountId("other"));
  const owner = await api.makeToken("acme", { scopes: ["admin"] });
  const answer = await api.request(`/api/tokens/${row!.id}`, { method: "DELETE", token: owner });
  expect(await refusalOf(answer)).toEqual({ status: 404, code: "NOT_FOUND" });
  expect((await api.request("/api/auth/me", { token: victim })).status).toBe(200);
});

test("an account's name follows the rules, whoever asks", async () => {
  const { request, makeToken } = await testApi();
  const token = await makeToken(null, { scopes: ["admin"] });
  const make = (name: string) => request("/api/accounts", { token, json: { name } });
  expect(await dataOf(await make("new-one"))).toMatchObject({ name: "new-one", kind: "user" });
  expect(await refusalOf(await make("newone"))).toEqual({ status: 409, code: "NAME_TAKEN" });
  expect(await refusalOf(await make("admin"))).toEqual({ status: 422, code: "NAME_RESERVED" });
  expect(await refusalOf(await make("New_One"))).toEqual({ status: 400, code: "INVALID_PARAMETER" });
});

test("a webhook's secret comes with the address to enter at the host", async () => {
  const { request, makeToken, release } = await testApi();
  const token = await makeToken("acme");
  await release({ account: "acme", name: "pdf", version: "1.0.0" });
  const made = await request("/api/webhook-secrets", { token, json: { account: "acme", repository } });
  expect(made.status).toBe(201);
  expect(await dataOf(made)).toMatchObject({
    account: "acme",
    repository,
    secret: expect.stringMatching(/^whsec_/),
    url: "https://paks.test/api/hooks/github",
  });
  const narrow = await makeToken("acme", { scopes: ["publish:acme/pdf"] });
  const refused = await request("/api/webhook-secrets", { token: narrow, json: { account: "acme", repository } });
  expect(await refusalOf(refused)).toEqual({ status: 403, code: "FORBIDDEN" });
  const bad = await request("/api/webhook-secrets", {
    token,
    json: { account: "acme", repository: "https://evil.test/a/b" },
  });
  expect(await refusalOf(bad)).toEqual({ status: 422, code: "HOST_NOT_ALLOWED" });
});

test("nobody gets a webhook's secret for a repository that releases no pak of the account", async () => {
  const { request, makeToken, release } = await testApi();
  const ask = (token: string, account: string) =>
    request("/api/webhook-secrets", { token, json: { account, repository } });
  const none = { status: 403, code: "NAMESPACE_FORBIDDEN" };
  expect(await refusalOf(await ask(await makeToken("acme"), "acme"))).toEqual(none);
  await release({ account: "acme", name: "pdf", version: "1.0.0" });
  expect(await refusalOf(await ask(await makeToken("other"), "other"))).toEqual(none);
  expect(await refusalOf(await ask(await makeToken(null, { scopes: ["admin"] }), "other"))).toEqual(none);
  expect((await ask(await makeToken("acme"), "acme")).status).toBe(201);
});
