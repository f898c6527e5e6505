import { type GitRun, requireSuccess, type RunOptions, type Translating, type WorkTree } from "./work-tree-run.ts";

/**
 * Runs a git that changes something here or over there: through simple-git, which refuses options that would start
 * other programs. Loaded at the first change, because loading it takes longer than most commands of git.
 * @throws as `runWorkTreeGit`
 */
export async function changeWithGit(
  tree: WorkTree,
  args: readonly string[],
  options: RunOptions = {},
): Promise<GitRun> {
  const { runSimpleGit } = await import("./work-tree-simple-git.ts");
  return await runSimpleGit(tree, args, options);
}

/** Loads what the first change needs, while answers are awaited anyway. */
export const prepareChanges = async (): Promise<void> => void (await import("./work-tree-simple-git.ts"));

/** The run's output, or its failure as a `PaksError`. */
export const requireChange = async (
  tree: WorkTree,
  args: readonly string[],
  options: RunOptions & Translating,
): Promise<Buffer> => requireSuccess(await changeWithGit(tree, args, options), options);
