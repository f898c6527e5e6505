import { join, sep } from "node:path";
import { defineCommand } from "../command.ts";
import { parseDuration } from "../config-settings.ts";
import type { Context } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import { formatPairs } from "../output/table.ts";
import { eachAtOnce } from "../install/each-at-once.ts";
import { cacheFolder } from "../start/cache-folder.ts";
import { isStandalone } from "../start/is-standalone.ts";
import { answersFolder } from "../store/answers.ts";
import { storeFolder } from "../store/open-lazily.ts";
import { type CacheFile, deleteEmptyFolders, deleteFiles, listEntries, listFiles } from "../store/sweep.ts";

export const cacheInfo = defineCommand({
  command: "cache info",
  describe: "Show where fetched releases are kept and how much room they take",
  examples: [["paks cache info --json", "for programs"]],
  builder: (yargs) => yargs,
  run: async (_args, context) => {
    const { config } = context;
    const folder = config.folders.cache;
    const releases = await listEntries(storeFolder(config));
    const answers = await listFiles(answersFolder(folder));
    const code = await listFiles(codeFolder(context));
    const elsewhere = code.filter(({ path }) => !path.startsWith(join(folder, sep)));
    const bytes = sum(await listFiles(folder)) + sum(elsewhere);
    return {
      data: {
        folder,
        bytes,
        max_bytes: config.cache.maxBytes,
        ttl: config.cache.ttl,
        releases: { count: releases.length, bytes: sum(releases) },
        answers: { count: answers.length, bytes: sum(answers) },
        code: { count: code.length, bytes: sum(code) },
      },
      text: formatPairs([
        ["folder", folder],
        [
          "releases",
          `${releases.length}, ${formatBytes(sum(releases))} of at most ${formatBytes(config.cache.maxBytes)}`,
        ],
        ["registry answers", `${answers.length}, ${formatBytes(sum(answers))}`],
        ...describeCode(code),
        ["everything", formatBytes(bytes)],
      ]),
    };
  },
});

/** The standalone executable is compiled when it is built: what lies there is of paks on Node. */
function describeCode(code: readonly CacheFile[]): [string, string][] {
  if (isStandalone && code.length === 0) return [];
  const use = isStandalone ? "of paks on Node" : "makes the next start faster";
  return [["compiled code", `${code.length}, ${formatBytes(sum(code))}; ${use}`]];
}

export const cacheClean = defineCommand({
  command: "cache clean",
  describe: "Delete what was fetched; nothing that is installed",
  examples: [
    ["paks cache clean --dry-run", "show what would be deleted"],
    ["paks cache clean --older-than 30d", "only what was not used for so long"],
  ],
  builder: (yargs) =>
    yargs
      .option("dry-run", { type: "boolean", default: false, describe: "Delete nothing" })
      .option("older-than", { type: "string", describe: "Only what was not used for this long, for example 30d" }),
  run: async (args, context) => {
    const chosen = await choose(context, args.olderThan);
    if (!args.dryRun) await clean(context, chosen);
    const bytes = sum(chosen);
    const files = `${chosen.length} ${chosen.length === 1 ? "file" : "files"}, ${formatBytes(bytes)}`;
    return {
      data: { dry_run: args.dryRun, files: chosen.length, bytes },
      text: args.dryRun ? `Would delete ${files}` : `✓ Deleted ${files}`,
    };
  },
});

/**
 * What V8 compiled, kept between starts wherever the rest of the cache is. A process reads its file whole before it
 * begins, so none that runs now misses it.
 */
const codeFolder = ({ config, home, platform }: Pick<Context, "config" | "home" | "platform">): string =>
  join(cacheFolder({ platform, home: () => home, variable: config.variable }), "code");

/** Only folders whose content is ours: the user may have named any folder as the cache. */
const ownFolders = ({ config, ...context }: Context): string[] => [
  join(storeFolder(config), "h1"),
  join(storeFolder(config), "tmp"),
  answersFolder(config.folders.cache),
  codeFolder({ config, ...context }),
];

async function choose(context: Context, olderThan: string | undefined): Promise<CacheFile[]> {
  const limit = olderThan === undefined ? 0 : parseDuration(olderThan, "--older-than") * 1000;
  const now = context.clock().getTime();
  const folders = ownFolders(context);
  const files = (await eachAtOnce(folders, folders.length, listFiles)).flat();
  return files.filter((one) => olderThan === undefined || now - one.usedAt > limit);
}

async function clean(context: Context, files: readonly CacheFile[]): Promise<void> {
  await deleteFiles(files);
  for (const folder of ownFolders(context)) await deleteEmptyFolders(folder);
}

const sum = (files: readonly CacheFile[]): number => files.reduce((bytes, one) => bytes + one.bytes, 0);

export function formatBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB"];
  let value = bytes;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 ? value : safe(value.toFixed(1))} ${units[unit]}`;
}
