import { resolve } from "node:path";
import {
  compareCapabilities,
  describeFiles,
  formatPakId,
  isTaken,
  parseSelector,
  parseSource,
  readCapabilities,
} from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { fetchSource } from "../install/fetch-source.ts";
import { readFolder } from "../install/read-folder.ts";
import { capabilityChangeData, formatCapabilityChange } from "../life/capability-text.ts";
import {
  changeData,
  defaultCaps,
  formatFileDiffs,
  formatFileList,
  fullCaps,
  listFileChanges,
} from "../life/file-changes.ts";
import { findRows } from "../life/find-row.ts";
import { type DiffSide, readInstalledSides } from "../life/installed-sides.ts";
import { listPaks } from "../life/list-paks.ts";
import { type PlaceArgs, findPlace } from "../life/places.ts";
import { safe } from "../output/safe-text.ts";
import { withRegistryWish } from "../workspace/with-registry-wish.ts";

export const diff = defineCommand({
  command: "diff <a> [b]",
  describe: "Compare two releases, or what is installed with its release",
  examples: [
    ["paks diff acme/pdf@1.0.0 acme/pdf@1.1.0", "files and what the pak can do"],
    ["paks diff acme/pdf@1.0.0 2.0.0", "the same pak"],
    ["paks diff pdf", "what was edited since it was installed"],
    ["paks diff ./pdf acme/pdf", "a folder with the newest release"],
  ],
  builder: (yargs) =>
    yargs
      .positional("a", { type: "string", demandOption: true, describe: "A source, or the name of an installed pak" })
      .positional("b", { type: "string", describe: "A source, or a version of the first one" })
      .option("name-only", { type: "boolean", default: false, describe: "Only which files differ" })
      .option("full", { type: "boolean", default: false, describe: "Also more lines than fit on some screens" })
      .option("global", {
        type: "boolean",
        alias: "g",
        default: false,
        describe: "What is installed for all projects",
      })
      .option("dir", { type: "string", describe: "What is installed in this folder" }),
  run: async (args, context) => {
    const { global, dir } = args;
    const where = { global, dir };
    const [before, after] =
      args.b === undefined
        ? await readInstalledSides(context, args.a, where)
        : await context.progress("Fetching", async () =>
            // What is installed elsewhere is no project's.
            fetchBoth(
              global || dir !== undefined ? context : await withRegistryWish(context),
              [args.a, args.b!],
              where,
            ),
          );
    const changes = listFileChanges(before.files, after.files);
    const capabilities = compareCapabilities(readCapabilities(before.files), readCapabilities(after.files));
    const shown = args.nameOnly
      ? formatFileList(changes)
      : formatFileDiffs(changes, args.full ? fullCaps : defaultCaps);
    return {
      data: {
        before: dataOf(before),
        after: dataOf(after),
        files: changes.map(changeData),
        capabilities: capabilityChangeData(capabilities),
      },
      text:
        changes.length === 0
          ? `${safe(before.label)} and ${safe(after.label)} hold the same files.`
          : [...shown, ...formatCapabilityChange(capabilities)].join("\n"),
    };
  },
});

async function fetchBoth(
  context: Context,
  [a, b]: readonly [string, string],
  where: PlaceArgs,
): Promise<[DiffSide, DiffSide]> {
  const first = await sourceOfInstalled(context, a, where);
  const second = sameAs(first, b);
  return await Promise.all([fetchSide(context, first), fetchSide(context, second)]);
}

/** `pdf` and `pdf@1.0.0` of an installed pak: its release, or another one; everything else as it is. */
async function sourceOfInstalled(context: Context, text: string, where: PlaceArgs): Promise<string> {
  const [name = "", selector] = text.split("@");
  if (!/^[a-z0-9-]+$/.test(name)) return text;
  const [row] = findRows(await listPaks(context, await findPlace(context, where)), name);
  const origin = row?.locked?.resolved ?? row?.pak?.record.origin;
  return origin?.type === "registry" ? `${formatPakId(origin)}@${selector ?? origin.version}` : text;
}

/** A folder may be half done; what comes from elsewhere is a pak. */
async function fetchSide(context: Context, text: string): Promise<DiffSide> {
  const source = parseSource(text);
  if (source.type === "local") {
    const files = await readFolder(resolve(context.cwd, source.path));
    return { label: text, version: null, digest: describeFiles(files).digest, files };
  }
  const { version, digest, files } = await fetchSource(text, context);
  return { label: text, version, digest, files };
}

/** `acme/pdf@1.0.0 2.0.0` means another version of the first. */
function sameAs(a: string, b: string): string {
  if (/[/\\:]/.test(b) || !isTaken(parseSelector, b)) return b;
  const source = parseSource(a);
  return source.type === "registry" ? `${formatPakId(source)}@${b}` : b;
}

const dataOf = ({ label, version, digest }: DiffSide) => ({ source: label, version, digest });
