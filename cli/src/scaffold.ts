import { lstat, readdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { removeFile } from "@paks/locks";
import { PaksError, fileSystemError, systemErrorCode } from "@paks/schema";
import { renderWorkflow, workflowPath } from "./ci-workflow.ts";
import { makeFolder } from "./make-folder.ts";
import { type TemplateName, templates } from "./scaffold-templates.ts";

export interface ScaffoldOptions {
  readonly name: string;
  readonly description?: string | undefined;
  readonly license?: string | undefined;
  /** `basic` when absent. */
  readonly template?: TemplateName | undefined;
  /** Adds a workflow for GitHub at the repository's top. */
  readonly ci?: boolean;
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
  /** The workflow that was asked for. One that is there already serves all paks of the repository and is kept. */
  readonly workflow?: { readonly path: string; readonly created: boolean };
}

/**
 * Writes a skill that passes the strict checks. Never overwrites: one file of it in the way and nothing is written.
 * @throws PaksError ALREADY_EXISTS, READ_ONLY_TARGET, DISK_FULL
 */
export async function scaffoldSkill(folder: string, options: ScaffoldOptions): Promise<Scaffold> {
  const files = renderSkill(options);
  if (options.newFolder) await requireNothingIn(folder);
  for (const path of files.keys()) await requireNothingAt(join(folder, path));
  const written: string[] = [];
  try {
    for (const [path, text] of files) {
      makeFolder(dirname(join(folder, path)));
      await writeFile(join(folder, path), text, { flag: "wx" });
      written.push(path);
    }
  } catch (error) {
    // Half a skill would be in the way of the next try.
    for (const path of written) await removeFile(join(folder, path));
    throw systemErrorCode(error) === "EEXIST" ? inTheWay(folder, error) : (fileSystemError(error, folder) ?? error);
  }
  const made = { folder, name: options.name, files: [...files.keys()] };
  return options.ci === true ? { ...made, workflow: await addWorkflow(folder) } : made;
}

async function addWorkflow(folder: string): Promise<{ path: string; created: boolean }> {
  const top = (await findTop(folder)) ?? folder;
  const path = join(top, workflowPath);
  try {
    makeFolder(dirname(path));
    await writeFile(path, renderWorkflow(relative(top, folder).split(sep).join("/")), { flag: "wx" });
    return { path, created: true };
  } catch (error) {
    if (systemErrorCode(error) === "EEXIST") return { path, created: false };
    throw fileSystemError(error, path) ?? error;
  }
}

/** The nearest folder upwards that is a git repository's top. */
async function findTop(folder: string): Promise<string | undefined> {
  if (await isThere(join(folder, ".git"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? undefined : await findTop(parent);
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
  if (await isThere(path)) throw inTheWay(path);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return false;
    throw systemErrorCode(error) === "ENOTDIR" ? inTheWay(path, error) : (fileSystemError(error, path) ?? error);
  }
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

function renderManifest({ name, description, license, template = "basic", ...folders }: ScaffoldOptions): string {
  const { describe, body } = templates[template];
  const title = name
    .split("-")
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join(" ");
  // A JSON string is a YAML string, whatever is in it.
  const quoted = JSON.stringify(description ?? describe(title.toLowerCase()));
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
    ...body,
    ...(mentions.length === 0 ? [] : ["## What is in this folder", "", ...mentions, ""]),
  ].join("\n");
}
