import { resolve } from "node:path";
import { parsePakName } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { scaffoldSkill } from "../scaffold.ts";
import { askMetadata, createdResult, scaffoldOptions } from "./scaffold-options.ts";

export const create = defineCommand({
  command: "create <name>",
  aliases: ["new"],
  describe: "Make a folder with a new skill",
  examples: [
    ["paks create pdf-forms", "in ./pdf-forms"],
    ["paks create pdf-forms -o skills/pdf-forms --with-scripts", "elsewhere, with a folder for scripts"],
    ["paks create deploy --template devops --license MIT --ci", "with a workflow that checks and publishes it"],
  ],
  builder: (yargs) =>
    scaffoldOptions(yargs)
      .positional("name", { type: "string", demandOption: true, describe: "Lower-case letters, digits and hyphens" })
      .option("output", { type: "string", alias: "o", requiresArg: true, describe: "The folder; default ./<name>" }),
  run: async (args, context) => {
    const name = parsePakName(args.name);
    const folder = resolve(context.cwd, args.output ?? name);
    const metadata = await askMetadata(context, args);
    return createdResult(context, await scaffoldSkill(folder, { ...args, ...metadata, name, newFolder: true }));
  },
});
