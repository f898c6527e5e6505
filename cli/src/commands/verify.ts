import { emptyWorkspace } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { chooseRows } from "../life/find-row.ts";
import { listPlaces, rowName, rowVersion } from "../life/list-paks.ts";
import { findPlaces } from "../life/places.ts";
import { nothingInstalled } from "../life/nothing.ts";
import { type Problem, exitOfProblems, formatProblem, problemData, withHintsOnce } from "../life/problem.ts";
import { type Verified, checkWorkspace, verifyRows } from "../life/verify-paks.ts";
import { safe } from "../output/safe-text.ts";
import { findWorkspace } from "../workspace/open-workspace.ts";
import { placeOptions } from "./scope-options.ts";

export const verify = defineCommand({
  command: "verify [name..]",
  describe: "Check every installed byte against its record, the lock and where it came from",
  examples: [
    ["paks verify", "everything in this project; 7: other bytes than were released, 9: edited here"],
    ["paks verify --offline", "without asking anybody"],
    ["paks verify pdf-forms --json", "one pak, for programs"],
  ],
  builder: (yargs) =>
    placeOptions(yargs).positional("name", { type: "string", array: true, describe: "Only these paks" }),
  run: async (args, context) => {
    const places = await findPlaces(context, args);
    const opened = places.some(({ locked }) => locked) ? await findWorkspace(context) : undefined;
    const names = args.name ?? [];
    const rows = chooseRows(await listPlaces(context, places), names);
    const workspace = opened?.workspace ?? emptyWorkspace;
    const verified = await context.progress("Verifying", (step) => verifyRows(context, rows, { workspace, step }));
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
  const asked = good.filter(({ registry }) => registry === "checked");
  const whom = asked.every(isOfRegistry) ? "the registry's record" : "where they came from";
  const against =
    asked.length > 0 ? `; ${asked.length} also against ${whom}` : offline ? "; the registry was not asked" : "";
  return [
    ...withHintsOnce(problems).map(formatProblem),
    ...(good.length === 0 ? [] : [`✓ ${countOf(good)} as installed${against}`]),
  ].join("\n");
}

const isOfRegistry = ({ row: { pak, locked } }: Verified): boolean =>
  (pak?.record.origin ?? locked?.resolved)?.type === "registry";

const countOf = (good: readonly Verified[]): string =>
  good.length === 1 ? `${safe(rowName(good[0]!.row))} is` : `${good.length} paks are`;
