import type { Argv } from "yargs";
import { type CommonArgs, defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { needingLock } from "../life/needs-lock.ts";
import { type Pinned, setPinned } from "../life/pin-paks.ts";
import { projectOnly, requireProject } from "./scope-options.ts";
import { safe } from "../output/safe-text.ts";

const names = (yargs: Argv<CommonArgs>) =>
  yargs.options(projectOnly).positional("name", {
    type: "string",
    array: true,
    demandOption: true,
    describe: "name, folder or account/name",
  });

export const pin = defineCommand({
  command: "pin <name..>",
  describe: "Keep update away from a pak of this project",
  examples: [["paks pin pdf-forms", "it stays at its version until paks unpin"]],
  builder: names,
  run: async (args, context) => resultOf(await pinned(context, args, true)),
});

export const unpin = defineCommand({
  command: "unpin <name..>",
  describe: "Let update change a pak again",
  examples: [["paks unpin pdf-forms", "the next paks update may change it"]],
  builder: names,
  run: async (args, context) => resultOf(await pinned(context, args, false)),
});

interface PinArgs {
  readonly name: readonly string[];
  readonly global: boolean;
}

async function pinned(context: Context, { name, global }: PinArgs, on: boolean): Promise<Pinned[]> {
  requireProject(global, on ? "pin" : "unpin", "no lock holds versions; leave it out of what you update by name");
  return await needingLock(context, () => setPinned(context, name, on));
}

const resultOf = (paks: readonly Pinned[]) => ({
  data: { paks },
  text: paks
    .map(({ name, version, pinned, changed }) => {
      const what = pinned ? `pinned to ${version ?? "what is installed"}` : "no longer pinned";
      return `✓ ${safe(name)} is ${changed ? "" : "already "}${safe(what)}`;
    })
    .join("\n"),
});
