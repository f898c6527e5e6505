import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { findPlace } from "../life/places.ts";
import { type RemoveResult, removePaks } from "../life/remove-paks.ts";
import { formatMoved, movedData } from "../output/moved.ts";
import { safe } from "../output/safe-text.ts";

export const remove = defineCommand({
  command: "remove <name..>",
  aliases: ["rm", "uninstall"],
  describe: "Remove exactly what was installed, links and unneeded dependencies included",
  examples: [
    ["paks remove pdf-forms", "from this project, its paks.jsonc and its lock"],
    ["paks remove acme/pdf-forms --global", "from all projects"],
  ],
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", array: true, demandOption: true, describe: "name, folder or account/name" })
      .option("global", { type: "boolean", alias: "g", default: false, describe: "From all projects" })
      .option("dir", { type: "string", describe: "From this folder" })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "Also when files were edited or the record is broken; a copy is kept",
      }),
  run: async (args, context) => {
    const place = await findPlace(context, args);
    const result = await removePaks(context, place, { names: args.name, force: args.force });
    return {
      data: {
        removed: result.removed.map(({ moved, ...one }) => ({ ...one, ...movedData(moved) })),
        kept_as_dependency: result.kept,
      },
      text: textOf(result, context),
    };
  },
});

const textOf = ({ removed, kept }: RemoveResult, context: Context): string =>
  [
    ...removed.flatMap(({ name, version, dependency, moved }) => [
      `✓ Removed ${safe(name)} ${version ?? ""}`.trimEnd() + (dependency ? " (nothing needs it any more)" : ""),
      ...formatMoved(moved, context),
    ]),
    ...kept.map(({ name }) => `✓ ${safe(name)} is no longer asked for; it stays because other paks need it`),
  ].join("\n");
