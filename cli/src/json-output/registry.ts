import {
  AttemptDto,
  AttemptReleaseDto,
  FileDto,
  FindingDto,
  PakDto,
  PakSummaryDto,
  ReleaseDto,
  VersionDto,
} from "@paks/schema";
import * as z from "zod/mini";
import {
  type JsonOutput,
  count,
  field,
  flag,
  list,
  named,
  nullable,
  optional,
  output,
  outputs,
  passedThrough,
  text,
  time,
} from "./field.ts";
import { HeldBack, InstalledHere } from "./parts.ts";

const asAnswered = "As the registry answers; a newer registry may say more.";

const RegistryFinding = passedThrough(FindingDto, {
  severity: "an error stands in the way",
  code: "a row of [the table of codes](errors.md#codes), or a word of its own",
  message: "what is wrong, for people",
  hint: "what to do about it, where there is something",
  path: "of the file, relative to the pak; when it is about one",
  line: "from 1; when it is about a line",
  column: "from 1; when it is about a place in the line",
  field: "dotted name of the manifest's field; when it is about one",
});

const changelog = "what the release's CHANGELOG.md says of this version; absent where the registry does not tell";

const releaseFacts = {
  version: "of the release",
  digest: "of its files",
  tag: "the git tag that is the release",
  commit: "that the tag is on",
  released_at: "when the registry recorded it",
  yanked: "its author withdrew it",
  changelog,
};

export const RegistryRelease = named(
  "RegistryRelease",
  z.extend(
    passedThrough(ReleaseDto, {
      ...releaseFacts,
      account: "whose pak it is",
      name: "the pak's name",
      kind: "what kind of pak it is",
      tag_object: "id of the tag object",
      tree: "id of the tree",
      repository: "address of the git repository",
      path: 'folder in it; `""`: the top',
      archive_sha256: "SHA-256 of the archive's bytes",
      archive_bytes: "size of the archive",
      file_count: "how many files",
      total_bytes: "of all files together",
      evidence: "how the registry knows that the account wanted this release",
      manifest: "the manifest as the registry read it",
      warnings: "",
    }),
    { warnings: list(RegistryFinding, "what its checks found that stood in no way") },
  ),
  `One release. ${asAnswered}`,
);

const pakFacts = {
  account: "whose pak it is",
  name: "its name",
  kind: "what kind of pak it is",
  description: "what it does and when to use it",
  license: "`null`: it names none",
  keywords: "as its manifest says",
  categories: "as its manifest says",
  downloads: "how often it was fetched",
  updated_at: "when something about it changed",
};

export const RegistryPak = named(
  "RegistryPak",
  z.extend(
    passedThrough(PakDto, {
      ...pakFacts,
      homepage: "`null`: it names none",
      repository: "address of the git repository of its newest release; `null`: not known",
      path: "folder in it; `null`: not known",
      created_at: "when the registry first recorded a release",
      channels: "channel → version; `latest` is always there",
      latest: "",
    }),
    { latest: field(RegistryRelease, "its newest stable release") },
  ),
  `A pak. ${asAnswered}`,
);

const RegistryVersion = named(
  "RegistryVersion",
  passedThrough(VersionDto, releaseFacts),
  `One row of a list of releases. ${asAnswered}`,
);

const RegistryFile = named(
  "RegistryFile",
  passedThrough(FileDto, {
    path: "relative to the pak",
    size: "in bytes",
    sha256: "of its bytes",
    executable: "it has the executable bit",
  }),
  `One file of a release. ${asAnswered}`,
);

const FoundPak = named(
  "FoundPak",
  z.extend(passedThrough(PakSummaryDto, { ...pakFacts, version: "of its newest stable release" }), {
    installed: optional(z.array(InstalledHere), "the copies that are installed; absent when there are none"),
  }),
  `One pak that was found. ${asAnswered}`,
);

const AttemptRelease = passedThrough(AttemptReleaseDto, {
  account: "whose pak it is",
  name: "the pak's name",
  version: "of the release",
  digest: "of its files",
  new: "false: it was recorded before",
});

export const Attempt = named(
  "Attempt",
  z.extend(
    passedThrough(AttemptDto, {
      id: "what it is asked for by",
      repository: "address of the git repository",
      tag: "the git tag",
      path: "folder in the repository; `null`: wherever the tag says",
      trigger: "what made the registry look: `token`, `webhook`, `why-not` …",
      state: "`releasable`: the good end of `why-not`, which records nothing; `indexed`: that of all others",
      stage: "how far it is, or where it ended",
      code: "of a refusal or failure: a row of [the table of codes](errors.md#codes)",
      message: "the same for people",
      hint: "what to do about it",
      details: "facts that go with the code",
      retryable: "it may go away by itself",
      tries: "how many there were",
      next_try_at: "`null`: none is planned",
      created_at: "when it was asked for",
      started_at: "`null`: not yet",
      ended_at: "`null`: not yet",
      releases: "",
    }),
    { releases: list(AttemptRelease, "what it recorded, or would") },
  ),
  `An attempt to make releases of a tag. ${asAnswered}`,
);

const attempts = list(Attempt, "the newest first");

const token = field(
  z.strictObject({
    name: field(text, "what its owner calls it"),
    prefix: field(text, "its first letters"),
    scopes: list(text, "what it may be used for"),
    expires_at: nullable(time, "`null`: never"),
  }),
  "facts about the token, never the token",
);
const account = nullable(text, "whose token it is; `null`: the registry's administrator");
const registry = field(text, "base URL");

export const registryOutputs: Readonly<Record<string, JsonOutput>> = {
  search: output(
    z.strictObject({
      items: list(FoundPak, "this page of what was found"),
      total: field(count, "how many were found"),
      page: field(count, "which page this is, from 1"),
      per_page: field(count, "how many are on a page"),
      left_out: field(count, "how many of this page are not among the items: their account is looked up elsewhere"),
    }),
  ),
  info: output(
    z.strictObject({
      pak: field(RegistryPak, "the pak"),
      release: field(RegistryRelease, "the one that was asked for, else the newest"),
      versions: optional(z.array(RegistryVersion), "with `--versions` or `--full`: every release, the newest first"),
      files: optional(z.array(RegistryFile), "with `--files` or `--full`: those of the release"),
      installed: list(InstalledHere, "the copies that are installed"),
      held_back: nullable(
        HeldBack,
        "what keeps the newest version away from where the pak is installed; `null`: nothing but what `paks.jsonc` asks for",
      ),
    }),
  ),
  status: outputs({
    "of a repository": [z.strictObject({ repository: field(text, "its address"), attempts })],
    "of a pak": [z.strictObject({ account: field(text, "whose pak it is"), name: field(text, "its name"), attempts })],
  }),
  "why-not": output(Attempt, [
    [0, "`state` is `releasable`"],
    ["code", "it would not be released: that of `code`"],
  ]),
  login: output(
    z.strictObject({ account, registry, stored: field(text, "where the token is kept now, for people"), token }),
  ),
  logout: output(
    z.strictObject({
      registry,
      removed: field(flag, "false: there was no token to forget"),
      revoked: field(flag, "with `--revoke`: it was good until now and is worthless everywhere"),
    }),
  ),
  whoami: output(
    z.strictObject({
      account,
      registry,
      source: nullable(text, "where the token comes from, for people"),
      token,
    }),
  ),
};
