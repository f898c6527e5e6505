import { isAbsolute, relative, sep } from "node:path";

/** Inside `root`, and where; undefined elsewhere. */
function below(root: string, path: string): string | undefined {
  const rest = relative(root, path);
  return rest === ".." || rest.startsWith(`..${sep}`) || isAbsolute(rest) ? undefined : rest;
}

/** How people read a path: from where they are when it lies below that, else from their home, else from where they are. */
export function shortPath(path: string, { cwd, home }: { readonly cwd: string; readonly home: string }): string {
  const here = below(cwd, path);
  if (here !== undefined && here !== "") return here;
  const own = below(home, path);
  return own === undefined || own === "" ? relative(cwd, path) || "." : `~${sep}${own}`;
}
