import { isAbsolute, relative } from "node:path";
import { PaksError } from "@paks/schema";
import { findTarget } from "@paks/targets";
import { defineCommand } from "../command.ts";
import { type ConfigEdit, changeConfig } from "../config-edit.ts";
import { safe } from "../output/safe-text.ts";

export const agentAdd = defineCommand({
  command: "agent add <id>",
  describe: "Add a coding tool of your own, or say where a known one looks on this machine",
  examples: [
    ["paks agent add mine -d ~/mine/skills", "a tool that paks does not know"],
    ["paks agent add codex -d ~/.codex/skills", "another folder for one that it knows"],
  ],
  builder: (yargs) =>
    yargs
      .positional("id", { type: "string", demandOption: true, describe: "The id for --agent" })
      .option("skills-dir", {
        type: "string",
        alias: "d",
        requiresArg: true,
        describe: "Its folder for all projects, absolute or below ~/",
      })
      .option("project-dir", {
        type: "string",
        requiresArg: true,
        describe: "Its folder in a project, relative to that",
      })
      .option("name", { type: "string", requiresArg: true, describe: "What to call it" })
      .option("layout", { choices: ["name", "account/name"] as const, describe: "How paks lie in its folder" }),
  run: async (args, context) => {
    const { id, skillsDir, projectDir, layout, name } = args;
    requireId(id);
    if (skillsDir === undefined && projectDir === undefined)
      throw new PaksError("USAGE", `Where does ${id} look for skills?`, {
        hint: "Say it with --skills-dir, --project-dir, or both.",
      });
    requireFolders({ skillsDir, projectDir });
    const values = {
      name,
      skills_dir: skillsDir && portable(skillsDir, context.home),
      project_dir: projectDir,
      layout,
    };
    const edits = Object.entries(values).flatMap(([key, value]): ConfigEdit[] =>
      value === undefined ? [] : [{ path: ["agents", id, key], value }],
    );
    let replaced = false;
    const { path } = await changeConfig(context, (file) => {
      replaced = Object.hasOwn(file.agents ?? {}, id);
      return edits;
    });
    const verb = replaced ? "Changed" : "Added";
    return {
      data: { action: replaced ? "changed" : "added", id, ...withoutUndefined(values), file: path },
      text: `✓ ${verb} ${id} in ${safe(path)}`,
      next: `hint: paks install <pak> --agent ${id}`,
    };
  },
});

/** An id that is an alias would take the known tool's name away. */
function requireId(id: string): void {
  if (!/^[a-z][a-z0-9-]{0,63}$/.test(id))
    throw new PaksError("USAGE", `"${id}" cannot be an agent's id.`, {
      hint: "Small letters, digits and hyphens, and a letter first.",
    });
  const known = findTarget(id);
  if (known !== undefined && known.id !== id)
    throw new PaksError("ALREADY_EXISTS", `"${id}" is another word for ${known.id}.`, {
      hint: `Say ${known.id} to change where it looks, or choose another id.`,
    });
}

/** As the configuration file demands it, said of the argument. */
function requireFolders({
  skillsDir,
  projectDir,
}: {
  skillsDir?: string | undefined;
  projectDir?: string | undefined;
}) {
  if (skillsDir !== undefined && !isAbsolute(skillsDir) && !skillsDir.startsWith("~/"))
    throw new PaksError("INVALID_PARAMETER", `--skills-dir ${skillsDir} is not an absolute path.`, {
      hint: "It is for all projects: begin it with / or ~/. --project-dir is the folder in each project.",
    });
  if (projectDir !== undefined && (isAbsolute(projectDir) || /(^|[/\\])\.\.([/\\]|$)|^$/.test(projectDir)))
    throw new PaksError("INVALID_PARAMETER", `--project-dir ${projectDir} is not a folder inside a project.`, {
      hint: "Write it relative to the project, for example .mine/skills.",
    });
}

/** Shells expand `~`, and a configuration that is shared between machines should not hold one machine's home. */
function portable(path: string, home: string): string {
  const below = relative(home, path);
  return isAbsolute(path) && below !== "" && !below.startsWith("..") && !isAbsolute(below)
    ? `~/${below.replaceAll("\\", "/")}`
    : path;
}

const withoutUndefined = (values: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
