/**
 * The one list of failures. A row tells the API its HTTP status, the CLI its exit code and the
 * indexer whether a machine should try again. `docs/errors.md` is generated from it.
 */
interface ErrorRow {
  /** HTTP status; `null` when only the CLI can meet it. */
  readonly status: number | null;
  /** Exit code of the CLI. */
  readonly exit: number;
  /** True when the same call may succeed later without anyone changing anything. */
  readonly retry: boolean;
  /** One sentence for the reference. */
  readonly meaning: string;
}

const row = (status: number | null, exit: number, meaning: string, retry = false): ErrorRow => ({
  status,
  exit,
  retry,
  meaning,
});

const rows = {
  USAGE: row(null, 2, "The command line is wrong."),

  INVALID_PARAMETER: row(400, 5, "A parameter or field has the wrong shape."),
  INVALID_REPOSITORY_URL: row(422, 5, "The repository URL cannot be used."),
  PROTOCOL_NOT_ALLOWED: row(422, 5, "This transport is not allowed here."),
  CREDENTIALS_IN_URL: row(422, 5, "A URL may not carry a user name, password or token."),
  HOST_NOT_ALLOWED: row(422, 5, "The host is not on the allow-list or resolves to a private address."),
  INVALID_TAG: row(422, 5, "The tag's name is not usable as a release tag."),
  INVALID_NAME: row(422, 5, "An account or pak name breaks the naming rules."),
  NAME_RESERVED: row(422, 5, "The name is reserved."),
  INVALID_CHARACTERS: row(422, 5, "A text holds control, bidi or zero-width characters."),
  INVALID_ENCODING: row(422, 5, "A text file that must be UTF-8 is not."),

  FRONTMATTER_MISSING: row(422, 5, "The file does not begin with a `---` front matter block."),
  FRONTMATTER_INVALID: row(422, 5, "The front matter is not valid YAML of the allowed kind."),
  FRONTMATTER_LANGUAGE_NOT_ALLOWED: row(422, 5, "The front matter names a language; only plain `---` is read."),
  FRONTMATTER_TOO_COMPLEX: row(422, 5, "The front matter is too large or too deeply nested."),
  MANIFEST_MISSING: row(422, 5, "No manifest was found where one was expected."),
  MANIFEST_INVALID: row(422, 5, "The manifest breaks a rule of the format."),
  AMBIGUOUS_MANIFEST: row(422, 5, "More than one manifest could be meant."),

  UNSAFE_PATH: row(422, 5, "A path in the tree could escape or confuse a file system."),
  CASE_COLLISION: row(422, 5, "Two paths are the same on case-insensitive file systems."),
  SYMLINK_NOT_ALLOWED: row(422, 5, "A release may not contain symbolic links."),
  UNSAFE_MODE: row(422, 5, "A tree entry has a mode that is neither file, executable nor folder."),
  SUBMODULE_NOT_SUPPORTED: row(422, 5, "A release may not contain submodules."),
  LFS_NOT_SUPPORTED: row(422, 5, "A release may not contain Git LFS pointers."),
  TOO_LARGE: row(422, 5, "A file or the release is larger than the limit."),
  TOO_MANY_FILES: row(422, 5, "The release has more files than the limit."),
  REPOSITORY_TOO_COMPLEX: row(422, 5, "The repository is too large or too deep to be read safely."),

  BODY_TOO_LARGE: row(413, 5, "The request body is larger than the limit."),
  UNSUPPORTED_MEDIA_TYPE: row(415, 5, "The request body must be JSON."),

  TAG_NOT_A_COMMIT: row(422, 5, "The tag does not lead to a commit."),
  VERSION_TAG_MISMATCH: row(422, 5, "The manifest's version and the tag's version differ."),
  TRAILER_MISMATCH: row(422, 5, "What the tag's trailers assert is not what the repository holds."),
  UNSAFE_ARCHIVE: row(422, 5, "The archive holds something a release may not contain."),

  SECRET_DETECTED: row(422, 5, "A file seems to hold a secret."),
  SCAN_BLOCKED: row(422, 5, "A critical scan finding blocks the release."),

  VERSION_EXISTS: row(409, 6, "This version was released before with other content."),
  TAG_EXISTS: row(409, 6, "The tag is taken."),
  NAME_TAKEN: row(409, 6, "The name belongs to somebody else or is too close to a taken one."),
  BINDING_CONFLICT: row(409, 6, "The pak is bound to another repository or path, and cannot be moved yet."),
  REPOSITORY_IDENTITY_CHANGED: row(409, 6, "The host now reports another repository under this address."),
  LOCAL_CHANGES: row(409, 6, "Installed files were edited."),
  ALREADY_EXISTS: row(409, 6, "Something else is already there."),
  STILL_NEEDED: row(null, 6, "Another installed pak depends on it."),
  CAPABILITIES_GROWN: row(null, 6, "A newer version can do more than the installed one, and nobody agreed to it."),
  DEPENDENCY_CONFLICT: row(null, 6, "No versions of the paks fit everything that asks for them."),
  DIRTY_WORK_TREE: row(409, 6, "The pak has uncommitted changes."),
  WORKTREE_CHANGED: row(409, 6, "The committed tree is not the one that was checked."),
  DETACHED_HEAD: row(409, 6, "HEAD is not on a branch."),
  NO_REMOTE: row(409, 6, "The repository has no usable remote."),
  BEHIND_UPSTREAM: row(409, 6, "The remote branch has commits that are not here."),
  REF_PREFIX_CONFLICT: row(409, 6, "The tag's name clashes with an existing ref."),
  PUSH_REJECTED: row(409, 6, "The remote refused the push."),
  HOOK_REFUSED: row(null, 6, "A hook of the author's own repository, or signing, refused the commit or tag."),
  IDEMPOTENCY_CONFLICT: row(409, 6, "The idempotency key was used for another request."),

  TAG_MOVED: row(409, 7, "The tag now leads to other content than was recorded."),
  INTEGRITY_MISMATCH: row(409, 7, "The bytes are not the ones that were recorded."),
  LOCKFILE_MISMATCH: row(409, 7, "Lock and workspace or registry disagree."),
  LOG_PROOF_INVALID: row(409, 7, "The transparency log's proof does not hold."),
  LOG_FORK: row(409, 7, "The transparency log shows two histories."),

  AUTH_REQUIRED: row(401, 4, "This needs a login."),
  INVALID_TOKEN: row(401, 4, "The token is malformed, unknown or revoked."),
  TOKEN_EXPIRED: row(401, 4, "The token has expired."),
  INVALID_SIGNATURE: row(401, 4, "The webhook's signature is missing or wrong."),
  FORBIDDEN: row(403, 4, "The token does not allow this."),
  NAMESPACE_FORBIDDEN: row(403, 4, "The publisher may not publish under this account."),
  EVIDENCE_TOO_WEAK: row(403, 4, "What proves the publisher's right is weaker than required."),
  PUSH_FORBIDDEN: row(403, 4, "The git host does not allow this push."),

  PAK_NOT_FOUND: row(404, 3, "There is no such pak."),
  VERSION_NOT_FOUND: row(404, 3, "There is no such version."),
  ACCOUNT_NOT_FOUND: row(404, 3, "There is no such account."),
  TAG_NOT_FOUND: row(404, 3, "The tag is not in the repository (yet).", true),
  REF_NOT_FOUND: row(404, 3, "The branch or commit is not in the repository."),
  REPOSITORY_NOT_FOUND: row(404, 3, "The repository does not exist or is private."),
  NOT_FOUND: row(404, 3, "There is nothing at this address."),
  REPOSITORY_MOVED: row(410, 3, "The repository has another address now."),
  TAKEN_DOWN: row(410, 3, "The release was taken down."),

  RATE_LIMITED: row(429, 8, "Too many requests; see Retry-After.", true),
  GIT_HOST_TIMEOUT: row(504, 8, "The git host did not answer in time.", true),
  GIT_HOST_UNAVAILABLE: row(502, 8, "The git host cannot be reached or failed.", true),
  GIT_HOST_RATE_LIMITED: row(503, 8, "The git host asks us to slow down.", true),
  GIT_PROTOCOL_ERROR: row(502, 8, "The git host's answer is not git.", true),
  REGISTRY_UNAVAILABLE: row(503, 8, "The registry cannot be reached or failed.", true),
  DB_UNAVAILABLE: row(503, 8, "The registry's database cannot be reached.", true),
  OFFLINE: row(null, 8, "This needs a network and `--offline` is set."),
  WEBHOOK_NOT_CONFIGURED: row(503, 8, "No webhook secret is configured for this repository."),

  OUTDATED: row(null, 9, "Newer versions exist."),
  DRIFT: row(null, 9, "Files on disk differ from what was asked for."),

  NOT_A_REPOSITORY: row(null, 10, "The folder is not in a git work tree."),
  GIT_MISSING: row(null, 10, "No git binary was found."),
  GIT_IDENTITY_MISSING: row(null, 10, "git does not know who the author is."),
  NO_WORKING_FOLDER: row(
    null,
    10,
    "The folder that the command runs in is gone, lies too deep, or has a name that cannot be used.",
  ),
  DISK_FULL: row(null, 10, "The disk is full."),
  READ_ONLY_TARGET: row(null, 10, "A file or folder cannot be written, or not be read."),
  UNSAFE_TARGET: row(
    null,
    10,
    "What is at the place cannot be used: a link, a file where a folder is needed, or it leads outside.",
  ),
  KEYCHAIN_UNAVAILABLE: row(null, 10, "No keychain answers."),
  LOCK_BUSY: row(null, 10, "Another process holds the lock.", true),
  DB_LOCKED: row(null, 10, "Another process uses the embedded database."),
  DB_INCOMPATIBLE: row(null, 10, "The database was made by another version of the registry."),

  CANCELLED: row(null, 130, "The user stopped it."),
  INTERNAL: row(500, 1, "A fault of ours."),
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof rows;
export const errorCodes: Readonly<Record<ErrorCode, ErrorRow>> = rows;

export const isErrorCode = (text: string): text is ErrorCode => Object.hasOwn(rows, text);

/** Facts that go with an error: JSON values only, never a secret. */
export type ErrorDetails = Record<string, unknown>;

export interface PaksErrorOptions extends ErrorOptions {
  /** What the reader can do about it: one sentence. */
  readonly hint?: string | undefined;
  readonly details?: ErrorDetails | undefined;
}

/** Every failure that a user can meet. Anything else that is thrown is a fault of ours (`INTERNAL`). */
export class PaksError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: ErrorDetails | undefined;

  constructor(code: ErrorCode, message: string, options: PaksErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "PaksError";
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }

  get retry(): boolean {
    return errorCodes[this.code].retry;
  }
}

export const isPaksError = (value: unknown, code?: ErrorCode): value is PaksError =>
  value instanceof PaksError && (code === undefined || value.code === code);

/** The same failure, with what whoever passes it on knows better to do about it. */
export const withHint = (cause: PaksError, hint: string | undefined): PaksError =>
  new PaksError(cause.code, cause.message, { hint, details: cause.details, cause });

/** The wire form of an error: HTTP bodies and `--json` use the same object. */
export interface ErrorBody {
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly hint?: string;
    readonly details?: ErrorDetails;
  };
}

export const formatErrorBody = (error: PaksError): ErrorBody => ({
  error: {
    code: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    ...(error.details === undefined ? {} : { details: error.details }),
  },
});
