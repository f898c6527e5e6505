import { lstat, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PaksError, fileSystemError, systemErrorCode } from "@paks/schema";

export interface ScaffoldOptions {
  readonly name: string;
  readonly description?: string | undefined;
  readonly license?: string | undefined;
  readonly withScripts: boolean;
  readonly withReferences: boolean;
  readonly withAssets: boolean;
  /** The folder must not hold anything yet. */
  readonly newFolder: boolean;
}

export interface Scaffold {
  readonly folder: string;
  readonly name: string;
  /** Relative to the folder, in the order in which they were made. */
  readonly files: readonly string[];
}

/**
 * Writes a skill that passes the strict checks. Never overwrites: one file in the way and nothing is written.
 * @throws PaksError ALREADY_EXISTS, READ_ONLY_TARGET, DISK_FULL
 */
export async function scaffoldSkill(folder: string, options: ScaffoldOptions): Promise<Scaffold> {
  const files = renderSkill(options);
  if (options.newFolder) await requireNothingIn(folder);
  for (const path of files.keys()) await requireNothingAt(join(folder, path));
  const written: string[] = [];
  try {
    for (const [path, text] of files) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text, { flag: "wx" });
      written.push(path);
    }
  } catch (error) {
    // Half a skill would be in the way of the next try.
    for (const path of written) await rm(join(folder, path), { force: true });
    throw systemErrorCode(error) === "EEXIST" ? inTheWay(folder, error) : (fileSystemError(error, folder) ?? error);
  }
  return { folder, name: options.name, files: [...files.keys()] };
}

const inTheWay = (path: string, cause?: unknown): PaksError =>
  new PaksError("ALREADY_EXISTS", `${path} is already there; nothing was written.`, {
    hint: "Choose another name or folder, or move it away.",
    cause,
    details: { path },
  });

async function requireNothingIn(folder: string): Promise<void> {
  try {
    if ((await readdir(folder)).length > 0) throw inTheWay(folder);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === "ENOENT") return;
    if (code === "ENOTDIR") throw inTheWay(folder, error);
    throw fileSystemError(error, folder) ?? error;
  }
}

async function requireNothingAt(path: string): Promise<void> {
  try {
    await lstat(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return;
    throw systemErrorCode(error) === "ENOTDIR" ? inTheWay(path, error) : (fileSystemError(error, path) ?? error);
  }
  throw inTheWay(path);
}

function renderSkill(options: ScaffoldOptions): Map<string, string> {
  const files = new Map([["SKILL.md", renderManifest(options)]]);
  if (options.withScripts) {
    files.set("scripts/README.md", "# Scripts\n\nPrograms that the instructions in SKILL.md tell the agent to run.\n");
  }
  if (options.withReferences) {
    files.set(
      "references/README.md",
      "# References\n\nTexts that the agent reads when the instructions point to them.\n",
    );
  }
  if (options.withAssets) {
    files.set(
      "assets/README.md",
      "# Assets\n\nTemplates, images and other files that the agent uses in what it makes.\n",
    );
  }
  return files;
}

function renderManifest({ name, description, license, ...folders }: ScaffoldOptions): string {
  const title = name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
  // A JSON string is a YAML string, whatever is in it.
  const quoted = JSON.stringify(
    description ?? `Helps with ${title.toLowerCase()}. Use when the task is about ${title.toLowerCase()}.`,
  );
  const mentions = [
    folders.withScripts ? "- `scripts/` holds programs to run." : undefined,
    folders.withReferences ? "- `references/` holds texts to look things up in." : undefined,
    folders.withAssets ? "- `assets/` holds files to use in the result." : undefined,
  ].filter((line) => line !== undefined);
  return [
    "---",
    `name: ${JSON.stringify(name)}`,
    `description: ${quoted}`,
    ...(license === undefined ? [] : [`license: ${JSON.stringify(license)}`]),
    "metadata:",
    '  version: "0.1.0"',
    "---",
    "",
    `# ${title}`,
    "",
    "## When to use",
    "",
    "Say in which situations the agent should follow this skill.",
    "",
    "## Instructions",
    "",
    "1. Write down the steps, one after the other.",
    "2. Name the files and commands that each step needs.",
    "",
    ...(mentions.length === 0 ? [] : ["## What is in this folder", "", ...mentions, ""]),
  ].join("\n");
}
