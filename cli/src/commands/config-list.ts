import { defineCommand } from "../command.ts";
import { configKeys } from "../config-keys.ts";
import { safe } from "../output/safe-text.ts";
import { formatTable } from "../output/table.ts";
import { formatConfigValue, listValues, readConfigTable } from "../read-config-table.ts";

export const configList = defineCommand({
  command: "config list",
  aliases: ["config ls"],
  describe: "Show the configuration file's values, or every key there is",
  examples: [
    ["paks config list", "what is set, and in which file"],
    ["paks config list --all", "every key and what it means"],
  ],
  builder: (yargs) => yargs.option("all", { type: "boolean", default: false, describe: "Every key there is" }),
  run: async (args, context) => {
    const { file, folders } = context.config;
    const values = listValues(await readConfigTable(file));
    const data = {
      file: file ?? null,
      folders,
      values: Object.fromEntries(values),
      ...(args.all ? { keys: configKeys } : {}),
    };
    const set = values.map(([key, value]) => [safe(key), safe(formatConfigValue(value))] as const);
    const text = [
      file === undefined ? `There is no configuration file yet; it would be in ${folders.config}.` : `In ${file}:`,
      ...(set.length > 0 ? [formatTable(["KEY", "VALUE"], set)] : file === undefined ? [] : [nothingSet(args.all)]),
      ...(args.all
        ? [
            "",
            formatTable(
              ["KEY", "TYPE", "MEANING"],
              configKeys.map((one) => [one.key, one.type, one.describe]),
            ),
          ]
        : []),
    ];
    return { data, text: text.join("\n") };
  },
});

const nothingSet = (all: boolean): string =>
  `nothing is set${all ? "" : "; every key that there is: paks config list --all"}`;
