import { type PaksError, formatErrorBody } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { requireRow } from "../life/find-row.ts";
import { type ListRow, listPaks } from "../life/list-paks.ts";
import { type OutdatedRow, listOutdated } from "../life/outdated-paks.ts";
import { findAllPlaces, findPlace } from "../life/places.ts";
import { safe } from "../output/safe-text.ts";
import { formatTable } from "../output/table.ts";
import { usageError } from "../usage-error.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";

export const outdated = defineCommand({
  command: "outdated [name..]",
  describe: "Show newer versions; changes nothing",
  examples: [
    ["paks outdated", "exit 9 when there is something newer"],
    ["paks outdated --all --json", "also what is installed for all projects, for programs"],
  ],
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", array: true, describe: "Only these paks" })
      .option("global", { type: "boolean", alias: "g", default: false, describe: "What is installed for all projects" })
      .option("all", { type: "boolean", default: false, describe: "This project and what is installed for all" })
      .option("dir", { type: "string", describe: "What is installed in this folder" }),
  run: async (args, context) => {
    if (args.all && args.dir !== undefined)
      throw usageError("--dir names the place; --all cannot be given with it.", "outdated");
    const places = args.all ? await findAllPlaces(context) : [await findPlace(context, args)];
    const opened = places.some(({ locked }) => locked) ? await findWorkspace(context) : undefined;
    const all: ListRow[] = [];
    for (const place of places) all.push(...(await listPaks(context, place)));
    const names = args.name ?? [];
    const chosen = names.length === 0 ? all : names.map((name) => requireRow(all, name));
    const rows = await context.progress("Looking for newer versions", async () =>
      listOutdated(context, chosen, opened),
    );
    const newer = rows.filter(({ state }) => state === "outdated");
    const failed = rows.flatMap(({ error }) => (error === undefined ? [] : [error]));
    // When nobody could be asked, "nothing is newer" would not be true.
    if (failed[0] && failed.length === rows.length) throw failed[0];
    return {
      data: { outdated: newer.map(dataOf), others: rows.filter(({ state }) => state !== "outdated").map(dataOf) },
      text: textOf(rows, newer),
      exit: newer.length > 0 ? 9 : failed[0] ? exitOf(failed[0]) : 0,
    };
  },
});

/** Some answers are missing. */
const exitOf = (error: PaksError): number => (error.code === "INTEGRITY_MISMATCH" ? 7 : 8);

const dataOf = ({ error, ...row }: OutdatedRow) => ({ ...row, ...(error === undefined ? {} : formatErrorBody(error)) });

function textOf(rows: readonly OutdatedRow[], newer: readonly OutdatedRow[]): string {
  const unknown = rows.flatMap(({ name, error }) =>
    error === undefined ? [] : [`⚠ ${safe(name)}: ${safe(error.message)} [${error.code}]`],
  );
  if (newer.length === 0)
    return [rows.length === 0 ? "Nothing is installed here." : "✓ Nothing is newer.", ...unknown].join("\n");
  const table = formatTable(
    ["NAME", "CURRENT", "WANTED", "LATEST", "SOURCE"],
    newer.map(({ name, current, wanted, latest, source, yanked, dependency }) => [
      name,
      `${current ?? "–"}${yanked ? " (yanked)" : ""}`,
      wanted ?? "–",
      latest ?? "–",
      source ?? (dependency ? "a dependency" : "–"),
    ]),
  );
  const hints = newer.some(({ current, wanted }) => wanted !== null && wanted !== current)
    ? ["", "Take what is wanted: paks update."]
    : ["", "Beyond what is asked for: paks install <name>@latest."];
  return [table, ...hints, ...unknown].join("\n");
}
