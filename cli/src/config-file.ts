import { PaksError } from "@paks/schema";
import { TomlError, parse } from "smol-toml";
import * as z from "zod/mini";

/** `config.toml`. Keys of newer versions are kept, so that an older paks can share the file. */
const ConfigFile = z.looseObject({
  default_agent: z.optional(z.string()),
  default_registry: z.optional(z.string()),
  offline: z.optional(z.boolean()),
  agents: z.optional(z.record(z.string(), z.looseObject({ name: z.optional(z.string()), skills_dir: z.string() }))),
  registries: z.optional(z.record(z.string(), z.looseObject({ url: z.string() }))),
});
/** Tokens that an older program kept here in plain text are not read: `paks login` puts one into the keychain. */
export type ConfigFile = z.infer<typeof ConfigFile>;

const invalid = (path: string, why: string, cause?: unknown): PaksError =>
  new PaksError("INVALID_PARAMETER", `The config file ${path} cannot be used: ${why}`, {
    hint: "Correct it or move it away.",
    cause,
  });

/** @throws PaksError INVALID_PARAMETER */
export function parseConfigFile(text: string, path: string): ConfigFile {
  let data: unknown;
  try {
    data = parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    throw invalid(`${path}:${error.line}:${error.column}`, "it is not TOML.", error);
  }
  const result = ConfigFile.safeParse(data);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw invalid(path, `${issue?.path.map(String).join(".") || "it"} has the wrong type.`, result.error);
}
