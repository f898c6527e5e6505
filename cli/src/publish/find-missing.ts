import type { Finding, PakId } from "@paks/schema";
import type { Context } from "../context.ts";
import type { DependencyCheck } from "./dependencies.ts";
import type { Draft } from "./draft.ts";
import type { Known } from "./registry-side.ts";
import { isPushed } from "./tag-checks.ts";

/** What a run of several paks shares. */
export interface OthersOfRun {
  /** Of all paks that are released together. */
  readonly names: ReadonlySet<string>;
  /** Has asked for what all of them depend on. */
  readonly dependencies: DependencyCheck;
}

/** What the pak depends on and cannot be installed. Of a release that is out already nothing can be mended. */
export async function findMissing(
  context: Context,
  { inputs, outside, draft, id }: Known & { readonly draft: Draft; readonly id: PakId },
  others?: OthersOfRun,
): Promise<readonly Finding[]> {
  const { manifest, options } = inputs;
  const isReleasedToo = ({ account, name }: PakId) => account === id.account && others?.names.has(name) === true;
  const dependencies = manifest.dependencies.filter((dependency) => !isReleasedToo(dependency));
  if (dependencies.length === 0 || !options.push || options.skipRegistry) return [];
  if (!outside.me.value || isPushed(inputs, draft)) return [];
  if (others) return await others.dependencies.check(dependencies);
  const { openDependencyCheck } = await import("./dependencies.ts");
  const alone = openDependencyCheck(context);
  await alone.prepare(dependencies);
  return await alone.check(dependencies);
}
