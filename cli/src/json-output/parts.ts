import { Digest, type ErrorCode, capabilityKinds, errorCodes } from "@paks/schema";
import * as z from "zod/mini";
import { count, field, flag, list, named, nullable, optional, text, time } from "./field.ts";

const codes = Object.keys(errorCodes) as [ErrorCode, ...ErrorCode[]];
export const errorCode = z.enum(codes);
export const digest = Digest;
export const scope = z.enum(["project", "global", "folder"]);

export const ErrorValue = named(
  "Error",
  z.strictObject({
    code: field(errorCode, "a row of [the table of codes](errors.md#codes), which also names the exit code"),
    message: field(text, "what is wrong, for people"),
    hint: optional(text, "what to do about it, where there is something"),
    details: optional(
      z.record(z.string(), z.unknown()),
      "facts that go with the code; `findings` is a list of [Finding](#finding) when several things are wrong at once",
    ),
  }),
  "Why something failed.",
);

export const Finding = named(
  "Finding",
  z.strictObject({
    severity: field(z.enum(["error", "warning"]), "an error stands in the way"),
    code: field(text, "of an error: a row of [the table of codes](errors.md#codes); of a warning: a word of its own"),
    message: field(text, "what is wrong, for people"),
    hint: optional(text, "what to do about it, where there is something"),
    path: optional(text, "of the file, relative to the pak; when it is about one"),
    line: optional(count, "from 1; when it is about a line"),
    column: optional(count, "from 1, in UTF-16 units; when it is about a place in the line"),
    field: optional(text, "dotted name of the manifest's field; when it is about one"),
    consumers: optional(z.array(text), "names of those who refuse it; when not everybody does"),
  }),
  "One thing that is wrong, or worth knowing.",
);

const at = {
  repository: field(text, "address of the git repository"),
  path: field(text, 'folder in it; `""`: the top'),
  commit: field(text, "id of the commit"),
};

const RegistryOrigin = z.strictObject({
  type: field(z.literal("registry"), "from a registry"),
  registry: field(text, "base URL"),
  account: field(text, "whose pak it is"),
  name: field(text, "the pak's name"),
  version: field(text, "the release's version"),
  tag: field(text, "the git tag that is the release"),
  tag_object: optional(text, "id of the tag object, where the registry says it"),
  ...at,
  tree: optional(text, "id of the tree, where the registry says it"),
  archive: optional(text, "SHA-256 of the archive that was fetched; absent when git was read"),
});

const GitOrigin = z.strictObject({
  type: field(z.literal("git"), "from a git repository"),
  ...at,
  tag: optional(text, "when a tag was asked for"),
  branch: optional(text, "when a branch was asked for, or none"),
  tree: optional(text, "id of the tree"),
});

const NpmOrigin = z.strictObject({
  type: field(z.literal("npm"), "from an npm package"),
  registry: field(text, "base URL of the npm registry"),
  package: field(text, "its name"),
  version: field(text, "its version"),
  integrity: field(text, "as npm writes it: `sha512-…`"),
  path: field(text, 'folder in the package; `""`: the top'),
});

const LocalOrigin = z.strictObject({
  type: field(z.literal("local"), "from a folder of this machine"),
  path: field(text, "of the folder: relative to the project in a lock, else absolute"),
});

export const Origin = named(
  "Origin",
  z.union([RegistryOrigin, GitOrigin, NpmOrigin, LocalOrigin]),
  "Where the bytes of an installed pak came from; `type` says which form it is.",
);

export const FileChange = named(
  "FileChange",
  z.strictObject({
    path: field(text, "relative to the pak"),
    change: field(
      z.enum(["added", "removed", "changed", "mode"]),
      "`mode`: the same bytes, and the executable bit came or went",
    ),
    bytes_before: nullable(count, "size before; `null`: it was not there"),
    bytes_after: nullable(count, "size after; `null`: it is gone"),
  }),
  "One file that is not the same in two releases.",
);

const kinds: Readonly<Record<(typeof capabilityKinds)[number], string>> = {
  tools: "what `allowed-tools` lets an agent use without a question",
  hooks: "commands that a coding tool runs by itself, with their event or file",
  mcp_servers: "with their command or address",
  scripts: "files that are run as text",
  executables: "programs, and archives that hold some",
  hosts: "named in addresses; `(computed)`: made at run time",
  unread: "files that may declare more and cannot be read",
};

export const Capabilities = named(
  "Capabilities",
  z.strictObject(
    Object.fromEntries(capabilityKinds.map((kind) => [kind, optional(z.array(text), kinds[kind])])) as Record<
      (typeof capabilityKinds)[number],
      z.ZodMiniOptional<z.ZodMiniArray<typeof text>>
    >,
  ),
  "What a pak can do on a machine. Kinds of which there is nothing are absent.",
);

export const CapabilityChange = named(
  "CapabilityChange",
  z.strictObject({
    grown: field(flag, "the later one can do more"),
    added: field(Capabilities, "what only the later one can do"),
    removed: field(Capabilities, "what only the earlier one can do"),
  }),
  "What two releases can do, compared.",
);

/** Which installed pak it is; the first fields of every row about one. */
export const pak = {
  name: field(text, "`account/name` of a registry's pak, else what it calls itself"),
  folder: field(text, "below the skills folder"),
};

export const HeldBack = named(
  "HeldBack",
  z.strictObject({
    pak: field(text, "`account/name`"),
    version: field(text, "the newer one"),
    taken: nullable(text, "the version that is taken instead; `null`: that cannot be said"),
    by: list(text, "each path to what stands in the way, such as `acme/report@1.0.0 → acme/text@^0.1`"),
    reason: field(text, "the same for people"),
  }),
  "A newer version of a pak that is not taken because of what other paks ask for, or because it needs what is not to be had.",
);

export const Moved = list(
  z.strictObject({
    from: field(text, "absolute path where it was"),
    to: field(text, "absolute path of where it is kept; the same as in `backups`"),
  }),
  "what was moved out of the way",
);

export const InstalledPak = named(
  "InstalledPak",
  z.strictObject({
    action: field(z.enum(["installed", "replaced", "unchanged"]), "`unchanged`: it was there already"),
    name: field(text, "as its manifest says"),
    folder: pak.folder,
    version: nullable(text, "`null`: it has none"),
    digest: field(digest, "of its files"),
    origin: field(Origin, "where it came from"),
    dependency: field(flag, "it is there only because another pak depends on it"),
    path: field(text, "absolute path of its folder"),
    renamed_from: nullable(text, "the folder that it had before, when that is another one"),
    links: list(text, "absolute paths of what leads to it in the folders of coding tools"),
    copies: list(text, "those of `links` that are real copies"),
    read_by: list(text, "ids of the coding tools that look into the skills folder themselves"),
    unlinked: list(text, "absolute paths of links and copies that are gone because it is not for their tools any more"),
    mended: list(
      text,
      "absolute paths of links and copies that were made, and of files that can be run again or no more, where its folder was there already",
    ),
    kept_range: nullable(
      text,
      "what `paks.jsonc` asks for, a range, version or channel, where `install` was given only the name",
    ),
    backups: list(text, "absolute paths of the copies of what was there before"),
    moved: Moved,
    same_name: list(
      text,
      "folders of other paks here whose manifests have the same name, where `--as` gave one of them another folder: some coding tools find only one",
    ),
    notes: list(text, "what is worth knowing, for people"),
  }),
  "One pak that `install` or `ci` put in its place.",
);

export const Installation = z.strictObject({
  workspace: nullable(text, "absolute path of the project whose files were read; `null`: of none"),
  installed: list(InstalledPak, "every pak that was asked for, and what they depend on"),
  removed: list(text, "folders of paks that nothing asks for any more, or that `paks.lock` no longer names"),
  held_back: list(HeldBack, "newer versions that were looked for and not taken"),
});

export const ListedPak = named(
  "ListedPak",
  z.strictObject({
    name: field(text, "as its manifest says"),
    version: nullable(text, "`null`: it has none"),
    state: field(
      z.enum(["intact", "edited", "missing", "unrecorded", "broken"]),
      "`missing`: recorded or locked, and not there; `unrecorded`: locked and there, without a record of its install; `broken`: its record or folder cannot be read",
    ),
    scope: field(scope, "this project, all projects, or the folder of `--dir`"),
    folder: pak.folder,
    path: field(text, "absolute path of its folder"),
    digest: nullable(digest, "as recorded or locked; `null`: neither can be read"),
    origin: nullable(Origin, "where it came from; `null`: that cannot be read"),
    source: nullable(text, "as `paks.jsonc` asks for it; `null`: it does not"),
    lock: field(
      z.enum(["same", "differs", "absent", "none"]),
      "what `paks.lock` says of it: `differs`: another version or other bytes; `absent`: nothing; `none`: there is no lock",
    ),
    pinned: field(flag, "`update` leaves it alone"),
    dependency: field(flag, "it is there only because another pak depends on it"),
    changed: list(text, "files that were edited, relative to the pak"),
    changed_modes: list(text, "files that became executable or are no longer, when none was edited"),
    links: list(text, "absolute paths of what leads to it in the folders of coding tools"),
    broken_links: list(text, "those that are gone, lead elsewhere, or are copies that were edited"),
    edited_copies: list(text, "those of `broken_links` that are edited copies"),
    agents: list(text, "ids of the coding tools that find it"),
    installed_at: nullable(time, "`null`: it is not installed"),
    error: optional(ErrorValue, "of what is broken"),
  }),
  "One pak of one place.",
);

export const InstalledHere = named(
  "InstalledHere",
  z.strictObject({
    scope: field(scope, "this project or all projects"),
    version: field(text, "the installed one"),
    folder: field(text, "absolute path of the skills folder"),
    registry: nullable(text, "base URL of the registry it came from when that is another one; `null`: this one"),
    update: field(flag, "the registry has a newer one"),
  }),
  "An installed copy of a registry's pak.",
);
