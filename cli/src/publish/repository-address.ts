import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { PaksError, anyGitPolicy, parseRepositoryUrl, publicRepositoryUrl } from "@paks/schema";

/**
 * The address that the release names: the https form where a remote speaks ssh, everything else as it is,
 * never with a user name or password. Whether a registry reads from there is the registry's decision.
 * @param root against which a path is resolved
 * @throws PaksError INVALID_REPOSITORY_URL …
 */
export function formatRepositoryAddress(remoteUrl: string, root: string): string {
  const repository = parseRepositoryUrl(withoutCredentials(asUrl(remoteUrl, root)), anyGitPolicy);
  const known = publicRepositoryUrl(repository);
  if (known !== undefined) return known;
  return repository.protocol === "ssh"
    ? `https://${repository.host}/${repository.path.replace(/^\//, "")}`
    : repository.url;
}

/** Remotes are also paths, `file:` ones in another spelling, and `git@host:path`. */
function asUrl(text: string, root: string): string {
  const isUrl = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(text) || text.includes("::");
  const isScp = !isUrl && /^[^/\\]+:/.test(text) && !/^[A-Za-z]:[\\/]/.test(text);
  if (isScp && !text.slice(0, text.indexOf(":")).includes("@")) return `git@${text}`;
  return isUrl || isScp ? text : pathToFileURL(resolve(root, text)).href;
}

function withoutCredentials(text: string): string {
  if (!/^[a-z]+:\/\//i.test(text)) return text;
  if (!URL.canParse(text)) {
    throw new PaksError("INVALID_REPOSITORY_URL", "The remote's address cannot be read.", {
      hint: "Correct it: git remote set-url origin https://…",
    });
  }
  const url = new URL(text);
  const isSsh = url.protocol === "ssh:";
  if (url.password === "" && (isSsh || url.username === "")) return text;
  url.password = "";
  if (!isSsh) url.username = "";
  return url.href;
}
