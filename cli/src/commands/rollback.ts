import { defineCommand } from "../command.ts";
import { rollbackPak } from "../life/rollback-pak.ts";
import { projectOnly, requireProject } from "./scope-options.ts";
import { formatMoved, movedData } from "../output/moved.ts";
import { safe } from "../output/safe-text.ts";

export const rollback = defineCommand({
  command: "rollback <name>",
  describe: "Put back the version that the lock says was there before",
  examples: [
    ["paks rollback pdf-forms", "after an update that did not work out"],
    ["paks rollback pdf-forms && paks pin pdf-forms", "and keep it there"],
  ],
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "name, folder or account/name" })
      .options(projectOnly)
      .option("force", { type: "boolean", default: false, describe: "Also when files were edited; a copy is kept" }),
  run: async (args, context) => {
    requireProject(
      args.global,
      "rollback",
      "no lock remembers what was there before; install the version that you want with -g",
    );
    const { local, moved, states, ...done } = await rollbackPak(context, args.name, { force: args.force });
    const next =
      local === undefined
        ? `the next update takes the newer one again; keep this: paks pin ${done.folder}`
        : `the next install takes ${safe(local)} as it is then; to keep this, change it back there.`;
    return {
      data: { ...done, ...movedData(moved), source: done.source ?? null },
      text: [
        `✓ ${safe(done.name)} ${states.map((one) => safe(one)).join(" → ")}, verified`,
        ...(done.source === undefined ? [] : [`  paks.jsonc asks for ${safe(done.source)} now`]),
        ...formatMoved(moved, context),
        ...done.removed.map((folder) => `✓ Removed ${safe(folder)}: nothing needs it any more`),
      ].join("\n"),
      ...(done.source === undefined && { next: `hint: ${next}` }),
    };
  },
});
