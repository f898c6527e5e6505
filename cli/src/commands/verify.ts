import { emptyWorkspace } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { requireRow } from "../life/find-row.ts";
import { type ListRow, listPaks, rowName, rowVersion } from "../life/list-paks.ts";
import { findAllPlaces, findPlace } from "../life/places.ts";
import { nothingInstalled } from "../life/nothing.ts";
import { type Problem, exitOfProblems, formatProblem, problemData } from "../life/problem.ts";
import { type Verified, checkWorkspace, verifyRows } from "../life/verify-paks.ts";
import { safe } from "../output/safe-text.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";
import { usageError } from "../usage-error.ts";

export const verify = defineCommand({
  command: "verify [name..]",
  describe: "Check every installed byte against its record, the lock and the registry",
  examples: [
    ["paks verify", "everything in this project; 7: other bytes than were released, 9: edited here"],
    ["paks verify --offline", "without asking the registry"],
    ["paks verify pdf-forms --json", "one pak, for programs"],
  ],
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", array: true, describe: "Only these paks" })
      .option("global", { type: "boolean", alias: "g", default: false, describe: "What is installed for all projects" })
      .option("all", { type: "boolean", default: false, describe: "This project and what is installed for all" })
      .option("dir", { type: "string", describe: "What is installed in this folder" }),
  run: async (args, context) => {
    if (args.all && args.dir !== undefined)
      throw usageError("--dir names the place; --all cannot be given with it.", "verify");
    const places = args.all ? await findAllPlaces(context) : [await findPlace(context, args)];
    const opened = places.some(({ locked }) => locked) ? await findWorkspace(context) : undefined;
    const all: ListRow[] = [];
    for (const place of places) all.push(...(await listPaks(context, place)));
    const names = args.name ?? [];
    const rows = names.length === 0 ? all : names.map((name) => requireRow(all, name));
    const workspace = opened?.workspace ?? emptyWorkspace;
    const verified = await context.progress("Verifying", async () => await verifyRows(context, rows, workspace));
    const wanted = opened === undefined || names.length > 0 ? [] : checkWorkspace(opened);
    const problems = [...verified.flatMap((one) => one.problems), ...wanted];
    return {
      data: {
        ok: problems.length === 0,
        offline: context.config.offline,
        paks: verified.map(dataOf),
        problems: problems.map(problemData),
      },
      text: textOf(verified, problems, context.config.offline),
      exit: exitOfProblems(problems),
    };
  },
});

const dataOf = ({ row, registry, problems }: Verified) => ({
  name: rowName(row),
  folder: row.folder,
  scope: row.place.scope,
  version: rowVersion(row),
  digest: row.pak?.record.digest ?? row.locked?.digest ?? null,
  ok: problems.length === 0,
  registry,
});

function textOf(verified: readonly Verified[], problems: readonly Problem[], offline: boolean): string {
  if (verified.length === 0 && problems.length === 0) return nothingInstalled;
  const good = verified.filter((one) => one.problems.length === 0);
  const asked = good.filter(({ registry }) => registry === "checked").length;
  const against =
    asked > 0 ? `; ${asked} also against the registry's record` : offline ? "; the registry was not asked" : "";
  return [
    ...problems.map(formatProblem),
    ...(good.length === 0 ? [] : [`✓ ${countOf(good)} as installed${against}`]),
  ].join("\n");
}

const countOf = (good: readonly Verified[]): string =>
  good.length === 1 ? `${safe(rowName(good[0]!.row))} is` : `${good.length} paks are`;
