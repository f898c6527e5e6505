import * as z from "zod/mini";
import { authorOutputs } from "./author.ts";
import { type JsonOutput, field, list, optional, output, text } from "./field.ts";
import { machineOutputs } from "./machine.ts";
import { ErrorValue } from "./parts.ts";
import { projectOutputs } from "./project.ts";
import { registryOutputs } from "./registry.ts";

/** What every command of the table prints on stdout with `--json`, by its name. */
export const jsonOutputs: Readonly<Record<string, JsonOutput>> = {
  ...authorOutputs,
  ...projectOutputs,
  ...registryOutputs,
  ...machineOutputs,
};

/** What is printed instead when a command fails. The exit code is that of `error.code`. */
export const errorOutput = output(z.strictObject({ error: field(ErrorValue, "why") }));

/** `--help` and `help`, of paks, a group or a command. */
export const helpOutput = output(
  z.strictObject({
    commands: list(
      z.strictObject({
        name: field(text, "one word, or two"),
        usage: field(text, "what follows the name"),
        aliases: list(text, "other names"),
        describe: field(text, "what it does"),
        help: optional(text, "the whole text; when the help is about one command"),
      }),
      "those that the help is about",
    ),
  }),
);

export const versionOutput = output(z.strictObject({ version: field(text, "of paks") }));
