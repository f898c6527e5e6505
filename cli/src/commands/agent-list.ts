import { detectTargets, listTargets } from "@paks/targets";
import { type AgentFacts, factsOf, placeHere } from "../agent-facts.ts";
import { defineCommand } from "../command.ts";
import { safe } from "../output/safe-text.ts";
import { formatTable } from "../output/table.ts";

export const agentList = defineCommand({
  command: "agent list",
  aliases: ["agent ls"],
  describe: "Show the coding tools that are here, or all that paks knows",
  examples: [
    ["paks agent list", "those that are on this machine or in this project"],
    ["paks agent list --all --json", "every one, for programs"],
  ],
  builder: (yargs) =>
    yargs.option("all", { type: "boolean", default: false, describe: "Also those that are not here" }),
  run: async (args, context) => {
    const targets = listTargets(context.config.agents);
    const place = await placeHere(context);
    const found = new Set((await detectTargets(place, targets)).map(({ id }) => id));
    const facts = await Promise.all(targets.map((target) => factsOf(context, target, found.has(target.id))));
    const shown = facts.filter((one) => args.all || one.detected || one.default || one.configured);
    return { data: { agents: shown }, text: textOf(shown, { all: args.all, known: targets.length }) };
  },
});

function textOf(
  agents: readonly AgentFacts[],
  { all, known }: { readonly all: boolean; readonly known: number },
): string {
  const more = all ? [] : [`hint: "paks agent list --all" shows all ${known} that paks knows.`];
  if (agents.length === 0) return ["No coding tool was found here.", ...more].join("\n");
  const table = formatTable(
    ["", "AGENT", "NAME", "PROJECT", "GLOBAL"],
    agents.map((one) => [
      one.default ? "*" : one.detected ? "✓" : "",
      one.id,
      safe(one.name),
      safe(one.project_dir ?? "–"),
      safe(one.global_dir ?? "–"),
    ]),
  );
  return [table, "✓ found here, * default", ...more].join("\n");
}
