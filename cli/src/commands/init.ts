import { basename, resolve } from "node:path";
import { PaksError, isPaksError, parsePakName } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { scaffoldSkill } from "../scaffold.ts";
import { askMetadata, createdResult, scaffoldOptions } from "./scaffold-options.ts";

export const init = defineCommand({
  command: "init [name]",
  describe: "Put a new SKILL.md into this folder",
  examples: [
    ["paks init", "the skill is named after the folder"],
    ["paks init pdf-forms -o skills/pdf-forms", "another name and folder"],
  ],
  builder: (yargs) =>
    scaffoldOptions(yargs)
      .positional("name", { type: "string", describe: "The skill's name; default: the folder's" })
      .option("output", { type: "string", alias: "o", requiresArg: true, describe: "The folder; default: this one" }),
  run: async (args, context) => {
    const folder = resolve(context.cwd, args.output ?? ".");
    const name = args.name === undefined ? nameOfFolder(folder) : parsePakName(args.name);
    const metadata = await askMetadata(context, args);
    return createdResult(context, await scaffoldSkill(folder, { ...args, ...metadata, name, newFolder: false }));
  },
});

function nameOfFolder(folder: string): string {
  try {
    return parsePakName(basename(folder));
  } catch (error) {
    if (!isPaksError(error)) throw error;
    throw new PaksError(error.code, "The folder's name cannot be the skill's name.", {
      hint: "Name the skill: paks init my-skill",
      cause: error,
    });
  }
}
