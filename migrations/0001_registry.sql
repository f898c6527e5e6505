-- The registry's first schema. Forward only; SQL limited to what Postgres 15 and the embedded database both have.
-- Names are compared in their canonical form (lower case, hyphens removed), so that `my-skill` and `myskill` cannot coexist.

create table accounts (
  id bigint generated always as identity primary key,
  name text collate "C" not null,
  canonical_name text not null unique,
  kind text not null default 'user' check (kind in ('user', 'organisation')),
  created_at timestamptz not null default now()
);

-- Host identities are numeric ids: a login that was renamed or registered again is somebody else.
create table identities (
  id bigint generated always as identity primary key,
  account_id bigint not null references accounts (id),
  provider text not null,
  host text not null,
  numeric_id text not null,
  login text not null,
  created_at timestamptz not null default now(),
  unique (provider, host, numeric_id)
);

create table tokens (
  id bigint generated always as identity primary key,
  -- Null: a token of the registry itself (scope `admin`), which belongs to no account.
  account_id bigint references accounts (id),
  name text not null,
  hash bytea not null unique,
  prefix text not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  last_used_at timestamptz,
  revoked_at timestamptz
);

create table paks (
  id bigint generated always as identity primary key,
  account_id bigint not null references accounts (id),
  -- Order is part of the API and must not depend on the server's locale.
  name text collate "C" not null,
  canonical_name text not null,
  kind text not null,
  description text not null,
  license text,
  homepage text,
  keywords text[] not null default '{}',
  categories text[] not null default '{}',
  -- The highest stable version, or the highest of all when none is stable. Never simply the last one that finished.
  latest_release_id bigint,
  downloads bigint not null default 0,
  search tsvector not null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  unique (account_id, canonical_name)
);
create index paks_search on paks using gin (search);
create index paks_downloads on paks (downloads desc, id desc);
create index paks_updated on paks (updated_at desc, id desc);
create index paks_name on paks (name, id);
create index paks_canonical_name on paks (canonical_name);
create index paks_keywords on paks using gin (keywords);
create index paks_categories on paks using gin (categories);

create table bindings (
  id bigint generated always as identity primary key,
  pak_id bigint not null references paks (id),
  -- `host#numeric id`, or the canonical URL until an id is known.
  repository_key text not null,
  repository_url text not null,
  host text not null,
  repository_id text,
  owner_id text,
  path text not null,
  tag_prefix text,
  state text not null default 'active' check (state in ('active', 'frozen', 'gone', 'released')),
  created_at timestamptz not null default now()
);
create unique index bindings_one_pak_per_place on bindings (repository_key, path) where state <> 'released';
create unique index bindings_one_place_per_pak on bindings (pak_id) where state <> 'released';

create table webhook_secrets (
  id bigint generated always as identity primary key,
  account_id bigint not null references accounts (id),
  repository_key text not null,
  -- Readable, because an HMAC cannot be checked against a hash of its key.
  secret text not null,
  created_at timestamptz not null default now(),
  revoked_at timestamptz
);
create index webhook_secrets_repository on webhook_secrets (repository_key) where revoked_at is null;

create table webhook_deliveries (
  id bigint generated always as identity primary key,
  host text not null,
  delivery_id text not null,
  event text not null,
  repository_key text not null,
  received_at timestamptz not null default now(),
  unique (host, delivery_id)
);

create table releases (
  id bigint generated always as identity primary key,
  pak_id bigint not null references paks (id),
  version text not null,
  -- The version without build metadata: `1.0.0+a` and `1.0.0+b` are one version.
  version_key text not null,
  tag text not null,
  tag_object text not null check (tag_object ~ '^([0-9a-f]{40}|[0-9a-f]{64})$'),
  commit_id text not null check (commit_id ~ '^([0-9a-f]{40}|[0-9a-f]{64})$'),
  tree_id text not null check (tree_id ~ '^([0-9a-f]{40}|[0-9a-f]{64})$'),
  repository_key text not null,
  repository_url text not null,
  path text not null,
  digest text not null check (digest ~ '^h1:[A-Za-z0-9+/]{43}=$'),
  archive_sha256 text not null check (archive_sha256 ~ '^[0-9a-f]{64}$'),
  archive_bytes integer not null,
  file_count integer not null,
  total_bytes integer not null,
  manifest jsonb not null,
  warnings jsonb not null default '[]',
  evidence text not null check (evidence in ('token', 'webhook', 'oidc', 'signed-tag', 'binding')),
  released_at timestamptz not null default now(),
  visible_at timestamptz,
  yanked_at timestamptz,
  unique (pak_id, version_key)
);
create index releases_repository on releases (repository_key, tag);
alter table paks add foreign key (latest_release_id) references releases (id);

create function refuse_release_change() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' then
    raise exception 'releases are immutable' using errcode = 'integrity_constraint_violation';
  end if;
  if (to_jsonb(new) - 'yanked_at' - 'visible_at') is distinct from (to_jsonb(old) - 'yanked_at' - 'visible_at') then
    raise exception 'releases are immutable' using errcode = 'integrity_constraint_violation';
  end if;
  return new;
end $$;
create trigger releases_are_immutable before update or delete on releases
  for each row execute function refuse_release_change();

create table release_files (
  release_id bigint not null references releases (id),
  -- By bytes, which is the order of the digest.
  path text collate "C" not null,
  size integer not null,
  sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  executable boolean not null,
  primary key (release_id, path)
);
create function refuse_release_part_change() returns trigger language plpgsql as $$
begin
  raise exception 'releases are immutable' using errcode = 'integrity_constraint_violation';
end $$;
create trigger release_files_are_immutable before update or delete on release_files
  for each row execute function refuse_release_part_change();
create trigger releases_are_not_truncated before truncate on releases
  for each statement execute function refuse_release_part_change();
create trigger release_files_are_not_truncated before truncate on release_files
  for each statement execute function refuse_release_part_change();

create table dependencies (
  release_id bigint not null references releases (id),
  account text not null,
  name text not null,
  range text not null,
  primary key (release_id, account, name)
);
create trigger dependencies_are_immutable before update or delete on dependencies
  for each row execute function refuse_release_part_change();
create trigger dependencies_are_not_truncated before truncate on dependencies
  for each statement execute function refuse_release_part_change();
create index dependencies_target on dependencies (account, name);

-- One try to index one tag, told to its author.
create table attempts (
  id uuid primary key default gen_random_uuid(),
  repository_key text not null,
  repository_url text not null,
  tag text not null,
  path text,
  tag_object text,
  trigger text not null check (trigger in ('token', 'webhook', 'reconcile')),
  account_id bigint references accounts (id),
  state text not null default 'queued' check (state in ('queued', 'running', 'indexed', 'rejected', 'failed')),
  stage text,
  code text,
  message text,
  hint text,
  details jsonb,
  -- What the attempt released or found released: [{account, name, version, digest, new}].
  releases jsonb not null default '[]',
  tries integer not null default 0,
  retryable boolean not null default false,
  next_try_at timestamptz,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz
);
-- Only a queued attempt takes in another hint: the evidence of a running one has been read already. One that waits
-- for its next try is queued too, but outside of this index: a hint that came during the try may be queued by then.
create unique index attempts_one_queued on attempts (repository_key, tag) where state = 'queued' and tries = 0;
create index attempts_open on attempts (repository_key, tag) where state in ('queued', 'running');
create index attempts_repository on attempts (repository_key, created_at desc);
create index attempts_account on attempts (account_id, created_at desc);

create table evidence (
  id bigint generated always as identity primary key,
  attempt_id uuid not null references attempts (id),
  kind text not null check (kind in ('token', 'webhook', 'oidc', 'signed-tag', 'binding')),
  account_id bigint references accounts (id),
  token_id bigint references tokens (id),
  -- The folder that this hint named: two hints for one tag may name two.
  path text,
  details jsonb not null default '{}',
  created_at timestamptz not null default now()
);
create index evidence_attempt on evidence (attempt_id);

create table jobs (
  id bigint generated always as identity primary key,
  kind text not null,
  key text not null,
  payload jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'running', 'dead')),
  -- Jobs of one git host share a small number of slots; null takes none.
  host text,
  run_at timestamptz not null default now(),
  tries integer not null default 0,
  -- The worker that holds the lease; every write of the result is fenced by it.
  lease text,
  lease_until timestamptz,
  last_error text,
  created_at timestamptz not null default now()
);
create unique index jobs_one_pending on jobs (kind, key) where state = 'pending';
create unique index jobs_one_running on jobs (kind, key) where state = 'running';
create index jobs_due on jobs (run_at, id) where state in ('pending', 'running');

create table git_hosts (
  host text primary key,
  paused_until timestamptz not null
);

create table downloads (
  release_id bigint not null references releases (id),
  day date not null,
  count bigint not null default 0,
  primary key (release_id, day)
);
-- One count per visitor, release and day; `visitor` is a salted hash and is deleted after two days.
create table download_visitors (
  release_id bigint not null references releases (id),
  day date not null,
  visitor bytea not null,
  primary key (release_id, day, visitor)
);

create table idempotency_keys (
  token_id bigint not null references tokens (id),
  key text not null,
  request_hash text not null,
  status integer not null,
  response jsonb not null,
  created_at timestamptz not null default now(),
  primary key (token_id, key)
);

create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  action text not null,
  account_id bigint references accounts (id),
  token_id bigint references tokens (id),
  pak_id bigint references paks (id),
  release_id bigint references releases (id),
  details jsonb not null default '{}'
);
create index audit_events_pak on audit_events (pak_id, at desc);
create function refuse_audit_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit events are append-only' using errcode = 'integrity_constraint_violation';
end $$;
create trigger audit_events_are_append_only before update or delete on audit_events
  for each row execute function refuse_audit_change();
create trigger audit_events_are_not_truncated before truncate on audit_events
  for each statement execute function refuse_audit_change();

-- Facts of this registry that are made once: the salt of the download hashes, whether the first admin token was printed.
create table registry_facts (
  key text primary key,
  value jsonb not null
);
