import { relative } from "node:path";
import { PaksError } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { listInstalled } from "../install/list-installed.ts";
import { removeRelease } from "../install/place.ts";
import type { InstallRecord } from "../install/record.ts";
import { findSkillsFolder } from "../install/scope.ts";
import { inSkillsFolder } from "../install/skills-folder.ts";
import { safe } from "../output/safe-text.ts";

export const remove = defineCommand({
  command: "remove <name..>",
  aliases: ["rm", "uninstall"],
  describe: "Remove exactly what was installed, links included",
  examples: [
    ["paks remove pdf-forms", "from this project"],
    ["paks remove acme/pdf-forms --global", "from all projects"],
  ],
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", array: true, demandOption: true, describe: "name, or account/name" })
      .option("global", { type: "boolean", alias: "g", default: false, describe: "From all projects" })
      .option("dir", { type: "string", describe: "From this folder" })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "Also when files were edited; a copy of them is kept",
      }),
  run: async (args, context) => {
    const { skillsFolder, boundary } = findSkillsFolder(context, args);
    const removed = await inSkillsFolder(skillsFolder, { boundary, note: context.note }, async () => {
      // All names are looked up before anything is removed: a typing error changes nothing.
      const installed = await listInstalled(skillsFolder);
      const records = args.name.map((name) =>
        requireInstalled(
          name,
          installed.map((one) => one.record),
        ),
      );
      const done = [];
      for (const record of records)
        done.push({
          record,
          ...(await removeRelease({ skillsFolder, record, force: args.force, now: context.clock() })),
        });
      return done;
    });
    return {
      data: {
        removed: removed.map(({ record, backups }) => ({ name: record.name, version: record.version, backups })),
      },
      text: removed
        .flatMap(({ record, backups }) => [
          `✓ Removed ${safe(record.folder)} ${record.version ?? ""}`.trimEnd(),
          ...backups.map((path) => `  a copy of your edits: ${safe(relative(context.cwd, path))}`),
        ])
        .join("\n"),
    };
  },
});

function requireInstalled(name: string, records: readonly InstallRecord[]): InstallRecord {
  const found = records.filter((record) => namesOf(record).includes(name));
  const [only, second] = found;
  if (only && !second) return only;
  if (!only)
    throw new PaksError("PAK_NOT_FOUND", `${name} is not installed here.`, {
      hint:
        records.length > 0 ? `Installed are ${records.map((record) => record.folder).join(", ")}.` : 'See "paks list".',
    });
  throw new PaksError("USAGE", `${name} is installed ${found.length} times.`, {
    hint: `Name one of ${found.map((record) => record.folder).join(", ")}.`,
  });
}

const namesOf = (record: InstallRecord): string[] => [
  record.name,
  record.folder,
  ...(record.origin.type === "registry" ? [`${record.origin.account}/${record.origin.name}`] : []),
];
