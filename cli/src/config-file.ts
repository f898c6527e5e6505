import { isAbsolute } from "node:path";
import { PaksError } from "@paks/schema";
import { TomlError, parse } from "smol-toml";
import * as z from "zod/mini";

/** A relative one would be another folder in every place. */
const AgentFolder = z
  .string()
  .check(z.refine((path) => path.startsWith("~/") || isAbsolute(path), "is a path that begins with ~/ or /"));
const ProjectFolder = z
  .string()
  .check(
    z.refine(
      (path) => !isAbsolute(path) && !/(^|[/\\])\.\.([/\\]|$)|^$/.test(path),
      "is a path below a project's folder, without .. in it",
    ),
  );

/** A tool of the user's own, or what is different for one that paks knows. */
const Agent = z.looseObject({
  name: z.optional(z.string()),
  skills_dir: z.optional(AgentFolder),
  project_dir: z.optional(ProjectFolder),
  layout: z.optional(z.enum(["name", "account/name"], 'is "name" or "account/name"')),
});

/** `config.toml`. Keys of newer versions are kept, so that an older paks can share the file. */
const ConfigFile = z.looseObject({
  default_agent: z.optional(z.string()),
  /** For more than one; it goes before `default_agent`. */
  default_agents: z.optional(z.array(z.string())),
  default_registry: z.optional(z.string()),
  offline: z.optional(z.boolean()),
  agents: z.optional(z.record(z.string(), Agent)),
  registries: z.optional(
    z.record(
      z.string(),
      z.looseObject({
        url: z.string(),
        accounts: z.optional(z.array(z.string())),
        auth_required: z.optional(z.boolean()),
      }),
    ),
  ),
  /** For https. `HTTPS_PROXY` and `NO_PROXY` of the environment go first. */
  proxy: z.optional(z.string()),
  no_proxy: z.optional(z.string()),
  /** PEM file with certificates that are trusted besides Node's own. */
  ca_file: z.optional(z.string()),
  update_notice: z.optional(z.boolean()),
  cache: z.optional(
    z.looseObject({
      dir: z.optional(z.string()),
      /** Seconds, or a text such as "10m". */
      ttl: z.optional(z.union([z.number(), z.string()])),
      /** Bytes, or a text such as "500MB". */
      max_size: z.optional(z.union([z.number(), z.string()])),
    }),
  ),
});
/** Tokens that an older program kept here in plain text are not read: `paks login` puts one into the keychain. */
export type ConfigFile = z.infer<typeof ConfigFile>;

const invalid = (path: string, why: string, { hint, cause }: { hint: string; cause: unknown }): PaksError =>
  new PaksError("INVALID_PARAMETER", `The config file ${path} cannot be used: ${why}`, {
    hint,
    cause,
  });

const correct = "Correct it or move it away.";

/** Whatever it holds. @throws PaksError INVALID_PARAMETER for what is not TOML */
export function parseConfigToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw invalid(`${path}:${error.line}:${error.column}`, "it is not TOML.", { hint: correct, cause: error });
  }
}

/** @throws PaksError INVALID_PARAMETER */
export function parseConfigFile(text: string, path: string): ConfigFile {
  const data = parseConfigToml(text, path);
  const result = ConfigFile.safeParse(data);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const key = issue?.path.filter((part) => typeof part === "string").join(".");
  throw invalid(path, `${issue?.path.map(String).join(".") || "it"} has the wrong type or form.`, {
    hint: key ? `Correct it, or remove it: paks config unset ${key}` : correct,
    cause: result.error,
  });
}

/**
 * Of a value that is being set: the file is as good as before, and the value is wrong.
 * @throws PaksError INVALID_PARAMETER
 */
export function requireFitting(data: Record<string, unknown>, key: readonly string[]): void {
  const issues = ConfigFile.safeParse(data).error?.issues ?? [];
  const issue = issues.find(({ path }) => key.every((part, at) => part === path[at]));
  if (issue === undefined) return;
  const value = key.reduce<unknown>((table, part) => (table as Record<string, unknown>)[part], data);
  const said = issue.message.startsWith("is ") ? `: it ${issue.message}` : "";
  throw new PaksError("INVALID_PARAMETER", `${key.join(".")} cannot be ${JSON.stringify(value)}${said}.`);
}
