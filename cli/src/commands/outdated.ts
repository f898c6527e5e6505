import { type PaksError, errorCodes, formatErrorBody } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { chooseRows } from "../life/find-row.ts";
import { listPlaces } from "../life/list-paks.ts";
import { type OutdatedRow, listOutdated } from "../life/outdated-paks.ts";
import { findPlaces } from "../life/places.ts";
import { nothingInstalled } from "../life/nothing.ts";
import { safe } from "../output/safe-text.ts";
import { formatTable } from "../output/table.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";
import { placeOptions } from "./scope-options.ts";

export const outdated = defineCommand({
  command: "outdated [name..]",
  describe: "Show newer versions; changes nothing",
  examples: [
    ["paks outdated", "exit 9 when there is something newer"],
    ["paks outdated --all --json", "also what is installed for all projects, for programs"],
  ],
  builder: (yargs) =>
    placeOptions(yargs).positional("name", { type: "string", array: true, describe: "Only these paks" }),
  run: async (args, context) => {
    const places = await findPlaces(context, args);
    const opened = places.some(({ locked }) => locked) ? await findWorkspace(context) : undefined;
    const names = args.name ?? [];
    const chosen = chooseRows(await listPlaces(context, places), names);
    const rows = await context.progress("Looking for newer versions", async () =>
      listOutdated(context, chosen, opened),
    );
    const newer = rows.filter(isNewer);
    const failed = rows.flatMap(({ error }) => (error === undefined ? [] : [error]));
    // When nobody could be asked, "nothing is newer" would not be true.
    if (failed[0] && failed.length === rows.length) throw failed[0];
    return {
      data: { outdated: newer.map(dataOf), others: rows.filter((row) => !isNewer(row)).map(dataOf) },
      text: textOf(rows, newer),
      next: newer.length === 0 ? undefined : ["", ...hintsOf(newer, args.dir)].join("\n"),
      exit: newer.length > 0 ? 9 : exitOf(failed),
    };
  },
});

/** What a pin keeps away is newer all the same. */
const isNewer = ({ state }: OutdatedRow): boolean => state === "outdated" || state === "pinned";

/** Some answers are missing; the gravest reason counts. */
const exitOf = (errors: readonly PaksError[]): number =>
  errors.some(({ code }) => errorCodes[code].exit === 7) ? 7 : errors.length > 0 ? 8 : 0;

const dataOf = ({ error, ...row }: OutdatedRow) => ({ ...row, ...(error === undefined ? {} : formatErrorBody(error)) });

function textOf(rows: readonly OutdatedRow[], newer: readonly OutdatedRow[]): string {
  const unknown = rows.flatMap(({ name, error }) =>
    error === undefined ? [] : [`⚠ ${safe(name)}: ${safe(error.message)} [${error.code}]`],
  );
  if (newer.length === 0)
    return [rows.length === 0 ? nothingInstalled : nothingNewer(unknown.length), ...unknown].join("\n");
  const table = formatTable(
    ["NAME", "CURRENT", "WANTED", "LATEST", "SOURCE"],
    newer.map((row) => [
      row.name,
      `${withPoint(row.current, row.current_point)}${row.yanked ? " (yanked)" : ""}`,
      row.state === "pinned" ? "pinned" : withPoint(row.wanted, row.wanted_point),
      withPoint(row.latest, row.wanted_point),
      row.source ?? (row.dependency ? "a dependency" : "–"),
    ]),
  );
  return [table, ...unknown].join("\n");
}

const nothingNewer = (unknown: number): string =>
  unknown === 0 ? "✓ Nothing is newer." : `Nothing newer is known; ${unknown} could not be looked up:`;

const withPoint = (version: string | null, point: string | null): string =>
  [version, point && `(${point})`].filter(Boolean).join(" ") || "–";

/** For a shell to copy. */
const quote = (text: string): string => (/^[\w./~-]+$/.test(text) ? text : `'${safe(text).replaceAll("'", "'\\''")}'`);

/** Each a command that does it; the same one is not named twice. */
function hintsOf(newer: readonly OutdatedRow[], dir: string | undefined): string[] {
  const where = ({ scope }: OutdatedRow) =>
    scope === "global" ? " -g" : scope === "folder" ? ` --dir ${quote(dir ?? "")}` : "";
  const hints = newer.flatMap((row) => {
    const { state, updatable, name, folder, dependency, latest, wanted } = row;
    if (state === "pinned")
      return [
        `${safe(name)} is pinned; ${safe(withPoint(latest, row.wanted_point))} exists: paks unpin ${safe(folder)}, then paks update.`,
      ];
    if (updatable) return [`Take what is wanted: paks update${where(row)}`];
    // What a dependent does not allow, no command of the user's brings.
    if (dependency || latest === null || latest === wanted) return [];
    const as = folder.slice(folder.lastIndexOf("/") + 1);
    const alias = as === name.slice(name.lastIndexOf("/") + 1) ? "" : ` --as ${safe(as)}`;
    return [`Beyond what is asked for: paks install ${safe(name)}@latest${alias}${where(row)}`];
  });
  return [...new Set(hints)];
}
