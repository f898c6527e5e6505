import { resolve } from "node:path";
import { PaksError, parseSource } from "@paks/schema";
import { type Wish, nameWish } from "../workspace/wish.ts";
import { requireElsewhere } from "./own-source.ts";
import { type SourceOptions, withOptions } from "./source-options.ts";

interface Naming {
  /** Of the workspace; absolute. */
  readonly root: string;
  readonly cwd: string;
  /** Where it is installed to; absolute. */
  readonly skillsFolder: string;
  readonly options: {
    readonly source?: SourceOptions | undefined;
    readonly as?: string | ReadonlyMap<string, string> | undefined;
    readonly dir: string | undefined;
  };
}

/**
 * What the command line names, each as `paks.jsonc` is to have it.
 * @throws PaksError USAGE; AMBIGUOUS_MANIFEST and UNSAFE_TARGET of a folder; what `nameWish` and `parseSource` throw
 */
export async function nameSources(texts: readonly string[], naming: Naming): Promise<Wish[]> {
  const { source: flags = {}, as } = naming.options;
  if (typeof as === "string" && texts.length !== 1)
    throw new PaksError("USAGE", "--as names the folder of one pak.", { hint: "Install the others on their own." });
  const named: Wish[] = [];
  for (const text of texts) {
    const source = parseSource(withOptions(text, flags));
    const exact =
      source.type === "local" ? { ...source, path: await nameFolder(source.path, { ...naming, text }) } : source;
    named.push(nameWish(exact, naming, typeof as === "string" ? as : as?.get(text)));
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
    requireElsewhere(resolve(naming.cwd, chosen), naming.skillsFolder, naming.options.dir !== undefined);
    return chosen;
  } catch (error) {
    throw withSource(error, naming.text);
  }
}
