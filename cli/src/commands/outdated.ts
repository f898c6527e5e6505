import { type PaksError, errorCodes, formatErrorBody, formatSource, parseSource, quoteForShell } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { chooseRows } from "../life/find-row.ts";
import { listPlaces } from "../life/list-paks.ts";
import { type OutdatedRow, listOutdated } from "../life/outdated-paks.ts";
import { findPlaces } from "../life/places.ts";
import { nothingInstalled } from "../life/nothing.ts";
import { formatHeldBack } from "../output/held-back.ts";
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
      next: nextOf(newer, failed, args.dir),
      exit: newer.length > 0 ? 9 : exitOf(failed),
    };
  },
});

/** What a pin keeps away is newer all the same. */
const isNewer = ({ state }: OutdatedRow): boolean => state === "outdated" || state === "pinned";

/** Some answers are missing; the gravest reason counts: of another registry, gone, could not be asked. */
function exitOf(errors: readonly PaksError[]): number {
  const exits = errors.map(({ code }) => errorCodes[code].exit);
  return [7, 3].find((exit) => exits.includes(exit)) ?? (errors.length > 0 ? 8 : 0);
}

const dataOf = ({ error, unpinned: _unpinned, ...row }: OutdatedRow) => ({
  ...row,
  ...(error === undefined ? {} : formatErrorBody(error)),
});

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
      `${withPoint(row.current, row.current_point)}${row.yanked ? " (yanked)" : row.gone ? " (gone)" : ""}`,
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
const quote = (text: string): string => quoteForShell(safe(text));

/** What to do about each, and about each that could not be looked up; the same is not said twice. */
function nextOf(newer: readonly OutdatedRow[], failed: readonly PaksError[], dir: string | undefined) {
  const hints = [
    ...hintsOf(newer, dir),
    ...failed.flatMap(({ hint }) => (hint === undefined ? [] : [`hint: ${hint}`])),
  ];
  return hints.length === 0 ? undefined : ["", ...new Set(hints)].join("\n");
}

/** Each a command that does it. */
function hintsOf(newer: readonly OutdatedRow[], dir: string | undefined): string[] {
  const where = ({ scope }: OutdatedRow) =>
    scope === "global" ? " -g" : scope === "folder" ? ` --dir ${quote(dir ?? "")}` : "";
  return newer.flatMap((row) => {
    const { state, updatable } = row;
    if (state === "pinned") return pinnedHints(row);
    const held = row.held_back === null ? [] : formatHeldBack([row.held_back]);
    if (updatable)
      return [...held, `Take what is wanted: paks update${isUnlocked(row) ? ` ${safe(row.folder)}` : where(row)}`];
    const beyond = held.length > 0 ? undefined : beyondOf(row, row.wanted);
    return beyond === undefined ? held : [`Beyond what is asked for: ${beyond}${where(row)}`];
  });
}

/** Beside the project's paks: `update` leaves those alone that nobody names. */
const isUnlocked = ({ scope, source, dependency }: OutdatedRow): boolean =>
  scope === "project" && source === null && !dependency;

/** Without the pin an update brings what is asked for, and nothing else. */
function pinnedHints(row: OutdatedRow): string[] {
  const { name, folder, current, unpinned, latest } = row;
  const unpin = `paks unpin ${safe(folder)}`;
  const isOther = unpinned !== null && (unpinned !== current || row.wanted_point !== null);
  const wanted = `${safe(name)} is pinned; ${safe(withPoint(unpinned, row.wanted_point))} exists: ${unpin}, then paks update.`;
  const beyond = beyondOf(row, unpinned);
  return [
    ...(isOther ? [wanted] : []),
    ...(beyond === undefined
      ? []
      : [`${safe(name)} is pinned; ${safe(latest!)} is beyond what is asked for: ${unpin}, then ${beyond}`]),
  ];
}

/** What brings the newest of all; what a dependent does not allow, no command of the user's brings. */
function beyondOf({ name, folder, dependency, latest, source }: OutdatedRow, wanted: string | null) {
  if (dependency || latest === null || latest === wanted) return undefined;
  const as = folder.slice(folder.lastIndexOf("/") + 1);
  const alias = as === name.slice(name.lastIndexOf("/") + 1) ? "" : ` --as ${safe(as)}`;
  return `paks install ${newestOf(name, source)}${alias}`;
}

/** Those of git and npm are the newest when nothing else is said. */
function newestOf(name: string, text: string | null): string {
  const source = text === null ? undefined : parseSource(text);
  if (source === undefined || source.type === "registry" || source.type === "local") return `${safe(name)}@latest`;
  const path = source.path === undefined ? {} : { path: source.path };
  if (source.type === "npm") return quote(formatSource({ type: "npm", package: source.package, ...path }));
  return quote(formatSource({ type: "git", url: source.url, ...path }));
}
