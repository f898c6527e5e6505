import { defineCommand } from "../command.ts";
import { installLocked } from "../install/ci.ts";
import { isChanged } from "../install/install.ts";
import { tellSameNames } from "../install/same-names.ts";
import { formatInstalled, installedData } from "../output/installed.ts";
import { formatMended } from "../output/mended.ts";
import { copyOption, splitAgents } from "./scope-options.ts";

export const ci = defineCommand({
  command: "ci",
  describe: "Install exactly what paks.lock says, every byte verified",
  examples: [
    ["paks ci", "in a pipeline, or after a clone"],
    ["paks ci --agent claude-code", "also linked for one tool"],
  ],
  builder: (yargs) =>
    copyOption(
      yargs.option("agent", {
        type: "string",
        array: true,
        alias: "a",
        describe: "Coding tools, by id (default: those of the lock, or those found here)",
      }),
    ).option("force", { type: "boolean", default: false, describe: "Replace edited files and keep a copy of them" }),
  run: async (args, context) => {
    const done = await installLocked(context, {
      agents: splitAgents(args.agent),
      copy: args.copy ? true : undefined,
      force: args.force,
    });
    const result = await tellSameNames(done);
    const changed = result.installed.filter(isChanged);
    const count = `${result.installed.length} ${result.installed.length === 1 ? "pak" : "paks"}`;
    const mended = result.installed.filter((one) => !isChanged(one) && (one.mended ?? []).length > 0);
    const state = mended.length > 0 ? `; ${mended.length} put right` : changed.length === 0 ? "; all were there" : "";
    const summary = `✓ ${count} as in paks.lock, verified${state}`;
    return {
      data: installedData(result),
      text: [
        formatInstalled({ ...result, installed: changed }, context),
        ...mended.map((one) => formatMended(one, context)),
        summary,
      ]
        .filter(Boolean)
        .join("\n"),
    };
  },
});
