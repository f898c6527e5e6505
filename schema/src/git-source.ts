import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { anyGitPolicy, parseRepositoryUrl } from "./repository-url.ts";
import {
  decode,
  formatFragment,
  parseFolder,
  parseFragment,
  type SourceFragment,
  splitFragment,
} from "./source-fragment.ts";
import { isRange } from "./version.ts";

/** A git repository, which state of it, and which folder in it. */
export interface GitSource extends SourceFragment {
  readonly type: "git";
  /** Normalised. */
  readonly url: string;
}

/**
 * A git URL, a repository's page in a browser or a folder's there.
 * @throws PaksError those of `parseRepositoryUrl` and `parseFragment`; INVALID_PARAMETER
 */
export function parseGit(text: string): GitSource {
  const { before, fragment } = splitFragment(text);
  const page = readPage(before);
  if (page === undefined) requireNoRefBehindAt(before);
  const { url } = parseRepositoryUrl(page?.repository ?? before, anyGitPolicy);
  if (page?.fragment === undefined) return { type: "git", url, ...parseFragment(fragment) };
  // What a browser adds (`#L10`, `#readme`) says nothing about the folder.
  return { type: "git", url, ...parseFragment(page.fragment) };
}

interface Page {
  readonly repository: string;
  /** Absent: the page of the whole repository. */
  readonly fragment?: string;
}

/** GitLab keeps `tree` and `blob` for itself on every server; no host has repositories of these names. */
const treePage = /^(https?:\/\/[^/?#]+\/[^?#]+?)\/(?:-\/)?(tree|blob)\/([^?#]+)$/;
/** Forgejo and Gitea say which kind of ref they mean. */
const sourcePage = /^(https?:\/\/[^/?#]+\/[^/?#]+\/[^/?#]+)\/src\/(branch|tag|commit)\/([^?#]+)$/;
/** Bitbucket does not. */
const bitbucketPage = /^(https:\/\/bitbucket\.org\/[^/?#]+\/[^/?#]+)\/(src)\/([^?#]+)$/;
/** What the pages of the large hosts add, and what says nothing about where the files are. */
const pageQuery = /^(https?:\/\/[^?#]+)\?(?:(?:tab|plain|ref_type)=[\w-]*&?)+$/;

/** The page of a release or a tag; GitLab's stand behind `-`. */
const tagPage = /^(https?:\/\/[^/?#]+\/[^?#]+?)\/(?:releases\/tag|-\/(?:tags|releases))\/([^?#]+?)\/?$/;
const commitPage = /^(https?:\/\/[^/?#]+\/[^?#]+?)\/(?:-\/)?commits?\/([0-9a-f]{40})\/?$/i;
/** Azure DevOps says everything behind a `?`: `version` is `GB`, `GT` or `GC` and the name of a branch, tag or commit. */
const azurePage = /^(https:\/\/[^?#]+\/_git\/[^/?#]+)\?([^#]+)$/;
const azureKinds: Readonly<Record<string, string>> = { GB: "branch", GT: "tag", GC: "commit" };

function readAzure(repository: string, query: string): Page | undefined {
  const asked = new URLSearchParams(query);
  const version = asked.get("version");
  const kind = version === null ? undefined : azureKinds[version.slice(0, 2)];
  const folder = parseFolder((asked.get("path") ?? "").replace(/^\/+/, ""));
  const known = ["path", "version", "_a", "anchor"];
  if ((version !== null && kind === undefined) || [...asked.keys()].some((key) => !known.includes(key)))
    return undefined;
  const parts = [
    ...(kind === undefined ? [] : [`${kind}=${encodeURIComponent(version!.slice(2))}`]),
    ...(folder === "" ? [] : [`path=${encodeURIComponent(folder)}`]),
  ];
  return { repository, fragment: parts.join("&") };
}

function readPage(text: string): Page | undefined {
  const [, azure, query] = azurePage.exec(text) ?? [];
  if (azure !== undefined) return readAzure(azure, query!);
  const [, tagged, tag] = tagPage.exec(text) ?? [];
  if (tagged !== undefined) return { repository: tagged, fragment: `tag=${encodeURIComponent(decode(tag!))}` };
  const [, of, commit] = commitPage.exec(text) ?? [];
  if (of !== undefined) return { repository: of, fragment: `commit=${commit!}` };
  const plain = pageQuery.exec(text)?.[1];
  const address = plain ?? text;
  const [, repository, kind, rest] =
    treePage.exec(address) ?? sourcePage.exec(address) ?? bitbucketPage.exec(address) ?? [];
  if (repository === undefined || kind === undefined || rest === undefined)
    return plain === undefined ? undefined : { repository: plain };
  const isFile = kind === "blob" || /\.(?:md|json)\/?$/i.test(rest);
  const tree = isFile ? folderOfManifest(rest) : rest;
  return { repository, fragment: `tree=${encodeURIComponent(parseFolder(decode(tree)))}` };
}

/** @throws PaksError INVALID_PARAMETER for the page of any other file */
function folderOfManifest(rest: string): string {
  const [, folder] = /^(.+)\/(?:SKILL\.md|skill\.yaml|pack\.json|agent\.json|template\.json)$/i.exec(rest) ?? [];
  if (folder !== undefined) return folder;
  throw new PaksError("INVALID_PARAMETER", `"${escapeText(rest, 80)}" is a file, not a pak.`, {
    hint: "Give the address of the folder, or of the SKILL.md in it.",
  });
}

const forges = { github: "https://github.com", gitlab: "https://gitlab.com" } as const;

/**
 * What stands behind `github:` or `gitlab:`. On GitHub the third part and all behind it are a folder; on GitLab groups
 * nest, so that everything is the repository and a folder is `#path=`.
 * @throws PaksError INVALID_PARAMETER, and those of `parseGit`
 */
export function parseForge(forge: keyof typeof forges, text: string): GitSource {
  const { before, fragment } = splitFragment(text);
  const parts = before.replace(/\/$/, "").split("/");
  const [owner, repository] = parts;
  const [, named, ref] = /^([^@]+)@([^@/]+)$/.exec(before) ?? [];
  if (named !== undefined && ref !== undefined && repository !== undefined) throw refBehindAt(`${forge}:${named}`, ref);
  if (owner === undefined || repository === undefined || !parts.every((part) => !/^\.{0,2}$/.test(part))) {
    throw forgeError(forge);
  }
  const length = forge === "github" ? 2 : parts.length;
  const { url } = parseRepositoryUrl(`${forges[forge]}/${parts.slice(0, length).join("/")}`, anyGitPolicy);
  const path = parseFolder(parts.slice(length).join("/"));
  const more = parseFragment(fragment);
  if (path === "") return { type: "git", url, ...more };
  if (more.path !== undefined || more.tree !== undefined) throw forgeError(forge);
  return { type: "git", url, ...more, path };
}

/** No repository of a host has an `@` in its name, and a folder of this machine hardly has `.git@`. */
const behindAt = /^((?:(?!file:)\w+:\/\/[^/?]+\/[^?]+|[^/?]+:[^/?][^?]*|[^?]+\.git))@([^@/:?]+)$/i;

function requireNoRefBehindAt(text: string): void {
  const [, repository, ref] = behindAt.exec(text) ?? [];
  if (repository === undefined || ref === undefined) return;
  // What is repeated must hold no secret.
  parseRepositoryUrl(repository, anyGitPolicy);
  throw refBehindAt(repository, ref);
}

function refBehindAt(repository: string, ref: string): PaksError {
  const key = isRange(ref) && !ref.startsWith("v") ? "version=" : "";
  return new PaksError("INVALID_PARAMETER", "A repository has its tag or branch behind a #, not behind an @.", {
    hint: `paks install "${escapeText(`${repository}#${key}${ref}`, 200)}"`,
  });
}

const forgeError = (forge: keyof typeof forges): PaksError =>
  new PaksError("INVALID_PARAMETER", `This is not how a repository is named behind ${forge}:.`, {
    hint:
      forge === "github"
        ? "For example github:acme/skills, github:acme/skills/skills/pdf or github:acme/skills#v1.0.0."
        : "For example gitlab:acme/tools/skills or gitlab:acme/skills#path=skills/pdf.",
  });

/** The text that `parseSource` reads back. */
export const formatGit = ({ url, type: _type, ...fragment }: GitSource): string => `${url}${formatFragment(fragment)}`;
