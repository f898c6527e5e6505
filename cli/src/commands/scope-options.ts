import type { Argv } from "yargs";
import type { CommonArgs } from "../command.ts";
import { usageError } from "../usage-error.ts";

/** The flags that say where: the same for install, list and remove. */
export const scopeOptions = (yargs: Argv<CommonArgs>) =>
  yargs
    .option("agent", {
      type: "string",
      array: true,
      alias: "a",
      describe:
        "Coding tools, by id: claude-code,cursor; * for all that are here (default: the remembered ones, or those found)",
    })
    .option("global", {
      type: "boolean",
      alias: "g",
      default: false,
      describe: "For all projects: below your home folder",
    })
    .option("dir", { type: "string", describe: "A folder of your own; paks go to <dir>/<account>/<name>" });

/** For commands that look at what is installed: one place, or both. */
export const placeOptions = <T>(yargs: Argv<T>) =>
  yargs
    .option("global", { type: "boolean", alias: "g", default: false, describe: "What is installed for all projects" })
    .option("all", { type: "boolean", default: false, describe: "This project and what is installed for all" })
    .option("dir", { type: "string", describe: "What is installed in this folder" });

/** Of commands that work with a project's lock: known, so that the error can say why it is not there. */
export const projectOnly = { global: { type: "boolean", alias: "g", default: false, hidden: true } } as const;

/** @throws PaksError USAGE */
export function requireProject(global: boolean, command: string, why: string): void {
  if (global) throw usageError(`${command} is for projects: of what is installed for all of them ${why}.`, command);
}

/** For commands that put files somewhere. */
export const copyOption = <T>(yargs: Argv<T>) =>
  yargs.option("copy", {
    type: "boolean",
    default: false,
    describe: "Copies instead of links, for tools and file systems that have none",
  });

/** `--agent a,b --agent c` → a, b, c. */
export const splitAgents = (values: readonly string[] | undefined): string[] =>
  (values ?? [])
    .flatMap((value) => value.split(","))
    .map((id) => id.trim())
    .filter((id) => id !== "");
