import { PaksError, type Lock, formatPakId, lockFileName } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { safe } from "../output/safe-text.ts";
import { type Why, listReasons } from "../workspace/check-lock.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";

export const why = defineCommand({
  command: "why <pak>",
  describe: "Show what asks for a pak of this project",
  examples: [
    ["paks why acme/pdf-forms", "from paks.jsonc to the pak, step by step"],
    ["paks why pdf-forms --json", "for programs"],
  ],
  builder: (yargs) =>
    yargs.positional("pak", { type: "string", demandOption: true, describe: "account/name, or its folder's name" }),
  run: async (args, context) => {
    const { lock, lockFile, workspaceFile } = await findWorkspace(context);
    if (lockFile === undefined) throw noLock(workspaceFile !== undefined);
    const folder = requireFolder(lock, args.pak);
    const entry = lock.paks[folder]!;
    const reasons = listReasons(lock, folder);
    return {
      data: {
        folder,
        version: entry.version,
        source: entry.source,
        paths: reasons.map(({ path, isCycle }) => ({ path, cycle: isCycle })),
      },
      text: [`${safe(args.pak)} ${entry.version ?? "(no version)"}`, ...reasons.map(formatReason)].join("\n"),
    };
  },
});

const formatReason = ({ path, isCycle }: Why): string => {
  const steps = path.map((step) => safe(step)).join(" → ");
  if (isCycle) return `  ${steps} (a cycle)`;
  return path.length === 1 ? `  ${steps} (paks.jsonc)` : `  ${steps}`;
};

const noLock = (isWorkspace: boolean): PaksError =>
  new PaksError("PAK_NOT_FOUND", `There is no ${lockFileName} here, and it says what asks for a pak.`, {
    hint: isWorkspace ? "Make it: paks install." : "Run it in a project that has one; what is here: paks list --all.",
  });

function requireFolder(lock: Lock, name: string): string {
  if (Object.hasOwn(lock.paks, name)) return name;
  const found = Object.entries(lock.paks).find(
    ([, { resolved, source }]) =>
      source === name || (resolved.type === "registry" && (formatPakId(resolved) === name || resolved.name === name)),
  );
  if (found) return found[0];
  const folders = Object.keys(lock.paks);
  throw new PaksError("PAK_NOT_FOUND", `${name} is not in paks.lock.`, {
    hint: folders.length > 0 ? `It holds ${folders.slice(0, 20).join(", ")}.` : "It holds no paks.",
  });
}
