const time = "2026-11-20T00:00:00Z";
const id = "11111111-1111-4111-8111-111111111111";
const other = "22222222-2222-4222-8222-222222222222";
const digest = `h1:${"A".repeat(43)}=`;
const oid = "a".repeat(40);

const release = {
  ...{ account: "acme", name: "pdf", kind: "skill", version: "1.2.0", digest, tag: "v1.2.0", tag_object: oid },
  ...{ commit: oid, tree: oid, repository: "https://git.example/acme/pdf", path: "", archive_sha256: "b".repeat(64) },
  ...{ archive_bytes: 1, file_count: 1, total_bytes: 1, evidence: "token", released_at: time, yanked: false },
  ...{ manifest: { license: "MIT" }, warnings: [{ severity: "warning", code: "A_WORD", message: "So." }] },
};
const summary = {
  ...{ account: "acme", name: "pdf", kind: "skill", description: "Fills forms.", license: "MIT", keywords: ["pdf"] },
  ...{ categories: [], downloads: 7, updated_at: time },
};
const pak = {
  ...{ ...summary, homepage: null, repository: null, path: null, created_at: time, channels: { latest: "1.2.0" } },
  latest: release,
};
const attempt = (more: object = {}) => ({
  ...{ id, repository: "x", tag: "v1.2.0", path: null, trigger: "why-not", state: "releasable", stage: "record" },
  ...{ code: null, message: null, hint: null, details: null, retryable: false, tries: 1, next_try_at: null },
  ...{ created_at: time, started_at: time, ended_at: time },
  releases: [{ account: "acme", name: "pdf", version: "1.2.0", digest, new: true }],
  ...more,
});
const refused = { state: "rejected", stage: "check", code: "VERSION_TAG_MISMATCH", message: "No.", releases: [] };
const token = { name: "laptop", prefix: "paks_012", scopes: ["publish"], created_at: time, expires_at: null };

/** What the registry says of everything that is asked for here. */
export const answers: readonly (readonly [start: string, body: unknown])[] = [
  ["/healthz", { data: { status: "ok", version: "1.0.0" } }],
  ["/api/auth/revoke", { data: { revoked: true } }],
  ["/api/auth/me", { data: { account: "acme", kind: "user", token } }],
  ["/api/why-not?v9", { data: attempt({ id: other }) }],
  ["/api/why-not", { data: attempt() }],
  [`/api/attempts/${other}`, { data: attempt({ ...refused, id: other }) }],
  ["/api/attempts?", { data: [attempt()] }],
  [`/api/attempts/${id}`, { data: attempt() }],
  ["/api/paks/acme/pdf/attempts", { data: [attempt(refused)] }],
  [
    "/api/paks/acme/pdf/versions/1.2.0/files",
    { data: [{ path: "a", size: 1, sha256: "c".repeat(64), executable: false }] },
  ],
  ["/api/paks/acme/pdf/versions", { data: [release] }],
  ["/api/paks/acme/pdf", { data: pak }],
  [
    "/api/paks?",
    { data: [{ ...summary, version: "1.2.0" }], meta: { total: 1, page: 1, per_page: 10, next_cursor: null } },
  ],
];
