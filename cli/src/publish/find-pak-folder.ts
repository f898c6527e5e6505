import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Context } from "../context.ts";
import { readWholeRepository } from "./repository-facts.ts";

/** The folder as typed; where there is none of that name, the pak of that name in this repository. */
export async function findPakFolder(context: Context, typed: string | undefined): Promise<string> {
  if (typed === undefined) return ".";
  if (/[/\\.]/.test(typed) || existsSync(resolve(context.cwd, typed))) return typed;
  const [whole, { selectNamed }] = await Promise.all([readWholeRepository(context, "."), import("./batch/select.ts")]);
  const [path = ""] = selectNamed(context, whole, [typed]);
  return join(whole.place.root, path);
}
