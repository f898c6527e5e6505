import * as z from "zod/mini";
import { shells } from "../completions/scripts.ts";
import {
  type JsonOutput,
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
import { errorCode } from "./parts.ts";

const file = field(text, "absolute path of the configuration file");
const layout = z.enum(["name", "account/name"]);

const Agent = named(
  "Agent",
  z.strictObject({
    id: field(text, "what `--agent` takes"),
    name: field(text, "for people"),
    aliases: list(text, "other words that `--agent` takes"),
    project_dir: nullable(text, "relative to a project; `null`: it reads none there"),
    global_dir: nullable(text, "absolute; `null`: it reads only projects"),
    own_global_dir: nullable(text, "its own, where `global_dir` is the folder that many tools share"),
    layout: field(layout, "how paks lie in its folder"),
    copy_only: field(flag, "it follows no links"),
    detected_by: list(text, "paths that show that it is here"),
    dependency: nullable(text, "what package.json has to name as well"),
    environment: list(text, "variables that move its folders"),
    detected: field(flag, "it is on this machine or in this project"),
    default: field(flag, "`install` uses it when no `--agent` is given"),
    configured: field(flag, "the configuration says something about it"),
    note: nullable(text, "what is worth knowing, for people"),
  }),
  "A coding tool.",
);

const agents = list(text, "ids that `install` uses when no `--agent` is given; empty: those that are found");

const agentOutputs: Readonly<Record<string, JsonOutput>> = {
  "agent list": output(
    z.strictObject({ agents: list(Agent, "those that are here; with `--all` all that paks knows") }),
  ),
  "agent show": output(Agent),
  "agent default": output(
    z.strictObject({
      default_agents: agents,
      file: nullable(text, "absolute path of the configuration file; `null`: there is none"),
    }),
  ),
  "agent add": output(
    z.strictObject({
      action: field(z.enum(["added", "changed"]), "`changed`: the configuration said something about it before"),
      id: field(text, "what `--agent` takes"),
      name: optional(text, "when it was given"),
      skills_dir: optional(text, "for all projects; when it was given"),
      project_dir: optional(text, "in a project; when it was given"),
      layout: optional(layout, "when it was given"),
      file,
    }),
  ),
  "agent remove": output(
    z.strictObject({
      action: field(z.literal("removed"), "what was done"),
      id: field(text, "what was removed"),
      default_agents: agents,
      file,
    }),
  ),
};

const value = z.union([text, flag, z.number(), z.array(text)]);
const key = field(text, "dotted");
const changed = field(flag, "false: it was so before");

const values = {
  file: nullable(text, "absolute path of the configuration file; `null`: there is none"),
  folders: field(
    z.strictObject({
      config: field(text, "of the configuration"),
      state: field(text, "of what paks remembers"),
      cache: field(text, "of what was fetched"),
    }),
    "absolute paths of paks' own folders",
  ),
  values: field(z.record(z.string(), value), "dotted key → value, all that the file says"),
};

const configOutputs: Readonly<Record<string, JsonOutput>> = {
  "config get": output(z.strictObject({ key, value: field(value, "as the file says") })),
  "config set": output(z.strictObject({ key, value: field(value, "what it is now"), changed, file })),
  "config unset": output(z.strictObject({ key, changed, file })),
  "config list": outputs({
    "without `--all`": [z.strictObject(values), not(given("--all"))],
    "with `--all`": [
      z.strictObject({
        ...values,
        keys: list(
          z.strictObject({
            key: field(text, "dotted; `<…>` stands for a name"),
            type: field(z.enum(["text", "yes or no", "list"]), "what its value is"),
            describe: field(text, "what it means"),
          }),
          "every key there is",
        ),
      }),
      given("--all"),
    ],
  }),
};

const registryName = field(text, "what you call it");
const url = field(text, "base URL");

const known = { name: nullable(text, "`null`: it is only an address"), url };
const isSet = (words: readonly string[]): boolean =>
  given("--unset")(words) || words[words.indexOf("default") + 1]?.startsWith("-") === false;

const registryOutputs: Readonly<Record<string, JsonOutput>> = {
  "registry add": output(
    z.strictObject({
      name: registryName,
      url,
      accounts: list(text, "the accounts that were given: looked up there and nowhere else"),
      default: field(flag, "`--default` was given"),
      file,
    }),
  ),
  "registry remove": output(
    z.strictObject({ name: registryName, was_default: field(flag, "the built-in one is the default again"), file }),
  ),
  "registry list": output(
    z.strictObject({
      registries: list(
        z.strictObject({
          name: nullable(text, "what you call it; `null`: it is only an address"),
          url,
          accounts: list(text, "looked up there and nowhere else"),
          default: field(flag, "all other names are looked up there"),
        }),
        "every one that is known",
      ),
      used: field(
        z.strictObject({
          url,
          from: field(z.enum(["flag", "environment", "project", "config", "default"]), "who chose it"),
        }),
        "the one that commands use now",
      ),
    }),
  ),
  "registry default": outputs({
    "without a name": [z.strictObject(known), not(isSet)],
    "with a name or `--unset`": [z.strictObject({ ...known, file }), isSet],
  }),
};

const kept = z.strictObject({ count: field(count, "how many"), bytes: field(count, "of all of them") });

const cacheOutputs: Readonly<Record<string, JsonOutput>> = {
  "cache info": output(
    z.strictObject({
      folder: field(text, "absolute path"),
      bytes: field(count, "of everything in it"),
      max_bytes: field(count, "what the releases may take together"),
      ttl: field(count, "seconds that an answer is used without asking again"),
      releases: field(kept, "fetched releases"),
      answers: field(kept, "answers of registries"),
      code: field(
        kept,
        "compiled code, which makes the next start of paks on Node faster; the standalone executable keeps none",
      ),
    }),
  ),
  "cache clean": output(
    z.strictObject({
      dry_run: field(flag, "nothing was deleted"),
      files: field(count, "how many were deleted, or would be"),
      bytes: field(count, "of all of them"),
    }),
  ),
};

export const machineOutputs: Readonly<Record<string, JsonOutput>> = {
  ...agentOutputs,
  ...configOutputs,
  ...registryOutputs,
  ...cacheOutputs,
  doctor: output(
    z.strictObject({
      ok: field(flag, "no check failed"),
      checks: list(
        z.strictObject({
          name: field(text, "what was looked at"),
          state: field(z.enum(["ok", "warn", "fail"]), "what came of it"),
          detail: field(text, "for people"),
          code: optional(errorCode, "of a failure: a row of [the table of codes](errors.md#codes)"),
          hint: optional(text, "what to do about it, where there is something"),
        }),
        "everything that paks needs",
      ),
    }),
    [
      [0, "`ok`"],
      ["code", "not `ok`: that of the first failure"],
    ],
  ),
  completions: output(
    z.strictObject({ shell: field(z.enum(shells), "which shell"), script: field(text, "for it to read") }),
  ),
};
