import * as z from "zod/mini";
import {
  type JsonExit,
  type JsonOutput,
  field,
  flag,
  given,
  list,
  named,
  not,
  nullable,
  optional,
  output,
  outputs,
  text,
} from "./field.ts";
import {
  CapabilityChange,
  ErrorValue,
  FileChange,
  HeldBack,
  Installation,
  ListedPak,
  Moved,
  digest,
  errorCode,
  pak,
  scope,
} from "./parts.ts";

const version = nullable(text, "`null`: it has none");

const SourceListing = z.strictObject({
  source: field(text, "as it was typed"),
  paks: list(
    z.strictObject({
      path: field(text, 'folder in the source; `""`: the top'),
      name: field(text, "as its manifest says; where that cannot be read, its folder's"),
      description: field(text, "as its manifest says"),
      version,
      problem: optional(text, "why it cannot be installed"),
    }),
    "what it holds",
  ),
});

const Listing = z.strictObject({
  folder: field(text, "absolute path of the skills folder; with `--all` the first of them"),
  folders: list(
    z.strictObject({ scope: field(scope, "whose it is"), path: field(text, "absolute") }),
    "every skills folder that was looked at",
  ),
  installed: list(ListedPak, "by folder"),
});

const Reasons = z.strictObject({
  folder: pak.folder,
  version,
  source: nullable(text, "as `paks.jsonc` asks for it; `null`: it does not"),
  paths: list(
    z.strictObject({
      path: list(text, "step by step, from what `paks.jsonc` asks for to the pak"),
      cycle: field(flag, "the last step is one that was there before"),
    }),
    "every way in which it is asked for",
  ),
});

const Removal = z.strictObject({
  removed: list(
    z.strictObject({
      ...pak,
      version,
      dependency: field(flag, "nobody asked for it, and nothing needs it any more"),
      backups: list(text, "absolute paths of the copies of what was edited"),
      moved: Moved,
    }),
    "what is gone",
  ),
  kept_as_dependency: list(z.strictObject(pak), "no longer asked for, and still there because others need it"),
});

const OutdatedPak = named(
  "OutdatedPak",
  z.strictObject({
    ...pak,
    scope: field(scope, "where it is installed"),
    current: nullable(text, "the version that is locked or installed"),
    wanted: nullable(text, "the newest that everything that asks for it allows; `null`: that cannot be said"),
    latest: nullable(text, "the newest stable one; `null`: there are no versions"),
    source: nullable(text, "as `paks.jsonc` asks for it; `null`: it does not"),
    pinned: field(flag, "`update` leaves it alone"),
    dependency: field(flag, "it is there only because another pak depends on it"),
    current_point: nullable(text, "short commit or digest, where versions cannot tell two states apart"),
    wanted_point: nullable(text, "the same of the wanted one"),
    state: field(
      z.enum(["current", "outdated", "pinned", "fixed", "unknown"]),
      "`pinned`: a pin keeps something newer away; `fixed`: its source names this very tag, commit or version; `unknown`: see `error`",
    ),
    updatable: field(flag, "`paks update` would change it"),
    held_back: nullable(
      HeldBack,
      "what keeps a newer version away; `null`: nothing but what `paks.jsonc` asks for, or a pin",
    ),
    yanked: field(flag, "its author withdrew the current version"),
    gone: field(flag, "its registry no longer has the current version"),
    error: optional(ErrorValue, "why it is not known: gone, or nobody could be asked"),
  }),
  "An installed pak, and what a newer one would be.",
);

const UpdatedPak = named(
  "UpdatedPak",
  z.strictObject({
    ...pak,
    dependency: field(flag, "it is there only because another pak depends on it"),
    from: nullable(text, "the version before; `null`: it was not there, or has none"),
    to: nullable(text, "the version after; `null`: it has none"),
    digest_before: nullable(digest, "`null`: it was not there"),
    digest: field(digest, "of the new files"),
    files: nullable(z.array(FileChange), "what differs; `null`: the files of the installed release are not to be had"),
    capabilities: field(CapabilityChange, "what it can do that it could not, and the other way round"),
    edited: list(text, "files that were edited here"),
    edited_copies: list(text, "absolute paths of copies for tools that were edited"),
    backups: list(text, "absolute paths of the copies of what was edited"),
    moved: Moved,
  }),
  "A pak for which a newer version was found.",
);

const Update = z.strictObject({
  dry_run: field(flag, "nothing was changed"),
  updated: list(UpdatedPak, "what changed, or would"),
  removed: list(text, "folders of dependencies that nothing needs any more"),
  backups: list(text, "absolute paths of all that was put aside, also of paks that got no newer version"),
  moved: Moved,
  held_back: list(HeldBack, "newer versions that were looked for and not taken"),
  not_locked: list(text, "folders that were left alone because nobody named them and `paks.lock` does not hold them"),
  failed: nullable(ErrorValue, "why one of several was not updated: the first of them"),
});

const Rollback = z.strictObject({
  ...pak,
  from: nullable(text, "the version that went; `null`: it has none"),
  to: nullable(text, "the version that is there now; `null`: it has none"),
  digest: field(digest, "of what is there now"),
  source: nullable(text, "what `paks.jsonc` asks for now; `null`: the same as before"),
  pinned: field(flag, "it was, and stays so: `update` leaves it alone"),
  capabilities: field(CapabilityChange, "what it can do that the version that went could not, and the other way round"),
  backups: list(text, "absolute paths of the copies of what was edited"),
  moved: Moved,
  removed: list(text, "folders of dependencies that nothing needs any more"),
});

const Pins = z.strictObject({
  paks: list(
    z.strictObject({
      ...pak,
      version,
      pinned: field(flag, "`update` leaves it alone"),
      changed: field(flag, "false: it was so before"),
    }),
    "those that were named",
  ),
});

const side = z.strictObject({
  source: field(text, "what was compared, for people"),
  version,
  digest: field(digest, "of its files"),
});

const Difference = z.strictObject({
  before: field(side, "the one side"),
  after: field(side, "the other side"),
  files: list(FileChange, "that are not the same, in byte order of their paths"),
  capabilities: field(CapabilityChange, "what they can do"),
});

const Verification = z.strictObject({
  ok: field(flag, "there are no problems"),
  offline: field(flag, "nobody was asked"),
  paks: list(
    z.strictObject({
      ...pak,
      scope: field(scope, "where it is installed"),
      version,
      digest: nullable(digest, "as recorded or locked; `null`: neither can be read"),
      ok: field(flag, "there are no problems with it"),
      registry: field(
        z.enum(["checked", "none", "skipped", "failed"]),
        "`checked`: the registry, git repository or npm that it came from has the same; `none`: it is of a folder; `skipped`: offline",
      ),
    }),
    "every pak that was looked at",
  ),
  problems: list(
    z.strictObject({
      code: field(errorCode, "a row of [the table of codes](errors.md#codes)"),
      folder: nullable(text, "of the pak; `null`: it is about the project"),
      name: nullable(text, "of the pak or its source; `null`: it is about the project"),
      message: field(text, "for people"),
      hint: nullable(text, "what to do about it; `null`: nothing in particular"),
      paths: list(text, "the files or links that it is about"),
    }),
    "what is not as it should be",
  ),
});

const Audit = z.strictObject({
  ok: field(flag, "no finding counts; warnings do with `--strict`"),
  offline: field(flag, "nobody was asked"),
  paks: list(
    z.strictObject({
      ...pak,
      scope: field(scope, "where it is installed"),
      version,
      license: nullable(text, "as its manifest says; `null`: it names none"),
      registry: field(
        z.enum(["asked", "none", "skipped", "unreachable"]),
        "of the registry, git repository or npm that it came from; `none`: it is of a folder; `skipped`: offline",
      ),
    }),
    "every pak that was looked at",
  ),
  findings: list(
    z.strictObject({
      severity: field(z.enum(["error", "warning"]), "whether it counts without `--strict`"),
      code: field(
        text,
        "a row of [the table of codes](errors.md#codes), or `YANKED`, `DEPRECATED`, `MOVED`, `NO_LICENSE`, `LICENSE_NOT_ALLOWED`",
      ),
      ...pak,
      version,
      message: field(text, "for people"),
      hint: nullable(text, "what to do about it; `null`: nothing in particular"),
    }),
    "what speaks against a pak",
  ),
});

const WritingInstallation = z.extend(Installation, {
  new_files: list(text, "absolute paths of `paks.jsonc` and `paks.lock`, where they were not there before"),
  replaced_sources: list(
    z.strictObject({
      source: field(text, "as `paks.jsonc` has it now"),
      before: list(text, "as it had it"),
    }),
    "what `paks.jsonc` asks for otherwise than before",
  ),
});

const gravest: JsonExit = ["code", "not `ok`: that of the gravest problem"];

export const projectOutputs: Readonly<Record<string, JsonOutput>> = {
  install: outputs({
    "without `--list`": [WritingInstallation, not(given("--list"))],
    "with `--list`": [SourceListing, given("--list")],
  }),
  ci: output(Installation),
  list: output(Listing),
  why: output(Reasons),
  remove: output(Removal),
  outdated: output(
    z.strictObject({
      outdated: list(OutdatedPak, "`state` is `outdated` or `pinned`"),
      others: list(OutdatedPak, "all others"),
    }),
    [
      [0, "nothing is newer"],
      [9, "something is newer"],
      [7, "nothing is newer as far as is known, and a registry or host did not tell the truth"],
      [3, "nothing is newer as far as is known, and something is no longer where it came from"],
      [8, "nothing is newer as far as is known, and not everybody could be asked"],
    ],
  ),
  update: output(Update, [
    [0, "all that was wanted is there"],
    ["code", "some paks were not updated: that of `failed`"],
  ]),
  rollback: output(Rollback),
  pin: output(Pins),
  unpin: output(Pins),
  diff: output(Difference),
  verify: output(Verification, [[0, "`ok`"], gravest]),
  audit: output(Audit, [
    [0, "`ok`"],
    [9, "withdrawn by its author; with `--strict` also deprecated or moved"],
    [5, "a licence that is not allowed, or none"],
    gravest,
  ]),
};
