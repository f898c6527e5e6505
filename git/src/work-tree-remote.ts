import { PaksError, quoteForShell } from "@paks/schema";

import { changeWithGit } from "./work-tree-change.ts";
import { cleanGitText, remoteGitError } from "./work-tree-errors.ts";
import type { GitConfig, RefFact } from "./work-tree-read.ts";
import { type GitRun, requireGit, runWorkTreeGit, wallClock, type WorkTree } from "./work-tree-run.ts";

export interface Remote {
  readonly name: string;
  /** As configured, before git's `insteadOf` rules. */
  readonly url: string;
}

/** Remote names reach git as arguments: nothing that could be an option. */
const usableName = /^\w[\w./-]*$/;

export const listRemotes = (config: GitConfig): Remote[] =>
  [...config].flatMap(([key, urls]) => {
    const name = /^remote\.(.+)\.url$/s.exec(key)?.[1];
    return name !== undefined && usableName.test(name) && urls[0] ? [{ name, url: urls[0] }] : [];
  });

const last = (config: GitConfig, key: string): string | undefined => config.get(key)?.at(-1) || undefined;

/**
 * Where a push of this branch goes, asked in git's own order.
 * @throws PaksError NO_REMOTE
 */
export function requireRemote(config: GitConfig, branch: string | undefined, wanted?: string): Remote {
  const remotes = listRemotes(config);
  const names = [
    wanted,
    branch === undefined ? undefined : last(config, `branch.${branch}.pushremote`),
    last(config, "remote.pushdefault"),
    branch === undefined ? undefined : last(config, `branch.${branch}.remote`),
    "origin",
    remotes.length === 1 ? remotes[0]!.name : undefined,
  ].filter((name) => name !== undefined);
  const found = remotes.find(({ name }) => name === names[0]) ?? remotes.find(({ name }) => names.includes(name));
  if (found && (wanted === undefined || found.name === wanted)) return found;
  const known = remotes.map(({ name }) => name).join(", ");
  const message =
    remotes.length === 0
      ? "The repository has no remote to push to."
      : wanted === undefined
        ? `None of the remotes (${known}) is the one to push to.`
        : "There is no remote of that name.";
  const hint =
    remotes.length === 0
      ? "Create an empty repository on your git host, then: git remote add origin <address>"
      : `Choose one with --remote. There is: ${known}`;
  throw new PaksError("NO_REMOTE", message, { hint });
}

/** The branch over there: what this one follows when that is on the same remote, else the same name. */
export function upstreamBranch(config: GitConfig, branch: string, remote: string): string {
  const merge = last(config, `branch.${branch}.merge`);
  if (last(config, `branch.${branch}.remote`) !== remote || !merge?.startsWith("refs/heads/")) return branch;
  return merge.slice("refs/heads/".length);
}

/** The remote's fetch address after git's `insteadOf` rules; asks git only when there are such rules. */
export async function readRemoteUrl(tree: WorkTree, config: GitConfig, remote: Remote): Promise<string> {
  if (![...config.keys()].some((key) => /^url\..*\.insteadof$/s.test(key))) return remote.url;
  const out = await requireGit(tree, ["ls-remote", "--get-url", remote.name], {
    translate: ({ stderr }) => remoteGitError("resolve the remote's address", stderr),
  });
  return out.toString("utf8").replace(/\n$/, "");
}

/** All branches and tags of the remote: a network call. */
export async function fetchRemoteRefs(tree: WorkTree, remote: string): Promise<RefFact[]> {
  const out = await requireGit(tree, ["ls-remote", "--quiet", "--heads", "--tags", remote], {
    milliseconds: wallClock.network,
    translate: ({ stderr }) => remoteGitError("list its branches and tags", stderr),
  });
  const refs = new Map<string, RefFact>();
  for (const line of out.toString("utf8").split("\n")) {
    const match = /^([0-9a-f]{40,64})\t(refs\/(?:heads|tags)\/.+?)(\^\{\})?$/.exec(line);
    if (!match) continue;
    const [, oid = "", name = "", peeled] = match;
    refs.set(name, { name, object: peeled ? refs.get(name)!.object : oid, commit: oid });
  }
  return [...refs.values()];
}

export interface PushedRef {
  /** ` ` moved, `*` new, `=` as it was, `!` refused, `+` forced, `-` deleted */
  readonly flag: string;
  readonly to: string;
  readonly summary: string;
}

/** The lines of `git push --porcelain`. */
export function parsePushReport(text: string): PushedRef[] {
  return text.split("\n").flatMap((line) => {
    const match = /^([ *=!+-])\t[^\t]*?:([^\t]+)\t(.*)$/.exec(line);
    return match ? [{ flag: match[1]!, to: match[2]!, summary: cleanGitText(match[3]!) }] : [];
  });
}

export type PushOutcome =
  | { readonly type: "pushed" }
  /** The remote said no to every ref that would have changed. */
  | { readonly type: "rejected"; readonly error: PaksError }
  /** git gave up before it sent anything: a pre-push hook said no. */
  | { readonly type: "not-sent"; readonly error: PaksError }
  /** The remote can do only one ref at a time. */
  | { readonly type: "no-atomic" }
  /** Nobody knows what the remote did. */
  | { readonly type: "unknown"; readonly error: PaksError };

export interface PushRequest {
  readonly remote: string;
  /** Full refspecs: `<commit>:refs/heads/main`, `refs/tags/v1.0.0`. */
  readonly refspecs: readonly string[];
  /** All or none. */
  readonly atomic: boolean;
  /** Full names of refs that may be overwritten, each only while it has this id over there. */
  readonly leases?: readonly { readonly ref: string; readonly expected: string }[] | undefined;
}

export const pushArgs = ({ remote, refspecs, atomic, leases = [] }: PushRequest): string[] => [
  "push",
  "--porcelain",
  ...(atomic ? ["--atomic"] : []),
  ...leases.map(({ ref, expected }) => `--force-with-lease=${ref}:${expected}`),
  remote,
  ...refspecs,
];

/** The one step that cannot be undone. Never throws for what the remote or the network does. */
export async function pushRefs(tree: WorkTree, request: PushRequest): Promise<PushOutcome> {
  let run: GitRun;
  try {
    run = await changeWithGit(tree, pushArgs(request), { milliseconds: wallClock.withHooks });
  } catch (error) {
    if (error instanceof PaksError && error.code !== "GIT_MISSING") return { type: "unknown", error };
    throw error;
  }
  return judgePush(run, request);
}

export function judgePush(run: GitRun, request: PushRequest): PushOutcome {
  if (run.exitCode === 0) return { type: "pushed" };
  if (/does not support --atomic push/.test(run.stderr)) return { type: "no-atomic" };
  const refs = parsePushReport(run.stdout.toString("utf8"));
  const refused = refs.filter(({ flag }) => flag === "!");
  const untouched = refs.every(({ flag }) => flag === "!" || flag === "=");
  // git up to 2.48 names only the ref that is behind when that makes it give up an atomic push; it has sent nothing then.
  const gaveUp = request.atomic && /atomic push failed for ref/.test(run.stderr);
  if ((refs.length === request.refspecs.length || gaveUp) && untouched && refused.length > 0) {
    return { type: "rejected", error: rejection(refused, run.stderr, request.remote) };
  }
  // After anything was sent git reports each ref or dies with 128; 1 without a report is a refusal on this side.
  if (run.exitCode === 1 && run.stdout.length === 0) {
    const hint = "Correct what the hook complains about and run the same command again.";
    const details = { git: cleanGitText(run.stderr) };
    const message = "A hook of this repository (pre-push) refused the push.";
    return { type: "not-sent", error: new PaksError("PUSH_REJECTED", message, { hint, details }) };
  }
  return { type: "unknown", error: remoteGitError("accept the push", run.stderr) };
}

function rejection(refs: readonly PushedRef[], stderr: string, remote: string): PaksError {
  const telling = refs.find(({ summary }) => !/atomic/.test(summary)) ?? refs[0]!;
  const details = { refs: refs.map(({ to, summary }) => ({ ref: to, summary })), git: cleanGitText(stderr) };
  if (isBehind(telling)) return behindUpstream(remote, telling.to, details);
  const reason = /\((.+)\)$/.exec(telling.summary)?.[1] ?? telling.summary;
  return new PaksError("PUSH_REJECTED", `The remote refused ${shortRef(telling.to)}: ${reason}.`, {
    hint:
      remoteSays(stderr) ??
      (isStale(telling) ? stale : "Ask who runs the git host which rule refuses this branch or tag."),
    details,
  });
}

const shortRef = (ref: string): string =>
  ref.replace(/^refs\/(heads|tags)\//, (_all, kind: string) => `${kind === "heads" ? "branch" : "tag"} `);
const isStale = ({ summary }: PushedRef): boolean => /stale info/.test(summary);
const stale = "It was changed there a moment ago. Run the same command again: it shows where the tag leads now.";
const isBehind = ({ to, summary }: PushedRef): boolean =>
  to.startsWith("refs/heads/") && /fetch first|non-fast-forward|stale info/.test(summary);

/** With remote and branch: what is pushed to need not be what the branch here follows, if it follows any. */
function behindUpstream(remote: string, ref: string, details: Record<string, unknown>): PaksError {
  const branch = ref.replace(/^refs\/heads\//, "");
  return new PaksError("BEHIND_UPSTREAM", `The remote's branch ${branch} has commits that are not here.`, {
    hint: `git pull --rebase ${quoteForShell(remote)} ${quoteForShell(branch)}, then run the same command again.`,
    details,
  });
}

function remoteSays(stderr: string): string | undefined {
  const lines = cleanGitText(stderr)
    .split("\n")
    .flatMap((line) => /^remote: *(.*?) *$/.exec(line)?.[1] || []);
  return lines.length === 0 ? undefined : `The remote says: ${lines.slice(0, 5).join(" / ").slice(0, 500)}`;
}

/**
 * Asks the remote whether it would take the commit, without sending it. The user's pre-push hook is left out:
 * it runs once, at the real push.
 * @throws PaksError PUSH_FORBIDDEN, BEHIND_UPSTREAM, PUSH_REJECTED, GIT_HOST_UNAVAILABLE, REPOSITORY_NOT_FOUND
 */
export async function requirePushPermission(
  tree: WorkTree,
  push: { readonly remote: string; readonly commit: string; readonly branch: string },
): Promise<void> {
  const args = ["push", "--dry-run", "--no-verify", "--porcelain", push.remote];
  args.push(`${push.commit}:refs/heads/${push.branch}`);
  const run = await runWorkTreeGit(tree, args, { milliseconds: wallClock.network });
  if (run.exitCode === 0) return;
  const refused = parsePushReport(run.stdout.toString("utf8")).filter(({ flag }) => flag === "!");
  if (refused.length > 0) throw rejection(refused, run.stderr, push.remote);
  throw remoteGitError("take a push", run.stderr);
}
