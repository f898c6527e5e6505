import { errorCodes } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { type Diagnosis, diagnose } from "../diagnose.ts";
import { formatTable } from "../output/table.ts";
import { safe } from "../output/safe-text.ts";

export const doctor = defineCommand({
  command: "doctor",
  describe: "Check everything paks needs: git, registry, keychain, agents, folders, configuration",
  examples: [["paks doctor", "when something does not work"]],
  builder: (yargs) => yargs,
  run: async (_args, context) => {
    const rows = await context.progress("Looking around", async () => await diagnose(context));
    const failed = rows.find((row) => row.state === "fail");
    return {
      data: { ok: failed === undefined, checks: rows.map(dataOf) },
      text: textOf(rows),
      exit: failed === undefined ? 0 : errorCodes[failed.code ?? "INTERNAL"].exit,
    };
  },
});

const dataOf = ({ name, state, detail, code, hint }: Diagnosis) => ({
  name,
  state,
  detail,
  ...(code === undefined ? {} : { code }),
  ...(hint === undefined ? {} : { hint }),
});

const marks = { ok: "✓", warn: "⚠", fail: "✗" } as const;

function textOf(rows: readonly Diagnosis[]): string {
  const table = formatTable(
    ["", "CHECK", "RESULT"],
    rows.map((row) => [marks[row.state], row.name, row.detail]),
  );
  const hints = rows.flatMap((row) =>
    row.state === "ok" || row.hint === undefined ? [] : [`hint: ${row.name}: ${safe(row.hint)}`],
  );
  return [table, ...hints].join("\n");
}
