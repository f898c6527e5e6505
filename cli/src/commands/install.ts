import { relative } from "node:path";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { type Installed, installSources } from "../install/install.ts";
import { planScope } from "../install/scope.ts";
import { safe } from "../output/safe-text.ts";
import { copyOption, scopeOptions, splitAgents } from "./scope-options.ts";

export const install = defineCommand({
  command: "install <source..>",
  aliases: ["add", "i"],
  describe: "Verify a pak and put it where your coding tools look",
  examples: [
    ["paks install acme/pdf-forms", "the newest stable version, for the tools found here"],
    ["paks install acme/pdf-forms@^1.2 --agent claude-code", "a range, for one tool"],
    ['paks install "https://github.com/acme/skills#tag=v1.0.0&path=pdf"', "straight from a git tag"],
    ["paks install ./my-skill --global", "a folder, for all projects"],
  ],
  builder: (yargs) =>
    copyOption(scopeOptions(yargs))
      .positional("source", {
        type: "string",
        array: true,
        demandOption: true,
        describe: "account/name[@version], a git URL with #tag=…&path=…, or a folder",
      })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "Replace edited or foreign files and keep a copy of them",
      }),
  run: async (args, context) => {
    const { global, dir, copy } = args;
    const scope = await planScope(context, { agents: splitAgents(args.agent), global, dir, copy });
    const done = await installSources(context, args.source, { scope, force: args.force });
    return { data: { installed: done.map(dataOf) }, text: done.map((one) => textOf(one, context)).join("\n") };
  },
});

const dataOf = (one: Installed) => ({
  action: one.action,
  name: one.record.name,
  version: one.record.version,
  digest: one.record.digest,
  origin: one.record.origin,
  path: one.path,
  links: one.links,
  backups: one.backups,
  notes: one.notes,
});

const verbs = { installed: "Installed", replaced: "Replaced", unchanged: "Already there:" } as const;

function textOf(one: Installed, context: Context): string {
  const { record } = one;
  const name = record.origin.type === "registry" ? `${record.origin.account}/${record.origin.name}` : record.name;
  const from = one.action === "replaced" && one.previous?.version ? `${one.previous.version} → ` : "";
  const at = (path: string) => safe(relative(context.cwd, path) || path);
  return [
    `✓ ${verbs[one.action]} ${safe(name)} ${from}${record.version ?? "(no version)"}`,
    `  ${record.digest}  ${record.files.length} ${record.files.length === 1 ? "file" : "files"}, verified`,
    `  in ${at(one.path)}`,
    ...one.links.map((path) => `  linked from ${at(path)}`),
    ...one.backups.map((path) => `  a copy of what was there: ${at(path)}`),
    ...one.notes.map((note) => `⚠ ${safe(note)}`),
  ].join("\n");
}
