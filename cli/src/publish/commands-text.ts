import { pushArgs, tagArgs } from "@paks/git/work-tree";
import { quoteForShell as quote } from "@paks/schema";
import { formatCommitMessage } from "./apply.ts";
import { leasesOf, tagsPerPush } from "./push.ts";
import { pathInRepository, type ReleasePlan } from "./release-plan.ts";

/**
 * The commands that do by hand what the plans of one run would do, for a POSIX shell. They can be pasted as they are.
 * @param options.tagsOnly the remote has the commit already
 * @returns one command each; some have more than one line
 */
export function formatCommands(
  plans: readonly ReleasePlan[],
  { tagsOnly = false }: { readonly tagsOnly?: boolean } = {},
): string[] {
  const [first] = plans;
  if (!first) return [];
  const commands: string[] = [`cd ${quote(first.place.root)}`];
  for (const plan of plans) if (plan.steps.edit === "todo") commands.push(formatPatch(plan));
  const bumped = plans.filter(({ steps }) => steps.commit === "todo");
  if (bumped.length > 0) {
    const { subject, trailers } = formatCommitMessage(plans);
    const files = bumped.map((plan) => quote(pathInRepository(plan, plan.edit!.file))).join(" ");
    commands.push(`git commit --only -m ${quote(subject)} -m ${quote(trailers)} -- ${files}`);
  }
  const head = bumped.length > 0 ? "HEAD" : first.head;
  for (const plan of plans) if (plan.steps.tag === "todo") commands.push(formatTagging(plan));
  const pushed = plans.filter(({ steps }) => steps.push === "todo");
  for (let at = 0; at < pushed.length; at += tagsPerPush) {
    const group = pushed.slice(at, at + tagsPerPush);
    const branch = at === 0 && !tagsOnly ? [`${head}:refs/heads/${first.remote.branch}`] : [];
    const refspecs = [...branch, ...group.map(({ tag }) => `refs/tags/${tag.name}`)];
    const leases = group.flatMap((plan) => leasesOf(plan, refspecs) ?? []);
    commands.push(
      ["git", ...pushArgs({ remote: first.remote.name, refspecs, atomic: true, leases }).map(quote)].join(" "),
    );
  }
  return [...commands, ...formatTelling(plans)];
}

/** Finds the rest done and only tells the registry; one command for all that take the same flags. */
function formatTelling(plans: readonly ReleasePlan[]): string[] {
  const told = new Map<string, ReleasePlan[]>();
  for (const plan of plans.filter(({ steps }) => steps.index === "todo")) {
    const flags = plan.rerun.join("\n");
    told.set(flags, [...(told.get(flags) ?? []), plan]);
  }
  return [...told.values()].map((alike) => {
    const folders = alike.map(({ place }) => (place.path === "" ? "." : `./${place.path}`));
    return ["paks", "publish", ...folders, ...alike[0]!.rerun, "--yes"].map(quote).join(" ");
  });
}

function formatTagging({ tag, steps, head }: ReleasePlan): string {
  const args = tagArgs({ ...tag, commit: steps.commit === "todo" ? "HEAD" : head });
  const command = ["git", ...args.map(quote)].join(" ");
  return tag.form === "lightweight" ? command : `${command} ${heredoc(tag.message)}`;
}

/** The edit as a patch in one line: every byte of it survives pasting, line ends and byte order mark included. */
function formatPatch(plan: ReleasePlan): string {
  const { before, after } = plan.edit!.workTree;
  const file = pathInRepository(plan, plan.edit!.file);
  const change = findChange(linesOf(before), linesOf(after));
  const place = (count: number) => `${change.at},${count}`;
  const name = file.includes(" ") ? `${file}\t` : file;
  const header = `--- a/${name}\n+++ b/${name}\n@@ -${place(change.removed.length)} +${place(change.added.length)} @@\n`;
  const lines = [...change.removed.map((line) => `-${line}`), ...change.added.map((line) => `+${line}`)];
  const patch = Buffer.from(header).toString("latin1") + lines.map(withLineEnd).join("");
  return `printf '${escapeForPrintf(patch)}' | git apply --unidiff-zero --whitespace=nowarn`;
}

const withLineEnd = (line: string): string => (line.endsWith("\n") ? line : `${line}\n\\ No newline at end of file\n`);

/** Each with its line end; bytes as characters. */
const linesOf = (bytes: Buffer): string[] => bytes.toString("latin1").match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** The lines between what both have in common in front and behind, with one line in front so that nothing is pure insertion. */
function findChange(before: readonly string[], after: readonly string[]) {
  let start = 0;
  while (start < before.length && before[start] === after[start]) start += 1;
  let end = 0;
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end))
    end += 1;
  const from = before.length - start - end === 0 ? Math.max(0, start - 1) : start;
  return {
    at: from + 1,
    removed: before.slice(from, before.length - end),
    added: after.slice(from, after.length - end),
  };
}

/** The first character too: printf would take a hyphen for an option. */
const escapeForPrintf = (text: string): string =>
  text.replaceAll(/^-|[^ -$&()-[\]-~]/g, (character) => {
    if (character === "\n") return String.raw`\n`;
    if (character === "%") return "%%";
    return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });

function heredoc(text: string): string {
  let end = "PAKS";
  while (text.split("\n").includes(end)) end += "_";
  return `<<'${end}'\n${text.replace(/\n$/, "")}\n${end}`;
}
