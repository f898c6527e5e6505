import { relative } from "node:path";
import { defineCommand } from "../command.ts";
import { type InstalledPak, listInstalled } from "../install/list-installed.ts";
import { findSkillsFolder } from "../install/scope.ts";
import { recoverIfNeeded } from "../install/skills-folder.ts";
import { safe } from "../output/safe-text.ts";
import { formatTable } from "../output/table.ts";

export const list = defineCommand({
  command: "list",
  aliases: ["ls"],
  describe: "Show what is installed here and whether it was edited",
  examples: [
    ["paks list", "this project"],
    ["paks list --global --json", "all projects, for programs"],
  ],
  builder: (yargs) =>
    yargs
      .option("global", { type: "boolean", alias: "g", default: false, describe: "What is installed for all projects" })
      .option("dir", { type: "string", describe: "What is installed in this folder" }),
  run: async (args, context) => {
    const { skillsFolder, boundary } = findSkillsFolder(context, args);
    await recoverIfNeeded(skillsFolder, { boundary, note: context.note });
    const installed = await listInstalled(skillsFolder);
    return { data: { folder: skillsFolder, installed: installed.map(dataOf) }, text: textOf(installed, context.cwd) };
  },
});

const dataOf = ({ record, state, path, links }: InstalledPak) => ({
  name: record.name,
  version: record.version,
  state,
  digest: record.digest,
  origin: record.origin,
  path,
  links,
  installed_at: record.installed_at,
});

function textOf(installed: readonly InstalledPak[], cwd: string): string {
  if (installed.length === 0) return 'Nothing is installed here.\nhint: find something with "paks search".';
  return formatTable(
    ["NAME", "VERSION", "STATE", "PLACE"],
    installed.map(({ record, state, path }) => [
      safe(record.origin.type === "registry" ? `${record.origin.account}/${record.origin.name}` : record.name),
      record.version ?? "–",
      state,
      safe(relative(cwd, path) || path),
    ]),
  );
}
