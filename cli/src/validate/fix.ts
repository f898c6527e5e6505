import { lstat, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  type FixedManifest,
  type ManifestFix,
  PaksError,
  type ReleaseFile,
  compareVersions,
  decodeText,
  fixManifest,
  formatErrorBody,
  isPaksError,
  systemErrorCode,
  tagVersion,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { replaceFile } from "../write-file.ts";
import { safe } from "../output/safe-text.ts";
import { formatDiff } from "../output/unified-diff.ts";
import type { PakContent } from "../validate-pak.ts";

type Texts = Parameters<typeof fixManifest>[0];

/** What is changed, or would be, in one file. */
export interface FixedFile {
  /** Relative to the pak. */
  readonly path: keyof Texts;
  readonly fixes: readonly ManifestFix[];
  /** Unified; without line ends and byte order mark, which no diff can show. */
  readonly diff: string;
  readonly written: boolean;
}

export interface FixedPak {
  /** With the new bytes, unless it was a dry run. */
  readonly pak: PakContent;
  readonly files: readonly FixedFile[];
  /** Why nothing could be fixed. */
  readonly problem: PaksError | undefined;
}

const names = ["SKILL.md", "skill.yaml"] as const;
const firstVersion = "0.1.0";

/**
 * Mends the manifest of one pak, each file in one step and with its mode kept.
 * @throws PaksError WORKTREE_CHANGED, READ_ONLY_TARGET, DISK_FULL
 */
export async function fixPak(context: Context, pak: PakContent, dryRun: boolean): Promise<FixedPak> {
  const none = { pak, files: [], problem: undefined };
  try {
    const texts = readTexts(pak);
    if (texts === undefined) return none;
    const fixed = await fixTexts(context, pak, texts);
    const files = names.flatMap((path) => describe(path, texts, fixed));
    if (dryRun) return { ...none, files: files.map((file) => ({ ...file, written: false })) };
    for (const { path } of files) await write(join(pak.folder, path), texts[path]!, fixed.texts[path]!);
    return { ...none, pak: withTexts(pak, fixed.texts), files };
  } catch (error) {
    if (isPaksError(error) && unfixable.has(error.code)) return { ...none, problem: error };
    throw error;
  }
}

/** What the author has to mend; the findings tell the rest. */
const unfixable = new Set(["MANIFEST_INVALID", "INVALID_ENCODING", "FRONTMATTER_INVALID", "FRONTMATTER_TOO_COMPLEX"]);

function readTexts({ files }: PakContent): Texts | undefined {
  const text = (path: string) => {
    const file = files.find((one) => one.path === path);
    return file && decodeText(file.bytes, path);
  };
  const main = text("SKILL.md");
  return main === undefined ? undefined : { "SKILL.md": main, "skill.yaml": text("skill.yaml") };
}

async function fixTexts(context: Context, pak: PakContent, texts: Texts): Promise<FixedManifest> {
  const { directory } = pak;
  const fixed = fixManifest(texts, { directory });
  if (!fixed.lacksVersion) return fixed;
  const name = directory ?? /^name:[ \t]*["']?([a-z0-9-]+)/m.exec(fixed.texts["SKILL.md"])?.[1] ?? "";
  return fixManifest(texts, { directory, version: (await findReleased(context, pak.folder, name)) ?? firstVersion });
}

/** A pak that was released by its tags alone gets its last version, so that the next bump goes on from there. */
async function findReleased(context: Context, folder: string, name: string): Promise<string | undefined> {
  const { listLocalRefs, readPlace } = await import("@paks/git/work-tree");
  const { environment: env, git } = context.config;
  const binary = git.binary === "git" ? undefined : git.binary;
  const tree = { dir: folder, env, interactive: false, git: binary, signal: context.signal };
  try {
    const { path } = await readPlace(tree);
    const tags = (await listLocalRefs(tree)).flatMap((ref) => /^refs\/tags\/(.+)$/.exec(ref.name)?.[1] ?? []);
    return tags
      .flatMap((tag) => tagVersion(tag, { name, path }) ?? [])
      .toSorted(compareVersions)
      .at(-1);
  } catch (error) {
    if (!isPaksError(error) || context.signal.aborted) throw error;
    context.debug(`no version from tags: ${error.message}`);
    return undefined;
  }
}

function describe(path: keyof Texts, before: Texts, { texts, fixes }: FixedManifest): FixedFile[] {
  const [old, fresh] = [before[path], texts[path]];
  if (old === undefined || fresh === undefined || old === fresh) return [];
  const shown = old.replace(/^\uFEFF/, "").replaceAll("\r\n", "\n");
  const own = fixes.filter((fix) => fix.path === path);
  return [{ path, fixes: own, diff: formatDiff(path, shown, fresh), written: true }];
}

async function write(path: string, before: string, after: string): Promise<void> {
  const changed = new PaksError("WORKTREE_CHANGED", `${path} was changed while it was being fixed.`, {
    hint: "Run the same command again when nobody else writes to it.",
    details: { path },
  });
  try {
    if (!(await readFile(path)).equals(Buffer.from(before))) throw changed;
    await replaceFile(path, after, (await lstat(path)).mode & 0o777);
  } catch (error) {
    throw systemErrorCode(error) === "ENOENT" ? changed : error;
  }
}

const withTexts = (pak: PakContent, texts: Texts): PakContent => ({
  ...pak,
  files: pak.files.map((file): ReleaseFile => {
    const text = names.find((name) => name === file.path) && texts[file.path as keyof Texts];
    return text === undefined ? file : { ...file, bytes: Buffer.from(text) };
  }),
});

export const fixesData = ({ files, problem }: FixedPak) => ({
  fixes: files.map(({ path, fixes, diff, written }) => ({
    path,
    written,
    changes: fixes.map(({ kind, message }) => ({ kind, message })),
    diff,
  })),
  not_fixed: problem === undefined ? null : formatErrorBody(problem).error,
});

/** What was done to one pak, for people; "" when there was nothing to do. */
export function formatFixes({ pak, files, problem }: FixedPak, cwd: string): string {
  const place = relative(cwd, pak.folder);
  const blocks = files.map(({ path, fixes, diff, written }) => {
    const done = fixes.map(({ message }) => safe(message)).join(", ");
    const shown = safe(place === "" ? path : `${place}/${path}`);
    return [`${written ? "✓ Fixed" : "⚠ Would fix"} ${shown}: ${done}`, ...(diff === "" ? [] : [diff])].join("\n");
  });
  if (problem !== undefined) blocks.push(`⚠ Not fixed: ${safe(problem.message)}`);
  return blocks.join("\n");
}
