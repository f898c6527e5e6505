import { isPaksError } from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { listRecordedFolders } from "../install/list-installed.ts";
import { listAgentFolders, requireAgentId } from "../life/agents.ts";
import { type ListRow, isSeenBy, showPaks, rowData, rowName, rowStateText, rowVersion } from "../life/list-paks.ts";
import { type Place, findPlace, findPlaces } from "../life/places.ts";
import { nothingInstalled } from "../life/nothing.ts";
import { safe } from "../output/safe-text.ts";
import { shortPath } from "../output/short-path.ts";
import { formatTable } from "../output/table.ts";
import { placeOptions, splitAgents } from "./scope-options.ts";

export const list = defineCommand({
  command: "list",
  aliases: ["ls"],
  describe: "Show what is installed here and whether it was edited",
  examples: [
    ["paks list", "this project, also from a folder inside it"],
    ["paks list --all", "this project and what is installed for all projects"],
    ["paks list --agent cursor", "what one coding tool finds"],
    ["paks list --global --json", "all projects, for programs"],
  ],
  builder: (yargs) =>
    placeOptions(yargs)
      .option("agent", { type: "string", array: true, alias: "a", describe: "Only what these coding tools find" })
      .option("format", {
        choices: ["table", "json", "yaml"] as const,
        default: "table" as const,
        describe: "How to show it",
      }),
  run: async (args, context) => {
    const agents = splitAgents(args.agent).map((id) => requireAgentId(context, id));
    const places = await findPlaces(context, args);
    const rows: ListRow[] = [];
    for (const place of places) {
      const folders = listAgentFolders(context, place);
      const all = await showPaks(context, place);
      rows.push(...all.filter((row) => agents.length === 0 || agents.some((agent) => isSeenBy(row, agent, folders))));
    }
    if (rows.length === 0) await warnOfWorkspaceFile(context, places);
    const data = {
      folder: places[0]!.skillsFolder,
      folders: places.map(({ scope, skillsFolder }) => ({ scope, path: skillsFolder })),
      installed: rows.map(rowData),
    };
    const next = rows.length === 0 && args.format === "table" ? await nextOf(context, places) : undefined;
    return { data, text: await textOf(rows, { data, context, format: args.format }), next };
  },
});

async function nextOf(context: Context, places: readonly Place[]): Promise<string> {
  const isProject = places.every(({ scope }) => scope === "project");
  return isProject && (await hasGlobal(context))
    ? 'hint: for all projects something is installed: "paks list -g".'
    : 'hint: find something with "paks search".';
}

async function hasGlobal(context: Context): Promise<boolean> {
  const { skillsFolder } = await findPlace(context, { global: true, dir: undefined });
  try {
    return (await listRecordedFolders(skillsFolder)).length > 0;
  } catch (error) {
    // A file where the folder would be is for `paks list -g` to tell.
    if (!isPaksError(error)) throw error;
    return false;
  }
}

/** Where nothing is installed, a `paks.jsonc` that no install can use may be why. */
async function warnOfWorkspaceFile(context: Context, places: readonly Place[]): Promise<void> {
  const project = places.find(({ scope }) => scope === "project");
  if (project === undefined) return;
  const { requireUsableWorkspaceFile } = await import("../workspace/open-workspace.ts");
  try {
    await requireUsableWorkspaceFile(project.root);
  } catch (error) {
    if (!isPaksError(error)) throw error;
    context.warn([error.message, error.hint].filter((one) => one !== undefined).join(" "));
  }
}

interface Shown {
  readonly data: unknown;
  readonly context: Context;
  readonly format: "table" | "json" | "yaml";
}

async function textOf(rows: readonly ListRow[], { data, context, format }: Shown): Promise<string> {
  if (format === "json") return (await import("../output/safe-text.ts")).formatJson(data);
  if (format === "yaml") return (await import("../output/yaml.ts")).formatYaml(data);
  if (rows.length === 0) return nothingInstalled;
  const scopes = new Set(rows.map(({ place }) => place.scope)).size > 1;
  const header = ["NAME", "VERSION", "STATE", ...(scopes ? ["SCOPE"] : []), "AGENTS", "PLACE"];
  const table = formatTable(
    header,
    rows.map((row) => [
      rowName(row),
      rowVersion(row) ?? "–",
      rowStateText(row),
      ...(scopes ? [row.place.scope] : []),
      row.agents.join(",") || "–",
      shortPath(row.path, context),
    ]),
  );
  const broken = rows.flatMap(({ error }) => (error === undefined ? [] : [error]));
  return [
    table,
    ...broken.map(({ message, hint }) => `⚠ ${safe(message)}${hint ? `\n  hint: ${safe(hint)}` : ""}`),
  ].join("\n");
}
