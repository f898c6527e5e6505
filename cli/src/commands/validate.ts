import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { usageError } from "../usage-error.ts";
import { judgePak, readPak } from "../validate-pak.ts";
import { consumerIds, parseConsumers } from "../validate/consumer-ids.ts";
import { judgeFor, resultOf } from "../validate/report.ts";

export const validate = defineCommand({
  command: "validate [path]",
  aliases: ["check"],
  describe: "Check a pak's manifest and files",
  examples: [
    ["paks validate", "what installing and indexing demand, in this folder"],
    ["paks validate skills/pdf --strict", "what publishing demands"],
    ["paks validate --for claude-code,cursor", "whether these tools would take it"],
    ["paks validate --fix", "mend quotes, line ends, name and version; shows the diff"],
    ["paks validate --all --strict", "every pak of the repository, in one table"],
    ["paks validate --staged", "what git would commit now; for a pre-commit hook"],
  ],
  builder: (yargs) =>
    yargs
      .positional("path", { type: "string", default: ".", describe: "The pak's folder, or its manifest" })
      .option("strict", { type: "boolean", default: false, describe: "Demand what publishing demands" })
      .option("for", {
        type: "array",
        string: true,
        requiresArg: true,
        describe: `Only what these say: ${Object.keys(consumerIds).join(", ")}`,
      })
      .option("fix", { type: "boolean", default: false, describe: "Mend the manifest and show what was changed" })
      .option("dry-run", { type: "boolean", default: false, describe: "With --fix: show it, change nothing" })
      .option("all", { type: "boolean", default: false, describe: "Every pak in the folder and below" })
      .option("allow-secret", {
        type: "string",
        array: true,
        nargs: 1,
        default: [],
        describe: "Fingerprint of a finding that is no secret; may be repeated",
      })
      .option("staged", { type: "boolean", default: false, describe: "Every pak as it is staged in git's index" }),
  run: async (args, context) => {
    const wanted = parseConsumers(args.for);
    const { path, fix, dryRun, all, staged, allowSecret: allowedSecrets } = args;
    if (fix && staged)
      throw usageError("--fix mends files, and --staged looks at none: fix, then git add.", "validate");
    if (dryRun && !fix) throw usageError("--dry-run needs --fix.", "validate");
    // What one consumer refuses is only looked for in the strict profile.
    const strict = args.strict || wanted.length > 0;
    if (all || staged) {
      const { validateMany } = await import("../validate/many.ts");
      return await validateMany(context, { path, staged, strict, wanted, fix, dryRun, allowedSecrets });
    }
    const options = { strict, wanted, allowedSecrets };
    if (fix) return await fixOne(context, path, { ...options, dryRun });
    return resultOf(judgeFor(judgePak(await readPak(path, context), options), wanted));
  },
});

interface FixOptions {
  readonly strict: boolean;
  readonly wanted: readonly string[];
  readonly allowedSecrets: readonly string[];
  readonly dryRun: boolean;
}

/** The exit code is about what is on the disk in the end. */
async function fixOne(context: Context, path: string, options: FixOptions) {
  const { wanted, dryRun } = options;
  const { fixPak, fixesData, formatFixes } = await import("../validate/fix.ts");
  const fixed = await fixPak(context, await readPak(path, context), dryRun);
  const result = resultOf(judgeFor(judgePak(fixed.pak, options), wanted));
  const shown = formatFixes(fixed, context.cwd);
  return {
    ...result,
    data: { ...result.data, ...fixesData(fixed) },
    text: `${shown === "" ? "✓ Nothing to fix" : shown}\n${result.text}`,
  };
}
