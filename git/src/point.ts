/** What of a repository is fetched. Names are short ones, ids whole ones; both were judged before. */
export type GitPoint =
  | { readonly type: "tag"; readonly name: string }
  | { readonly type: "branch"; readonly name: string }
  | { readonly type: "commit"; readonly oid: string }
  /** Whatever the repository shows first: its default branch. */
  | { readonly type: "head" };

/** What the host is asked for. */
export function pointRef(point: GitPoint): string {
  if (point.type === "head") return "HEAD";
  if (point.type === "commit") return point.oid;
  return point.type === "tag" ? `refs/tags/${point.name}` : `refs/heads/${point.name}`;
}

/** For messages: `tag v1.0.0`. */
export function pointText(point: GitPoint): string {
  if (point.type === "head") return "the default branch";
  return point.type === "commit" ? `commit ${point.oid}` : `${point.type} ${point.name}`;
}
