import { expect, test } from "vitest";
import { mayPublish, scopeAllows, TokenScope } from "./token-scopes.ts";

const pdf = { account: "acme", name: "pdf" };

/** scope, may it publish acme/pdf, may it publish every pak of acme. */
const table: readonly (readonly [string, boolean, boolean])[] = [
  ["publish", true, true],
  ["publish:acme/*", true, true],
  ["publish:acme/pdf", true, false],
  ["publish:acme/docs", false, false],
  ["publish:acme/pd", false, false],
  ["publish:other/*", false, false],
  ["publish:other/pdf", false, false],
  ["yank", false, false],
  ["yank:acme/*", false, false],
  ["yank:acme/pdf", false, false],
  ["review", false, false],
  ["review:acme/*", false, false],
  ["review:acme/pdf", false, false],
  ["admin", true, true],
];

test.each(table)("%s of the account's own token: publishes acme/pdf %s, every pak of acme %s", (scope, one, all) => {
  expect(TokenScope.safeParse(scope).success).toBe(true);
  expect(mayPublish({ account: "acme", scopes: [scope] }, pdf)).toBe(one);
  expect(mayPublish({ account: "acme", scopes: ["review", scope] }, pdf)).toBe(one);
  expect(scopeAllows([scope], "publish", { account: "acme" }) || scope === "admin").toBe(all);
});

test.each(table)("%s of another account or of the registry itself publishes nothing of acme", (scope) => {
  expect(mayPublish({ account: "other", scopes: [scope] }, pdf)).toBe(false);
  expect(mayPublish({ account: null, scopes: [scope] }, pdf)).toBe(false);
});

test("a token without scopes publishes nothing", () => {
  expect(mayPublish({ account: "acme", scopes: [] }, pdf)).toBe(false);
});

test("asked for no pak in particular, a scope of one pak counts", () => {
  expect(scopeAllows(["publish:acme/pdf"], "publish")).toBe(true);
  expect(scopeAllows(["publish:acme/pdf"], "yank")).toBe(false);
});
