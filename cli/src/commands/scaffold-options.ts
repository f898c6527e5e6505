import { relative } from "node:path";
import type { Argv } from "yargs";
import type { Result } from "../command.ts";
import type { Context } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import type { Scaffold } from "../scaffold.ts";

/** What `create` and `init` share. */
export const scaffoldOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option("description", { type: "string", requiresArg: true, describe: "What it does and when to use it" })
    .option("license", { type: "string", requiresArg: true, describe: "SPDX expression, e.g. Apache-2.0" })
    .option("with-scripts", { type: "boolean", default: false, describe: "Add a folder for programs" })
    .option("with-references", {
      type: "boolean",
      default: false,
      describe: "Add a folder for texts to look things up in",
    })
    .option("with-assets", {
      type: "boolean",
      default: false,
      describe: "Add a folder for files to use in the output",
    });

export function createdResult(context: Context, { folder, name, files }: Scaffold): Result {
  const place = relative(context.cwd, folder);
  const at = (path: string) => safe(place === "" ? path : `${place}/${path}`);
  return {
    data: { name, path: folder, files },
    text: [
      ...files.map((path) => `✓ Created ${at(path)}`),
      "",
      `Next: write the instructions in ${at("SKILL.md")}, then run paks validate --strict${place === "" ? "" : ` ${safe(place)}`}`,
    ].join("\n"),
  };
}
