import { defineCommand } from "../command.ts";
import { formatFindings } from "../output/findings.ts";
import { safe } from "../output/safe-text.ts";
import { type Validation, validatePak } from "../validate-pak.ts";

export const validate = defineCommand({
  command: "validate [path]",
  aliases: ["check"],
  describe: "Check a pak's manifest and files",
  examples: [
    ["paks validate", "what installing and indexing demand, in this folder"],
    ["paks validate skills/pdf --strict", "what publishing demands, tool by tool"],
  ],
  builder: (yargs) =>
    yargs
      .positional("path", { type: "string", default: ".", describe: "The pak's folder, or its manifest" })
      .option("strict", { type: "boolean", default: false, describe: "Demand what publishing demands" }),
  run: async (args, context) => {
    const validation = await validatePak(args.path, { cwd: context.cwd, strict: args.strict });
    return { data: dataOf(validation), text: textOf(validation), exit: validation.valid ? 0 : 5 };
  },
});

const dataOf = ({ folder, profile, valid, manifest, findings, files, bytes }: Validation) => ({
  path: folder,
  profile,
  valid,
  kind: manifest?.kind ?? null,
  name: manifest?.name ?? null,
  version: manifest?.version ?? null,
  files,
  bytes,
  findings,
});

function textOf({ valid, profile, manifest, findings, files, bytes }: Validation): string {
  const errors = findings.filter((finding) => finding.severity === "error").length;
  const warnings = findings.length - errors;
  const name =
    manifest === undefined
      ? "This pak"
      : [manifest.name, manifest.version]
          .filter(Boolean)
          .map((one) => safe(one!))
          .join(" ");
  const counts = [count(errors, "error"), count(warnings, "warning")].filter((one) => one !== "").join(", ");
  const verdict = valid
    ? `✓ ${name} is valid (${profile})${counts === "" ? "" : `, with ${counts}`}: ${count(files, "file")}, ${bytes} bytes`
    : `✗ ${name} is not valid (${profile}): ${counts}`;
  return findings.length === 0 ? verdict : `${formatFindings(findings)}\n${verdict}`;
}

const count = (number: number, what: string): string =>
  number === 0 ? "" : `${number} ${what}${number === 1 ? "" : "s"}`;
