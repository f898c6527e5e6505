import { PaksError } from "@paks/schema";
import { listTargets } from "@paks/targets";
import { defineCommand } from "../command.ts";
import { changeConfig } from "../config-edit.ts";
import { requireTarget } from "../install/scope.ts";
import { safe } from "../output/safe-text.ts";
import { defaultEdits } from "./agent-remove.ts";
import { splitAgents } from "./scope-options.ts";

export const agentDefault = defineCommand({
  command: "agent default [id..]",
  describe: "Show, set or clear the coding tools that install uses when none is named",
  examples: [
    ["paks agent default", "which they are"],
    ["paks agent default claude-code cursor", "these two from now on"],
    ["paks agent default --clear", "those that are found, each time"],
  ],
  builder: (yargs) =>
    yargs
      .positional("id", { type: "string", array: true, describe: "Ids" })
      .option("clear", { type: "boolean", default: false, describe: "Remember none" }),
  run: async (args, context) => {
    const words = splitAgents(args.id);
    if (args.clear && words.length > 0) throw new PaksError("USAGE", "--clear takes no ids.");
    if (!args.clear && words.length === 0) return resultOf(context.config.defaultAgents, context.config.file);
    const targets = listTargets(context.config.agents);
    const ids = [...new Set(words.map((word) => requireTarget(word, targets).id))];
    const { path } = await changeConfig(context, (file) => defaultEdits(file, ids));
    return resultOf(ids, path);
  },
});

const resultOf = (ids: readonly string[], file: string | undefined) => ({
  data: { default_agents: ids, file: file ?? null },
  text:
    ids.length === 0
      ? "No agent is remembered: install uses those it finds."
      : `install uses ${safe(ids.join(", "))} when no --agent is given.`,
});
