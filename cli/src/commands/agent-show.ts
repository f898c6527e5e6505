import { detectTargets, listTargets } from "@paks/targets";
import { type AgentFacts, factsOf, placeHere } from "../agent-facts.ts";
import { defineCommand } from "../command.ts";
import { requireTarget } from "../install/scope.ts";
import { safe } from "../output/safe-text.ts";

export const agentShow = defineCommand({
  command: "agent show <id>",
  describe: "Show where one coding tool looks for skills",
  examples: [["paks agent show claude-code", "folders, variables and whether it is here"]],
  builder: (yargs) => yargs.positional("id", { type: "string", demandOption: true, describe: "Id or alias" }),
  run: async (args, context) => {
    const target = requireTarget(args.id, listTargets(context.config.agents));
    const found = await detectTargets(await placeHere(context), [target]);
    const facts = await factsOf(context, target, found.length > 0);
    return { data: facts, text: textOf(facts) };
  },
});

function textOf(one: AgentFacts): string {
  const rows: [string, string | null][] = [
    ["in a project", one.project_dir],
    ["for all projects", one.global_dir],
    ["its own folder", one.own_global_dir === one.global_dir ? null : one.own_global_dir],
    ["found by", one.detected_by.join(", ") || null],
    ["moved by", one.environment.join(", ") || null],
    ["also called", one.aliases.join(", ") || null],
    ["below it", one.layout === "account/name" ? "<account>/<name>" : null],
    ["note", one.note],
  ];
  const state = [one.detected ? "found here" : "not found here", ...(one.default ? ["default"] : [])].join(", ");
  const lines = rows.flatMap(([what, value]) => (value === null ? [] : [`  ${what.padEnd(16)}  ${safe(value)}`]));
  return [`${safe(one.name)} (${one.id}): ${state}`, ...lines].join("\n");
}
