import { basename, relative, resolve, sep } from "node:path";
import { PaksError, parseSource } from "@paks/schema";
import { type Wish, nameWish } from "../workspace/wish.ts";
import { realPlace } from "./same-folder.ts";
import { type SourceOptions, withOptions } from "./source-options.ts";

interface Naming {
  /** Of the workspace; absolute. */
  readonly root: string;
  readonly cwd: string;
  /** Where it is installed to; absolute. */
  readonly skillsFolder: string;
  readonly options: {
    readonly source?: SourceOptions | undefined;
    readonly as?: string | undefined;
    readonly dir: string | undefined;
  };
}

/**
 * What the command line names, each as `paks.jsonc` is to have it.
 * @throws PaksError USAGE; AMBIGUOUS_MANIFEST and UNSAFE_TARGET of a folder; what `nameWish` and `parseSource` throw
 */
export async function nameSources(texts: readonly string[], naming: Naming): Promise<Wish[]> {
  const { source: flags = {}, as } = naming.options;
  if (as !== undefined && texts.length !== 1)
    throw new PaksError("USAGE", "--as names the folder of one pak.", { hint: "Install the others on their own." });
  const named: Wish[] = [];
  for (const text of texts) {
    const source = parseSource(withOptions(text, flags));
    const exact =
      source.type === "local" ? { ...source, path: await nameFolder(source.path, { ...naming, text }) } : source;
    named.push(nameWish(exact, naming, as));
  }
  return named;
}

/**
 * The folder of the pak itself, where the one that was typed only holds it further down: what is written down is what
 * was chosen, and it stays that when another pak comes into the folder above.
 */
async function nameFolder(path: string, naming: Naming & { readonly text: string }): Promise<string> {
  const [{ narrowFolder }, { withSource }] = await Promise.all([
    import("./fetch-local.ts"),
    import("./fetch-source.ts"),
  ]);
  try {
    const chosen = await narrowFolder(path, naming.cwd);
    requireElsewhere(resolve(naming.cwd, chosen), naming);
    return chosen;
  } catch (error) {
    throw withSource(error, naming.text);
  }
}

/** A pak that holds the place where it is put would hold itself, once more with every install. */
function requireElsewhere(folder: string, { skillsFolder, options }: Naming): void {
  const details = { path: folder, skills_folder: skillsFolder };
  const [from, to] = [realPlace(folder), realPlace(skillsFolder)];
  if (isWithin(to, from))
    throw new PaksError("UNSAFE_TARGET", `${folder} cannot be installed into itself: ${skillsFolder} lies in it.`, {
      hint: `Move the pak into a folder of its own, for example skills/${basename(folder)}, or install it with --global or in another project.`,
      details,
    });
  // Whoever names the place with --dir may well copy from one folder of it to another.
  if (options.dir !== undefined || !isWithin(from, to)) return;
  throw new PaksError("UNSAFE_TARGET", `${folder} lies where paks installs to: it would be its own source.`, {
    hint: `Tools that read that folder see it there already. To have it managed, move it, for example to skills/${basename(folder)}, and install it from there.`,
    details,
  });
}

const isWithin = (path: string, folder: string): boolean => {
  const below = relative(folder, path);
  return below !== ".." && !below.startsWith(`..${sep}`) && resolve(folder, below) === path;
};
