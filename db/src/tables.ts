import type { ColumnType, Generated, Kysely } from "kysely";

/**
 * The columns as the driver gives them: bigint is text (2^53 is not a limit we want to meet), timestamptz is a Date.
 * JSON goes in as text: the driver would turn a JavaScript array into a Postgres array.
 */
type Id = Generated<string>;
type Json<T> = ColumnType<T, string, string>;
type JsonWithDefault<T> = ColumnType<T, string | undefined, string>;
type CreatedAt = ColumnType<Date, Date | undefined, never>;

export const evidenceKinds = ["token", "webhook", "oidc", "signed-tag", "binding"] as const;
export type EvidenceKind = (typeof evidenceKinds)[number];
export type AttemptTrigger = "token" | "webhook" | "reconcile";
export type AttemptState = "queued" | "running" | "indexed" | "rejected" | "failed";
export type RehearsalState = "queued" | "running" | "releasable" | "rejected" | "failed";
export type AccountKind = "user" | "organisation";
export type BindingState = "active" | "frozen" | "gone" | "released";
export type JobState = "pending" | "running" | "dead";

/** What an attempt released, or found released before (`new: false`). */
export type AttemptRelease = { account: string; name: string; version: string; digest: string; new: boolean };

export interface Tables {
  schema_migrations: { version: number; name: string; checksum: string; applied_at: CreatedAt };
  accounts: { id: Id; name: string; canonical_name: string; kind: Generated<AccountKind>; created_at: CreatedAt };
  identities: {
    id: Id;
    account_id: string;
    provider: string;
    host: string;
    numeric_id: string;
    login: string;
    created_at: CreatedAt;
  };
  tokens: {
    id: Id;
    account_id: string | null;
    name: string;
    hash: Buffer;
    prefix: string;
    scopes: string[];
    created_at: CreatedAt;
    expires_at: Date | null;
    last_used_at: Date | null;
    revoked_at: Date | null;
  };
  paks: {
    id: Id;
    account_id: string;
    name: string;
    canonical_name: string;
    kind: string;
    description: string;
    license: string | null;
    homepage: string | null;
    keywords: Generated<string[]>;
    categories: Generated<string[]>;
    latest_release_id: string | null;
    downloads: Generated<string>;
    search: string;
    created_at: CreatedAt;
    updated_at: ColumnType<Date, Date | undefined, Date>;
  };
  bindings: {
    id: Id;
    pak_id: string;
    repository_key: string;
    repository_url: string;
    host: string;
    repository_id: string | null;
    owner_id: string | null;
    path: string;
    tag_prefix: string | null;
    state: Generated<BindingState>;
    created_at: CreatedAt;
  };
  webhook_secrets: {
    id: Id;
    account_id: string;
    repository_key: string;
    secret: string;
    created_at: CreatedAt;
    revoked_at: Date | null;
  };
  webhook_deliveries: {
    id: Id;
    host: string;
    delivery_id: string;
    event: string;
    repository_key: string;
    received_at: CreatedAt;
  };
  releases: {
    id: Id;
    pak_id: string;
    version: string;
    version_key: string;
    tag: string;
    tag_object: string;
    commit_id: string;
    tree_id: string;
    repository_key: string;
    repository_url: string;
    path: string;
    digest: string;
    archive_sha256: string;
    archive_bytes: number;
    file_count: number;
    total_bytes: number;
    manifest: Json<Record<string, unknown>>;
    warnings: JsonWithDefault<Record<string, unknown>[]>;
    evidence: EvidenceKind;
    changelog: string | null;
    released_at: CreatedAt;
    visible_at: Date | null;
    yanked_at: Date | null;
  };
  release_files: { release_id: string; path: string; size: number; sha256: string; executable: boolean };
  dependencies: { release_id: string; account: string; name: string; range: string };
  attempts: {
    id: Generated<string>;
    repository_key: string;
    repository_url: string;
    tag: string;
    path: string | null;
    tag_object: string | null;
    trigger: AttemptTrigger;
    account_id: string | null;
    state: Generated<AttemptState>;
    stage: string | null;
    code: string | null;
    message: string | null;
    hint: string | null;
    details: ColumnType<Record<string, unknown> | null, string | null | undefined, string | null>;
    releases: JsonWithDefault<AttemptRelease[]>;
    tries: Generated<number>;
    retryable: Generated<boolean>;
    next_try_at: Date | null;
    created_at: CreatedAt;
    started_at: Date | null;
    ended_at: Date | null;
  };
  rehearsals: {
    id: Generated<string>;
    repository_key: string;
    repository_url: string;
    tag: string;
    path: string | null;
    account_id: string | null;
    token_id: string | null;
    asker: string | null;
    state: Generated<RehearsalState>;
    stage: string | null;
    code: string | null;
    message: string | null;
    hint: string | null;
    details: ColumnType<Record<string, unknown> | null, string | null | undefined, string | null>;
    releases: JsonWithDefault<AttemptRelease[]>;
    tries: Generated<number>;
    retryable: Generated<boolean>;
    created_at: CreatedAt;
    started_at: Date | null;
    ended_at: Date | null;
  };
  evidence: {
    id: Id;
    attempt_id: string;
    kind: EvidenceKind;
    account_id: string | null;
    token_id: string | null;
    path: string | null;
    details: JsonWithDefault<Record<string, unknown>>;
    created_at: CreatedAt;
  };
  jobs: {
    id: Id;
    kind: string;
    key: string;
    payload: Json<Record<string, unknown>>;
    state: Generated<JobState>;
    host: string | null;
    run_at: ColumnType<Date, Date | undefined, Date>;
    tries: Generated<number>;
    lease: string | null;
    lease_until: Date | null;
    last_error: string | null;
    created_at: CreatedAt;
  };
  git_hosts: { host: string; paused_until: Date };
  downloads: { release_id: string; day: string; count: Generated<string> };
  download_visitors: { release_id: string; day: string; visitor: Buffer };
  idempotency_keys: {
    token_id: string;
    key: string;
    request_hash: string;
    status: number;
    response: Json<unknown>;
    created_at: ColumnType<Date, Date | undefined, Date>;
  };
  audit_events: {
    id: Id;
    at: CreatedAt;
    action: string;
    account_id: string | null;
    token_id: string | null;
    pak_id: string | null;
    release_id: string | null;
    details: JsonWithDefault<Record<string, unknown>>;
  };
  registry_facts: { key: string; value: Json<unknown> };
}

/** A database or a transaction: every function of this package takes one first. */
export type Db = Kysely<Tables>;
