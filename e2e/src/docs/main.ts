import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { workspaceRoot } from "../harness/executables.ts";
import { renderAgents } from "./render-agents.ts";
import { renderApi } from "./render-api.ts";
import { renderCli } from "./render-cli.ts";
import { renderConfiguration } from "./render-configuration.ts";
import { renderErrors } from "./render-errors.ts";

/** Each reference and what it is made from. */
const references: Record<string, () => string | Promise<string>> = {
  "docs/errors.md": renderErrors,
  "docs/cli.md": renderCli,
  "docs/api.md": renderApi,
  "docs/agents.md": renderAgents,
  "docs/configuration.md": renderConfiguration,
};

/** `--check` writes nothing and ends with 1 when a reference is not what the code says. */
async function main(args: readonly string[]): Promise<number> {
  const stale: string[] = [];
  for (const [path, render] of Object.entries(references)) {
    const text = await render();
    const file = join(workspaceRoot, path);
    if (!args.includes("--check")) await writeFile(file, text);
    else if ((await readFile(file, "utf8")) !== text) stale.push(path);
  }
  if (stale.length > 0) process.stderr.write(`Not what the code says: ${stale.join(", ")}. Run "npm run docs".\n`);
  return stale.length === 0 ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
