import { pushArgs, tagArgs } from "@paks/git/work-tree";
import { pathInRepository, type ReleasePlan } from "./release-plan.ts";

/**
 * The commands that do by hand what the plan would do, for a POSIX shell. They can be pasted as they are.
 * @returns one command each; some have more than one line
 */
export function formatCommands(plan: ReleasePlan): string[] {
  const commands: string[] = [`cd ${quote(plan.place.root)}`];
  const { edit, steps, tag } = plan;
  if (edit && steps.edit === "todo") commands.push(formatPatch(plan));
  if (edit && steps.commit === "todo") {
    const [subject = "", , trailer = ""] = plan.commitMessage.split("\n");
    const file = pathInRepository(plan, edit.file);
    commands.push(`git commit --only -m ${quote(subject)} -m ${quote(trailer)} -- ${quote(file)}`);
  }
  if (steps.tag === "todo") {
    const args = tagArgs({ ...tag, commit: edit ? "HEAD" : plan.head });
    const command = ["git", ...args.map(quote)].join(" ");
    commands.push(tag.form === "lightweight" ? command : `${command} ${heredoc(tag.message)}`);
  }
  if (steps.push === "todo") {
    const refspecs = [`${edit ? "HEAD" : plan.head}:refs/heads/${plan.remote.branch}`, `refs/tags/${tag.name}`];
    commands.push(["git", ...pushArgs({ remote: plan.remote.name, refspecs, atomic: true }).map(quote)].join(" "));
  }
  return commands;
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

/** Plain where it can be; single quotes keep everything else as it is. */
const quote = (text: string): string =>
  /^[\w./:@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;

function heredoc(text: string): string {
  let end = "PAKS";
  while (text.split("\n").includes(end)) end += "_";
  return `<<'${end}'\n${text.replace(/\n$/, "")}\n${end}`;
}
