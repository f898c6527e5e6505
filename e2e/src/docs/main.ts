import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { workspaceRoot } from "../harness/executables.ts";
import { renderAgents } from "./render-agents.ts";
import { renderApi } from "./render-api.ts";
import { renderCli } from "./render-cli.ts";
import { renderConfiguration } from "./render-configuration.ts";
import { renderErrors } from "./render-errors.ts";
import { renderJson, renderJsonSchemas } from "./render-json.ts";

/** Each reference and what it is made from. */
const references: Record<string, () => string | Promise<string>> = {
  "docs/errors.md": renderErrors,
  "docs/cli.md": renderCli,
  "docs/api.md": renderApi,
  "docs/agents.md": renderAgents,
  "docs/configuration.md": renderConfiguration,
  "docs/json-output.md": renderJson,
};

/** A folder in which every file is made: what a command left that is no more goes. */
const schemasFolder = "docs/json";

/** `--check` writes nothing and ends with 1 when a reference is not what the code says. */
async function main(args: readonly string[]): Promise<number> {
  const check = args.includes("--check");
  const texts = new Map(Object.entries(renderJsonSchemas()));
  for (const [path, render] of Object.entries(references)) texts.set(path, await render());
  await mkdir(join(workspaceRoot, schemasFolder), { recursive: true });
  const stale = await listLeft(texts);
  if (!check) for (const path of stale) await rm(join(workspaceRoot, path));
  for (const [path, text] of texts) {
    const file = join(workspaceRoot, path);
    if (!check) await writeFile(file, text);
    else if ((await readIfThere(file)) !== text) stale.push(path);
  }
  if (!check || stale.length === 0) return 0;
  process.stderr.write(`Not what the code says: ${stale.join(", ")}. Run "npm run docs".\n`);
  return 1;
}

async function listLeft(texts: ReadonlyMap<string, string>): Promise<string[]> {
  const names = await readdir(join(workspaceRoot, schemasFolder));
  return names.map((name) => `${schemasFolder}/${name}`).filter((path) => !texts.has(path));
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

process.exitCode = await main(process.argv.slice(2));
