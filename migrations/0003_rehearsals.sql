-- Dry runs of an ingest (`POST /api/why-not`). A table of their own: nothing that reads attempts may take the question
-- of a stranger for a hint, a verdict or work to do.

create table rehearsals (
  id uuid primary key default gen_random_uuid(),
  repository_key text not null,
  repository_url text not null,
  tag text not null,
  path text,
  -- Who asked with a token: its rights are part of the question.
  account_id bigint references accounts (id),
  token_id bigint references tokens (id),
  -- Who has to wait for this answer before the next question; a hash, forgotten when the answer is there.
  asker text unique,
  state text not null default 'queued' check (state in ('queued', 'running', 'releasable', 'rejected', 'failed')),
  stage text,
  code text,
  message text,
  hint text,
  details jsonb,
  -- What the tag would release, or has released: [{account, name, version, digest, new}].
  releases jsonb not null default '[]',
  tries integer not null default 0,
  retryable boolean not null default false,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  ended_at timestamptz
);
create index rehearsals_created on rehearsals (created_at);
