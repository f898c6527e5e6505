import { defineCommand } from "../command.ts";
import { type AuditFinding, type Audited, auditRows, exitOfFindings } from "../life/audit-paks.ts";
import { type ListRow, listPlaces, rowName, rowVersion } from "../life/list-paks.ts";
import { nothingInstalled } from "../life/nothing.ts";
import { findPlaces } from "../life/places.ts";
import { withHintsOnce } from "../life/problem.ts";
import { recordEntry } from "../life/record-entry.ts";
import { stateName } from "../life/state-names.ts";
import { safe } from "../output/safe-text.ts";
import { usageError } from "../usage-error.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";
import { placeOptions } from "./scope-options.ts";

export const audit = defineCommand({
  command: "audit",
  describe: "Look for what should not stay: withdrawn, changed or moved releases, and licences",
  examples: [
    ["paks audit", "this project"],
    ["paks audit --licenses MIT,Apache-2.0", "and every other licence is a fault"],
    ["paks audit --all --strict --json", "also what is installed for all projects; warnings count"],
  ],
  builder: (yargs) =>
    placeOptions(yargs)
      .option("licenses", { type: "string", array: true, describe: "Licences that are allowed, as SPDX names" })
      .option("strict", { type: "boolean", default: false, describe: "Warnings fail as well" }),
  run: async (args, context) => {
    const licenses = readLicenses(args.licenses);
    const places = await findPlaces(context, args);
    const wish = places.some(({ locked }) => locked) ? (await findWorkspace(context)).workspace.registry : undefined;
    const rows = await listPlaces(context, places);
    const audited = await context.progress("Asking where they came from", (step) =>
      auditRows(context, rows, { wish, licenses, step }),
    );
    const findings = audited.flatMap((one) => one.findings);
    const { offline } = context.config;
    return {
      data: {
        ok: exitOfFindings(findings, args.strict) === 0,
        offline,
        paks: audited.map(({ row, license, registry }) => ({
          name: rowName(row),
          folder: row.folder,
          scope: row.place.scope,
          version: rowVersion(row),
          license,
          registry,
        })),
        findings: findings.map((one) => ({ ...one, hint: one.hint ?? null })),
      },
      text: textOf(findings, audited, offline),
      exit: exitOfFindings(findings, args.strict),
    };
  },
});

/** An empty list would make every licence a fault. @throws PaksError USAGE */
function readLicenses(given: readonly string[] | undefined): string[] | undefined {
  const names = given?.flatMap((one) => one.split(",")).flatMap((one) => one.trim() || []);
  if (names?.length === 0) throw usageError("--licenses needs a value.", "audit");
  return names;
}

/** A version, or the short commit of what has none. */
function pointOf({ pak, locked }: ListRow): string {
  const entry = pak === undefined ? locked : recordEntry(pak.record);
  return entry === undefined ? "" : ` ${stateName(entry)}`;
}

function textOf(findings: readonly AuditFinding[], audited: readonly Audited[], offline: boolean): string {
  const count = audited.length;
  const note = offline ? "\n⚠ Nobody was asked (--offline)." : "";
  if (count === 0) return `${nothingInstalled}${note}`;
  const paks = `${count} ${count === 1 ? "pak" : "paks"}`;
  if (findings.length === 0) return `✓ Nothing to say against ${paks}.${note}`;
  const all = audited.flatMap(({ row, findings: own }) => own.map((one) => ({ ...one, row })));
  const lines = withHintsOnce(all).flatMap(({ row, severity, code, name, message, hint }) => [
    `${severity === "error" ? "✗" : "⚠"} ${safe(name)}${safe(pointOf(row))}: ${safe(message)} [${code}]`,
    ...(hint === undefined ? [] : [`  hint: ${safe(hint)}`]),
  ]);
  return `${lines.join("\n")}\n${findings.length} ${findings.length === 1 ? "finding" : "findings"} in ${paks}.${note}`;
}
