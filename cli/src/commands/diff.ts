import { compareCapabilities, readCapabilities } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { capabilityChangeData, formatCapabilityChange } from "../life/capability-text.ts";
import { readComparedSides } from "../life/compared-sides.ts";
import {
  changeData,
  defaultCaps,
  formatFileDiffs,
  formatFileList,
  fullCaps,
  listFileChanges,
} from "../life/file-changes.ts";
import { type DiffSide, readInstalledSides } from "../life/installed-sides.ts";
import { safe } from "../output/safe-text.ts";
import { withRegistryWish } from "../workspace/with-registry-wish.ts";

export const diff = defineCommand({
  command: "diff <a> [b]",
  describe: "Compare two releases, or what is installed with its release",
  examples: [
    ["paks diff acme/pdf@1.0.0 acme/pdf@1.1.0", "files and what the pak can do"],
    ["paks diff acme/pdf@1.0.0 2.0.0", "the same pak"],
    ["paks diff pdf 2.0.0", "what is installed with another version of it"],
    ["paks diff pdf", "what was edited since it was installed"],
    ["paks diff ./pdf acme/pdf", "a folder with the newest release"],
  ],
  builder: (yargs) =>
    yargs
      .positional("a", { type: "string", demandOption: true, describe: "A source, or the name of an installed pak" })
      .positional("b", { type: "string", describe: "A source, or a version of the first one" })
      .option("name-only", { type: "boolean", default: false, describe: "Only which files differ" })
      .option("full", { type: "boolean", default: false, describe: "Also more lines than fit on some screens" })
      .option("global", {
        type: "boolean",
        alias: "g",
        default: false,
        describe: "What is installed for all projects",
      })
      .option("dir", { type: "string", describe: "What is installed in this folder" }),
  run: async (args, context) => {
    const { global, dir } = args;
    const where = { global, dir };
    const [before, after] =
      args.b === undefined
        ? await readInstalledSides(context, args.a, where)
        : await context.progress("Fetching", async () =>
            // What is installed elsewhere is no project's.
            readComparedSides(
              global || dir !== undefined ? context : await withRegistryWish(context),
              [args.a, args.b!],
              where,
            ),
          );
    const changes = listFileChanges(before.files, after.files);
    const capabilities = compareCapabilities(readCapabilities(before.files), readCapabilities(after.files));
    const shown = args.nameOnly
      ? formatFileList(changes)
      : formatFileDiffs(changes, args.full ? fullCaps : defaultCaps);
    return {
      data: {
        before: dataOf(before),
        after: dataOf(after),
        files: changes.map(changeData),
        capabilities: capabilityChangeData(capabilities),
      },
      text:
        changes.length === 0
          ? `${safe(before.label)} and ${safe(after.label)} hold the same files.`
          : [...shown, ...formatCapabilityChange(capabilities)].join("\n"),
    };
  },
});

const dataOf = ({ label, version, digest }: DiffSide) => ({ source: label, version, digest });
