import { PaksError } from "@paks/schema";
import { findTarget } from "@paks/targets";
import { defineCommand } from "../command.ts";
import { type ConfigEdit, changeConfig } from "../config-edit.ts";
import { safe } from "../output/safe-text.ts";

export const agentRemove = defineCommand({
  command: "agent remove <id>",
  aliases: ["agent rm"],
  describe: "Forget a coding tool of your own; what is installed for it stays",
  examples: [["paks agent remove mine", "one that was added with `paks agent add`"]],
  builder: (yargs) => yargs.positional("id", { type: "string", demandOption: true, describe: "Its id" }),
  run: async ({ id }, context) => {
    const known = findTarget(id);
    let defaults: readonly string[] = [];
    const { path } = await changeConfig(context, (file) => {
      if (!Object.hasOwn(file.agents ?? {}, id)) throw notYours(id, known?.id, Object.keys(file.agents ?? {}));
      // Without its folders it would be unknown, and every install would fail.
      defaults = known === undefined ? defaultsOf(file).filter((one) => one !== id) : defaultsOf(file);
      return [{ path: ["agents", id], value: undefined }, ...defaultEdits(file, defaults)];
    });
    const rest = known === undefined ? "" : `; paks' own row for ${known.name} is used again`;
    return {
      data: { action: "removed", id, default_agents: defaults, file: path },
      text: `✓ Removed ${id} from ${safe(path)}${rest}`,
    };
  },
});

interface Defaults {
  readonly default_agent?: string | undefined;
  readonly default_agents?: readonly string[] | undefined;
}

const defaultsOf = ({ default_agent, default_agents }: Defaults): readonly string[] =>
  default_agents ?? (default_agent === undefined ? [] : [default_agent]);

/** One is kept under the name that older programs read. */
export function defaultEdits(file: Defaults, ids: readonly string[]): ConfigEdit[] {
  const same = JSON.stringify(defaultsOf(file)) === JSON.stringify(ids);
  if (same) return [];
  return [
    { path: ["default_agent"], value: ids.length === 1 ? ids[0] : undefined },
    { path: ["default_agents"], value: ids.length > 1 ? ids : undefined },
  ];
}

function notYours(id: string, known: string | undefined, own: readonly string[]): PaksError {
  const hint = own.length === 0 ? "There are none of your own." : `Yours are ${own.join(", ")}.`;
  if (known !== undefined)
    return new PaksError("USAGE", `${known} is one that paks knows; it cannot be removed.`, { hint });
  return new PaksError("NOT_FOUND", `There is no agent "${id}" of your own.`, { hint });
}
