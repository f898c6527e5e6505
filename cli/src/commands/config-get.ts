import { PaksError } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { configDefaults, parseConfigKey } from "../config-keys.ts";
import { safe } from "../output/safe-text.ts";
import { formatConfigValue, listValues, readConfigTable } from "../read-config-table.ts";

export const configGet = defineCommand({
  command: "config get <key>",
  describe: "Print one value of the configuration",
  examples: [["paks config get default_registry", "exit 3 when it is not set, and what holds then"]],
  builder: (yargs) => yargs.positional("key", { type: "string", demandOption: true, describe: "For example offline" }),
  run: async (args, context) => {
    const { path, key: generic } = parseConfigKey(args.key);
    const key = path.join(".");
    const values = listValues(await readConfigTable(context.config.file));
    const found = values.find(([name]) => name === key);
    if (found === undefined) {
      const preset = configDefaults.get(generic) ?? null;
      const message = preset === null ? `${key} is not set.` : `${key} is not set; default: ${preset}.`;
      const hint = `Set it with "paks config set ${key} <value>".`;
      throw new PaksError("NOT_FOUND", message, { hint, details: { key, default: preset } });
    }
    return { data: { key, value: found[1] }, text: safe(formatConfigValue(found[1])) };
  },
});
