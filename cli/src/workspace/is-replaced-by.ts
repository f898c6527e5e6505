import { isTaken, parseSource, repositoryIdentity } from "@paks/schema";
import { isSameWish } from "./wish.ts";

/**
 * Whether an entry of `paks.jsonc` that goes and one that comes with the same command ask for the same pak: then the new
 * one takes its place in the list. Of a repository's address as a browser shows it nobody can say without the
 * repository which folder it means; that both are of one command is enough there.
 */
export function isReplacedBy(drop: string, add: string): boolean {
  // What is dropped may be a name among the disabled ones, which is no source.
  if (!isTaken(parseSource, drop) || !isTaken(parseSource, add)) return false;
  const [before, after] = [parseSource(drop), parseSource(add)];
  if (isSameWish(before, after)) return true;
  if (before.type !== "git" || after.type !== "git") return false;
  const isVague = before.path === undefined || after.path === undefined;
  return isVague && repositoryIdentity(before.url) === repositoryIdentity(after.url);
}
