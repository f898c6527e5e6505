import { kinds } from "@paks/schema";
import * as z from "zod/mini";
import { stepNames } from "../publish/release-plan.ts";
import {
  type JsonExit,
  type JsonOutput,
  both,
  count,
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
import { ErrorValue, Finding, digest } from "./parts.ts";

const Created = z.strictObject({
  name: field(text, "the skill's name"),
  path: field(text, "absolute path of its folder"),
  files: list(text, "what was written, relative to it"),
  workflow: optional(
    z.strictObject({
      path: field(text, "absolute path"),
      created: field(flag, "false: one was there and was kept"),
    }),
    "the workflow of `--ci`",
  ),
});

const validation = {
  path: field(text, "absolute path of the pak's folder"),
  profile: field(z.enum(["lenient", "strict"]), "`strict`: what publishing demands"),
  valid: field(flag, "no finding is an error; with `--for`: all of those accept it"),
  kind: nullable(z.enum(kinds), "`null`: the manifest cannot be read"),
  name: nullable(text, "as the manifest says; `null`: it cannot be read"),
  version: nullable(text, "as the manifest says; `null`: it says none"),
  files: field(count, "how many"),
  bytes: field(count, "of all files together"),
  findings: list(Finding, "errors and warnings"),
  consumers: list(
    z.strictObject({
      id: field(text, "what `--for` takes"),
      name: field(text, "for people"),
      accepts: field(flag, "whether it would take the pak"),
      reasons: list(
        z.strictObject({ code: field(text, "of the finding"), message: field(text, "for people") }),
        "why not",
      ),
    }),
    "what each program that reads skills would say",
  ),
};
const Validation = named("Validation", z.strictObject(validation), "What was found in one pak.");

const fixed = {
  fixes: list(
    z.strictObject({
      path: field(text, "of the file, relative to the pak"),
      written: field(flag, "false with `--dry-run`"),
      changes: list(
        z.strictObject({ kind: field(text, "what kind of fix it is"), message: field(text, "for people") }),
        "what was mended",
      ),
      diff: field(text, 'unified; `""` when only line ends or a byte order mark changed'),
    }),
    "the files that were mended",
  ),
  not_fixed: nullable(ErrorValue, "why nothing could be mended"),
};
const ValidationWithFixes = named(
  "ValidationWithFixes",
  z.strictObject({ ...validation, ...fixed }),
  "What was mended in one pak, and what was found afterwards.",
);

const several = (pak: z.ZodMiniType) =>
  z.strictObject({
    path: field(text, "absolute path of the folder that was looked through, or of the repository"),
    valid: field(flag, "every pak is"),
    findings: list(Finding, "what is wrong between the paks"),
    paks: list(pak, "each pak that was found"),
  });

const release = {
  package: field(text, "`account/name`"),
  kind: field(z.enum(kinds), "what kind of pak it is"),
  version: field(text, "the one that is released"),
  previous_version: nullable(text, "as the manifest said before; `null`: it said none"),
  tag: field(text, "name of the git tag"),
  commit: nullable(text, "that the tag is on; `null`: it is not made yet"),
  digest: field(digest, "of the release's files"),
  registry: nullable(text, "base URL of the one that is told; `null` with `--skip-registry` and `--no-push`"),
  repository: field(text, "address that the release names"),
  path: field(text, 'of the pak in the repository; `""`: the top'),
  remote: field(text, "name of the git remote"),
  branch: field(text, "that is pushed to"),
  files: field(count, "how many the release has"),
  bytes: field(count, "of all files together"),
  overwrites: list(
    z.strictObject({
      remote: nullable(text, "where the tag is; `null`: in this repository"),
      tag: field(text, "its name"),
      object: field(text, "id of what it was"),
      commit: field(text, "that it was on"),
    }),
    "tags that `--force` overwrites",
  ),
  verified: field(flag, "the registry shows this very digest"),
  attempt: nullable(text, "id of the registry's attempt to index it; `null`: it was not asked"),
  steps: list(
    z.strictObject({
      step: field(z.enum(stepNames), "in this order"),
      state: field(z.enum(["todo", "done", "skipped"]), "`done`: now, by an earlier run, or there was nothing to do"),
    }),
    "how far it is",
  ),
  warnings: list(Finding, "what the checks found that stands in no way"),
  notes: list(text, "what is worth knowing, for people"),
};

const Release = named(
  "Release",
  z.strictObject({
    ...release,
    state: field(
      z.enum(["tagged", "pushed", "indexed", "already-published"]),
      "`tagged`: only on this machine; `pushed`: the registry has not confirmed it",
    ),
  }),
  "One release that was made.",
);

const planned = {
  ...release,
  state: field(z.literal("planned"), "nothing was changed"),
  tag_message: nullable(text, "what the tag would say; `null`: a lightweight tag says nothing"),
};
const commands = list(text, "lines for a shell that do the same");

const ReleasePlan = named("ReleasePlan", z.strictObject(planned), "One release that would be made.");

const FailedRelease = named(
  "FailedRelease",
  z.strictObject({
    package: nullable(text, "`account/name`, when that could be found out"),
    path: field(text, 'of the pak in the repository; `""`: the top'),
    version: nullable(text, "the one that was planned"),
    tag: nullable(text, "the one that was planned"),
    state: field(z.literal("failed"), "nothing of it is released"),
    error: field(ErrorValue, "why"),
  }),
  "One release that was not made.",
);

const batch = (made: z.ZodMiniType) => ({
  releases: list(z.union([made, FailedRelease]), "one for each pak that was chosen; `state` says which form it is"),
  released: field(
    count,
    "how many of them this run has released, or would release; not those that are `already-published`",
  ),
  failed: field(count, "how many of them failed"),
  unchanged: field(count, "how many paks of the repository were not chosen, or are `already-published`"),
  notes: list(text, "what is worth knowing, for people"),
});

const judged: readonly JsonExit[] = [
  [0, "`valid`"],
  [5, "not `valid`"],
];

export const authorOutputs: Readonly<Record<string, JsonOutput>> = {
  create: output(Created),
  init: output(Created),
  validate: outputs(
    {
      "one pak": [Validation, not(given("--fix", "--all", "--staged"))],
      "with `--fix`": [ValidationWithFixes, both(given("--fix"), not(given("--all")))],
      "with `--all` or `--staged`": [several(Validation), both(given("--all", "--staged"), not(given("--fix")))],
      "with `--all --fix`": [several(ValidationWithFixes), both(given("--all"), given("--fix"))],
    },
    judged,
  ),
  publish: outputs(
    {
      "one pak": [Release, not(given("--dry-run"))],
      "one pak, with `--dry-run`": [z.strictObject({ ...planned, commands }), given("--dry-run")],
      "one pak that is published already, with `--dry-run`": [
        z.strictObject({
          ...release,
          state: field(z.literal("already-published"), "there is nothing to do"),
          commands,
        }),
        given("--dry-run"),
      ],
      "several paks": [z.strictObject(batch(Release)), not(given("--dry-run"))],
      "several paks, with `--dry-run`": [
        z.strictObject({ ...batch(z.union([Release, ReleasePlan])), commands }),
        given("--dry-run"),
      ],
    },
    [
      [0, "released, planned, or released before"],
      ["code", "of several paks some failed: that of the first one"],
    ],
  ),
};
