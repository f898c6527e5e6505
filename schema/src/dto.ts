import * as z from "zod/mini";
import { kinds } from "./kinds/kind.ts";
import { AccountName, PakName } from "./name-schemas.ts";
import { TokenScope } from "./token-scopes.ts";

/**
 * What goes over the wire: the API makes these, the CLI parses them. Field names are snake_case.
 * Times are ISO 8601 UTC. Objects are loose on the reading side: a newer registry may add fields.
 */
const Time = z.iso.datetime();
export const Sha256 = z.string().check(z.regex(/^[0-9a-f]{64}$/));
const ObjectId = z.string().check(z.regex(/^([0-9a-f]{40}|[0-9a-f]{64})$/));
const Kind = z.enum(kinds);

export const Digest = z.string().check(z.regex(/^h1:[A-Za-z0-9+/]{43}=$/));

export const ErrorBodyDto = z.looseObject({
  error: z.looseObject({
    code: z.string(),
    message: z.string(),
    hint: z.optional(z.string()),
    details: z.optional(z.record(z.string(), z.unknown())),
  }),
});

export const FindingDto = z.looseObject({
  severity: z.enum(["error", "warning"]),
  code: z.string(),
  message: z.string(),
  hint: z.optional(z.string()),
  path: z.optional(z.string()),
  line: z.optional(z.number()),
  column: z.optional(z.number()),
  field: z.optional(z.string()),
});
export type FindingDto = z.infer<typeof FindingDto>;

export const FileDto = z.looseObject({
  path: z.string(),
  size: z.number(),
  sha256: Sha256,
  executable: z.boolean(),
});
export type FileDto = z.infer<typeof FileDto>;

/**
 * What the release's own CHANGELOG.md says of its version, as Markdown. Absent in answers of older registries, and in
 * long lists of versions.
 */
const Changelog = z.optional(z.nullable(z.string()));

/** The public record of a release. `digest` fixes the content; `archive_sha256` fixes the archive's bytes. */
export const ReleaseDto = z.looseObject({
  account: AccountName,
  name: PakName,
  kind: Kind,
  version: z.string(),
  digest: Digest,
  tag: z.string(),
  tag_object: ObjectId,
  commit: ObjectId,
  tree: ObjectId,
  repository: z.string(),
  path: z.string(),
  archive_sha256: Sha256,
  archive_bytes: z.number(),
  file_count: z.number(),
  total_bytes: z.number(),
  evidence: z.string(),
  released_at: Time,
  yanked: z.boolean(),
  manifest: z.record(z.string(), z.unknown()),
  warnings: z.array(FindingDto),
  changelog: Changelog,
});
export type ReleaseDto = z.infer<typeof ReleaseDto>;

/** One row of a version list: a release without its manifest. */
export const VersionDto = z.looseObject({
  version: z.string(),
  digest: Digest,
  tag: z.string(),
  commit: ObjectId,
  released_at: Time,
  yanked: z.boolean(),
  changelog: Changelog,
});
export type VersionDto = z.infer<typeof VersionDto>;

/** One of many paks that were asked for at once: its versions, or why they are not told. */
export const PakVersionsDto = z.looseObject({
  /** As it was asked for: `account/name`, or `account/name@selector`. */
  pak: z.string(),
  /** Highest first and without changelogs, which long lists do not have. */
  versions: z.optional(z.array(VersionDto)),
  /** What the selector chose; null when nothing fits. Absent without a selector, or when the answer became too large. */
  release: z.optional(z.nullable(ReleaseDto)),
  /** Where the pak's releases come from today. */
  repository: z.optional(z.nullable(z.string())),
  /** Instead of versions: `PAK_NOT_FOUND`, or `TOO_LARGE` for what has to be asked for on its own. */
  error: z.optional(z.looseObject({ code: z.string(), message: z.string() })),
});
export type PakVersionsDto = z.infer<typeof PakVersionsDto>;

/** One row of a search result. */
export const PakSummaryDto = z.looseObject({
  account: AccountName,
  name: PakName,
  kind: Kind,
  description: z.string(),
  version: z.string(),
  keywords: z.array(z.string()),
  categories: z.array(z.string()),
  license: z.nullable(z.string()),
  downloads: z.number(),
  updated_at: Time,
});
export type PakSummaryDto = z.infer<typeof PakSummaryDto>;

export const PakDto = z.looseObject({
  account: AccountName,
  name: PakName,
  kind: Kind,
  description: z.string(),
  license: z.nullable(z.string()),
  homepage: z.nullable(z.string()),
  keywords: z.array(z.string()),
  categories: z.array(z.string()),
  repository: z.nullable(z.string()),
  path: z.nullable(z.string()),
  downloads: z.number(),
  created_at: Time,
  updated_at: Time,
  /** Channel → version; `latest` is always there. */
  channels: z.record(z.string(), z.string()),
  latest: ReleaseDto,
});
export type PakDto = z.infer<typeof PakDto>;

/** `releasable` is the good end of a dry run (`trigger` is `why-not`), which records nothing; `indexed` that of an ingest. */
export const attemptStates = ["queued", "running", "indexed", "releasable", "rejected", "failed"] as const;
export const AttemptReleaseDto = z.looseObject({
  account: z.string(),
  name: z.string(),
  version: z.string(),
  digest: Digest,
  /** False when this version was recorded before and the attempt only confirmed it. */
  new: z.boolean(),
});
export const AttemptDto = z.looseObject({
  id: z.uuid(),
  repository: z.string(),
  tag: z.string(),
  path: z.nullable(z.string()),
  trigger: z.string(),
  state: z.enum(attemptStates),
  stage: z.nullable(z.string()),
  code: z.nullable(z.string()),
  message: z.nullable(z.string()),
  hint: z.nullable(z.string()),
  details: z.nullable(z.record(z.string(), z.unknown())),
  retryable: z.boolean(),
  tries: z.number(),
  next_try_at: z.nullable(Time),
  created_at: Time,
  started_at: z.nullable(Time),
  ended_at: z.nullable(Time),
  releases: z.array(AttemptReleaseDto),
});
export type AttemptDto = z.infer<typeof AttemptDto>;

export const MeDto = z.looseObject({
  /** Null for a token of the registry itself. */
  account: z.nullable(z.string()),
  kind: z.nullable(z.string()),
  token: z.looseObject({
    name: z.string(),
    prefix: z.string(),
    scopes: z.array(z.string()),
    created_at: Time,
    expires_at: z.nullable(Time),
  }),
});
export type MeDto = z.infer<typeof MeDto>;

export const VerifyDto = z.looseObject({
  valid: z.boolean(),
  user: z.nullable(z.string()),
  expires_at: z.nullable(Time),
});
export type VerifyDto = z.infer<typeof VerifyDto>;

export const CreateTokenRequest = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(64)),
  /** Only an admin token may name another account. */
  account: z.optional(AccountName),
  scopes: z._default(z.array(TokenScope).check(z.minLength(1), z.maxLength(16)), ["publish"]),
  expires_in_days: z._default(z.int().check(z.minimum(1), z.maximum(366)), 90),
});
export type CreateTokenRequest = z.infer<typeof CreateTokenRequest>;

export const TokenDto = z.looseObject({
  id: z.string(),
  name: z.string(),
  prefix: z.string(),
  scopes: z.array(z.string()),
  created_at: Time,
  expires_at: z.nullable(Time),
  last_used_at: z.nullable(Time),
  revoked_at: z.nullable(Time),
});
export type TokenDto = z.infer<typeof TokenDto>;

/** The only answer that ever holds the token itself. */
export const CreatedTokenDto = z.extend(TokenDto, { token: z.string() });
export type CreatedTokenDto = z.infer<typeof CreatedTokenDto>;

export const CreateAccountRequest = z.object({ name: AccountName });
export const AccountDto = z.looseObject({ name: AccountName, kind: z.string(), created_at: Time });
export type AccountDto = z.infer<typeof AccountDto>;

export const CreateWebhookSecretRequest = z.object({ account: AccountName, repository: z.string() });
export const WebhookSecretDto = z.looseObject({
  account: z.string(),
  repository: z.string(),
  /** Shown once. */
  secret: z.string(),
  url: z.string(),
});
export type WebhookSecretDto = z.infer<typeof WebhookSecretDto>;

export const sortOrders = ["relevance", "downloads", "recent", "name"] as const;
export type SortOrder = (typeof sortOrders)[number];

export const ListMeta = z.looseObject({
  total: z.number(),
  page: z.number(),
  per_page: z.number(),
  next_cursor: z.nullable(z.string()),
});
export type ListMeta = z.infer<typeof ListMeta>;

export const HealthDto = z.looseObject({ status: z.enum(["ok", "degraded"]), version: z.string() });
export type HealthDto = z.infer<typeof HealthDto>;
