import type { Binding, OpenEvidence } from "@paks/db";
import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";

import { type Claim, type Proof, requireAuthority } from "./authority.ts";
import { bindingRow as binding, evidenceRow as evidence } from "./testing/rows.ts";

const claim = (more: Partial<Claim> = {}): Claim => ({
  account: "acme",
  accountId: "1",
  name: "pdf",
  path: "",
  named: true,
  ...more,
});
const proof = (rows: OpenEvidence[], bindings: Binding[] = []): Proof => ({ evidence: rows, bindings });

function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof PaksError) return error.code;
    throw error;
  }
  return "granted";
}
const judge = (what: Claim, given: Proof) => codeOf(() => requireAuthority(what, given));

test("token + trailers bind a new pak", () => {
  expect(requireAuthority(claim(), proof([evidence("token")]))).toEqual({
    accountId: "1",
    evidence: "token",
    tokenId: "7",
    mayBind: true,
    conflict: undefined,
  });
});

test("a token without trailers binds nothing in a repository that its account has no pak in", () => {
  expect(judge(claim({ named: false }), proof([evidence("token")]))).toBe("EVIDENCE_TOO_WEAK");
  const others = [binding({ accountId: "2", account: "other", path: "x" })];
  expect(judge(claim({ named: false }), proof([evidence("token", { path: "" })], others))).toBe("EVIDENCE_TOO_WEAK");
});

test("a token of the bound account adds the folder that it names, and no other", () => {
  const bound = [binding({ name: "docs", path: "docs" })];
  const added = claim({ path: "pdf", named: false });
  expect(requireAuthority(added, proof([evidence("token", { path: "pdf" })], bound)).mayBind).toBe(true);
  expect(judge(added, proof([evidence("token", { path: "other" })], bound))).toBe("EVIDENCE_TOO_WEAK");
  expect(judge(added, proof([evidence("token")], bound))).toBe("EVIDENCE_TOO_WEAK");
});

test("a token of somebody else proves nothing", () => {
  const stranger = evidence("token", { accountId: "2", account: "mallory" });
  expect(judge(claim(), proof([stranger]))).toBe("NAMESPACE_FORBIDDEN");
  expect(judge(claim(), proof([evidence("token", { accountId: null, account: null })]))).toBe("NAMESPACE_FORBIDDEN");
});

test("a stranger's evidence takes nothing from the author's", () => {
  const stranger = evidence("token", { accountId: "2", account: "mallory", path: "elsewhere" });
  expect(requireAuthority(claim(), proof([stranger, evidence("token")])).mayBind).toBe(true);
});

test("a scope for another pak or account does not publish this one", () => {
  const scopes = ["publish", "publish:acme/pdf", "publish:acme/*", "publish:acme/other", "publish:other/*"];
  const more = ["publish:acme/pd", "publish:acme/pdf2", "yank", "yank:acme/pdf", "admin", ""];
  const granted = [...scopes, ...more].filter(
    (scope) => judge(claim(), proof([evidence("token", { scopes: [scope] })])) === "granted",
  );
  expect(granted).toEqual(["publish", "publish:acme/pdf", "publish:acme/*", "admin"]);
  expect(judge(claim(), proof([evidence("token", { scopes: ["yank"] })]))).toBe("NAMESPACE_FORBIDDEN");
});

test("the registry's own admin token publishes for no account", () => {
  const registry = evidence("token", { accountId: null, account: null, scopes: ["admin"] });
  expect(judge(claim(), proof([registry]))).toBe("NAMESPACE_FORBIDDEN");
});

test("a token that was revoked before the tag was read proves nothing", () => {
  expect(judge(claim(), proof([evidence("token", { scopes: null })]))).toBe("NAMESPACE_FORBIDDEN");
});

test("a webhook releases what is bound and never binds", () => {
  expect(requireAuthority(claim(), proof([evidence("webhook")], [binding()]))).toMatchObject({
    evidence: "webhook",
    mayBind: false,
  });
  expect(judge(claim(), proof([evidence("webhook")]))).toBe("EVIDENCE_TOO_WEAK");
  expect(judge(claim({ path: "new" }), proof([evidence("webhook")], [binding({ name: "docs" })]))).toBe(
    "EVIDENCE_TOO_WEAK",
  );
});

test("a webhook secret of another account does not count as this one's", () => {
  const foreign = evidence("webhook", { accountId: "2", account: "mallory" });
  expect(requireAuthority(claim(), proof([foreign], [binding()])).evidence).toBe("binding");
  expect(judge(claim(), proof([foreign]))).toBe("NAMESPACE_FORBIDDEN");
});

test("a tag in a bound repository is the lowest evidence, a token the highest", () => {
  const bound = [binding()];
  expect(requireAuthority(claim({ named: false }), proof([evidence("binding")], bound)).evidence).toBe("binding");
  expect(requireAuthority(claim({ named: false }), proof([evidence("token")], bound)).evidence).toBe("token");
  const both = [evidence("binding"), evidence("webhook"), evidence("token")];
  expect(requireAuthority(claim(), proof(both, bound)).evidence).toBe("token");
});

test("a new path in a bound repository takes a token", () => {
  const bound = [binding({ name: "docs", path: "docs" })];
  expect(judge(claim({ path: "pdf" }), proof([evidence("binding")], bound))).toBe("EVIDENCE_TOO_WEAK");
  expect(judge(claim({ path: "pdf" }), proof([evidence("token")], bound))).toBe("granted");
});

test("a pak is bound to one place and a place to one pak", () => {
  const moved = proof([evidence("token")], [binding({ path: "old" })]);
  expect(requireAuthority(claim({ path: "new" }), moved).conflict?.code).toBe("BINDING_CONFLICT");
  const renamed = proof([evidence("token")], [binding({ name: "docs" })]);
  expect(requireAuthority(claim(), renamed).conflict?.message).toContain("acme/docs");
  expect(judge(claim({ path: "new" }), proof([evidence("binding")], [binding({ path: "old" })]))).toBe(
    "BINDING_CONFLICT",
  );
});

test("nobody publishes under an account that does not exist", () => {
  const unknown = claim({ accountId: undefined });
  expect(judge(unknown, proof([evidence("token", { accountId: null })]))).toBe("NAMESPACE_FORBIDDEN");
});

test("a frozen binding releases nothing", () => {
  const frozen = [binding({ state: "frozen" })];
  expect(judge(claim(), proof([evidence("token")], frozen))).toBe("REPOSITORY_IDENTITY_CHANGED");
});
