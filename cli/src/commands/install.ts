import { stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { PaksError, isPaksError, systemErrorCode, withHint } from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { choosingPaks, nameEach } from "../install/choose-sources.ts";
import { type InstallResult, installSources } from "../install/install.ts";
import { tellSameNames } from "../install/same-names.ts";
import { formatInstalled, installedData } from "../output/installed.ts";
import { safe } from "../output/safe-text.ts";
import { formatTable } from "../output/table.ts";
import { formatWritten, writtenData } from "../output/written.ts";
import { copyOption, scopeOptions, splitAgents } from "./scope-options.ts";
import { sourceOptions } from "./source-options.ts";

export const install = defineCommand({
  command: "install [source..]",
  aliases: ["add", "i"],
  describe: "Verify paks and put them where your coding tools look; without a source: what paks.jsonc asks for",
  examples: [
    ["paks install acme/pdf-forms", "the newest stable version that paks.jsonc lets it be, for the tools found here"],
    ["paks install", "what paks.jsonc asks for, in the versions of paks.lock"],
    ["paks install acme/pdf-forms@^1.2 --agent claude-code", "a range, for one tool"],
    ['paks install "https://github.com/acme/skills#tag=v1.0.0&path=pdf"', "straight from a git tag"],
    ["paks install ./my-skill --global", "a folder, for all projects"],
  ],
  builder: (yargs) =>
    sourceOptions(copyOption(scopeOptions(yargs)))
      .positional("source", {
        type: "string",
        array: true,
        describe: "account/name[@version], github:o/r, a git URL with #tag=…&path=…, npm:package, or a folder",
      })
      .option("as", { type: "string", describe: "Install under another name" })
      .option("list", {
        type: "boolean",
        default: false,
        describe: "Show the paks that the source holds, install none",
      })
      .option("save", {
        type: "boolean",
        default: false,
        describe: "Write paks.jsonc and paks.lock, as is done anyway in a project",
      })
      .option("no-save", { type: "boolean", default: false, describe: "Leave paks.jsonc and paks.lock alone" })
      .option("frozen", { type: "boolean", default: false, describe: "Fail when paks.lock would change" })
      .option("upgrade", { type: "boolean", default: false, describe: "Newest versions that fit, not the locked ones" })
      .option("force", {
        type: "boolean",
        default: false,
        describe: "Replace edited or foreign files and keep a copy of them",
      }),
  run: async (args, context) => {
    const { version, tag, branch, commit, path, from } = args;
    const sources = await namingFolders(context, args.source ?? [], () =>
      Promise.resolve(nameEach(args.source ?? [], { version, tag, branch, commit, path })),
    );
    if (args.list) {
      const { withRegistryWish } = await import("../workspace/with-registry-wish.ts");
      const isProject = !args.global && args.dir === undefined;
      return await listPaks(isProject ? await withRegistryWish(context) : context, sources);
    }
    if (args.save && (args.noSave || args.global || args.dir !== undefined))
      throw new PaksError("USAGE", "--save is for a project's files; --no-save, --global and --dir leave them alone.");
    await requireAnySource(context, sources, args.global || args.dir !== undefined || args.noSave);
    const options = {
      global: args.global,
      dir: args.dir,
      agents: splitAgents(args.agent),
      copy: args.copy ? true : undefined,
      as: args.as,
      force: args.force,
      save: !args.noSave,
      upgrade: args.upgrade,
      frozen: args.frozen,
      source: { from },
    };
    const result = await namingFolders(context, sources, () =>
      choosingPaks(context, sources, (named) => installSources(context, named, options)),
    );
    const told = await tellSameNames(result);
    const next = [...formatWritten(told, context), ...(args.dir === undefined ? hintOf(result) : [])].join("\n");
    return { data: { ...installedData(told), ...writtenData(told) }, text: formatResult(told, context), next };
  },
});

/** `acme/pdf` is a name of the registry's, also where a folder is called so. */
async function namingFolders<T>({ cwd }: Context, sources: readonly string[], work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!isPaksError(error) || !["INVALID_NAME", "PAK_NOT_FOUND"].includes(error.code)) throw error;
    const { message: said } = error;
    const isMeant = (one: string) => said.includes(` ${one}`) || said.includes(`"${one}"`);
    const text = sources.find((one) => /^(?!\.{1,2}\/)[\w.-]+(?:\/[\w.-]+)*$/.test(one) && isMeant(one));
    if (text === undefined || !(await isFolder(join(cwd, text)))) throw error;
    throw withHint(error, `There is a folder of that name here: paks install ./${text}`);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (systemErrorCode(error) !== undefined) return false;
    throw error;
  }
}

function formatResult(result: InstallResult, context: Context): string {
  if (result.installed.length === 0 && result.removed.length === 0) return "paks.jsonc asks for nothing.";
  return formatInstalled(result, context);
}

/** Somebody who has no tool that paks finds would look for the skill in vain. */
function hintOf({ installed }: InstallResult): string[] {
  if (installed.length === 0 || installed.some(({ links, readers }) => links.length + readers.length > 0)) return [];
  return [
    "hint: no coding tool was found that reads it there. Name yours with --agent <id>; all ids: paks agent list --all",
  ];
}

async function requireAnySource(context: Context, sources: readonly string[], isElsewhere: boolean): Promise<void> {
  if (sources.length > 0) return;
  if (isElsewhere)
    throw new PaksError("USAGE", "Name what to install.", {
      hint: "Without a source paks.jsonc says what a project needs.",
    });
  const [{ findWorkspace }, { requireWishes }] = await Promise.all([
    import("../workspace/open-workspace.ts"),
    import("../workspace/check-lock.ts"),
  ]);
  const opened = await findWorkspace(context);
  const { workspaceFile, root } = opened;
  if (workspaceFile !== undefined) return;
  requireWishes(opened);
  throw new PaksError("USAGE", `There is no paks.jsonc in ${relative(context.cwd, root) || "this folder"}.`, {
    hint: "Name what to install, for example: paks install acme/pdf-forms",
  });
}

async function listPaks(context: Context, sources: readonly string[]) {
  const [source, second] = sources;
  if (source === undefined || second !== undefined) throw new PaksError("USAGE", "--list takes one source.");
  const { listSourcePaks } = await import("../install/fetch-source.ts");
  const paks = await context.progress(`Looking into ${source}`, () => listSourcePaks(source, context));
  const rows = paks.map((pak) => [
    safe(pak.name || "–"),
    safe(pak.version ?? "–"),
    safe(pak.path || "."),
    pak.problem === undefined ? safe(pak.description) : `✗ cannot be installed: ${safe(pak.problem)}`,
  ]);
  return {
    data: { source, paks },
    text: paks.length === 0 ? "It holds no paks." : formatTable(["NAME", "VERSION", "FOLDER", "DESCRIPTION"], rows),
  };
}
