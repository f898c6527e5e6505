import type { Binding, OpenEvidence } from "@paks/db";

/** Rows as the database gives them, for tests of the pure rules. */
export const bindingRow = (more: Partial<Binding> = {}): Binding => ({
  id: "1",
  pakId: "1",
  accountId: "1",
  account: "acme",
  name: "pdf",
  path: "",
  tagPrefix: null,
  state: "active",
  ...more,
});

export const evidenceRow = (kind: OpenEvidence["kind"], more: Partial<OpenEvidence> = {}): OpenEvidence => ({
  id: "1",
  kind,
  accountId: "1",
  account: "acme",
  tokenId: kind === "token" ? "7" : null,
  scopes: kind === "token" ? ["publish"] : null,
  path: null,
  details: {},
  ...more,
});
