import { defineCommand } from "../command.ts";
import { capabilityChangeData, formatCapabilityChange } from "../life/capability-text.ts";
import { needingLock } from "../life/needs-lock.ts";
import { type RolledBack, rollbackPak } from "../life/rollback-pak.ts";
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
      .option("force", { type: "boolean", default: false, describe: "Also when files were edited; a copy is kept" })
      .option("allow-new-capabilities", {
        type: "boolean",
        default: false,
        describe: "Do not ask when that version can do more: new scripts, hosts, tools",
      }),
  run: async (args, context) => {
    requireProject(
      args.global,
      "rollback",
      "no lock remembers what was there before; install the version that you want with -g",
    );
    const { force, allowNewCapabilities } = args;
    const { local, moved, states, next, capabilities, ...done } = await needingLock(context, () =>
      rollbackPak(context, args.name, { force, allowNewCapabilities }),
    );
    const hint = hintOf({ local, next, ...done });
    return {
      data: {
        ...done,
        capabilities: capabilityChangeData(capabilities),
        ...movedData(moved),
        source: done.source ?? null,
      },
      text: [
        `✓ ${safe(done.name)} ${states.map((one) => safe(one)).join(" → ")}, verified`,
        ...formatCapabilityChange(capabilities),
        ...(done.source === undefined ? [] : [`  paks.jsonc asks for ${safe(done.source)} now`]),
        ...formatMoved(moved, context),
        ...done.removed.map((folder) => `✓ Removed ${safe(folder)}: nothing needs it any more`),
      ].join("\n"),
      ...(hint !== undefined && { next: `hint: ${hint}` }),
    };
  },
});

/** What becomes of it, where that can be said without asking anybody. */
function hintOf({ local, pinned, next, folder }: Pick<RolledBack, "local" | "pinned" | "next" | "folder">) {
  if (local !== undefined)
    return `the next install takes ${safe(local)} as it is then; to keep this, change it back there.`;
  if (pinned) return `it stays pinned, and no update touches it; let it go: paks unpin ${folder}`;
  if (next === undefined) return undefined;
  const what = next === "tip" ? "what its branch has then" : "the newer one again";
  return `the next update takes ${what}; keep this: paks pin ${folder}`;
}
