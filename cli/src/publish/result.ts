import { formatPakId, type GitPolicy, isPaksError, parseRepositoryUrl, parseSource } from "@paks/schema";
import type { RefFact } from "@paks/git/work-tree";
import { safe } from "../output/safe-text.ts";
import { formatFindings } from "../output/findings.ts";
import { type Applied, formatCommitMessage } from "./apply.ts";
import { formatCommands } from "./commands-text.ts";
import type { Notified } from "./notify.ts";
import { type ReleasePlan, stepNames } from "./release-plan.ts";

/** `tagged`: only on this machine. `pushed`: the registry has not confirmed it. */
export type PublishState = "planned" | "tagged" | "pushed" | "indexed" | "already-published";

export interface Published {
  readonly plan: ReleasePlan;
  readonly state: PublishState;
  /** Absent for a plan that was not carried out. */
  readonly applied?: Applied | undefined;
  readonly notified?: Notified | undefined;
  /** An earlier release that the registry is told of besides. */
  readonly untold?: { readonly plan: ReleasePlan; readonly notified?: Notified | undefined } | undefined;
  /** The person at the terminal has read the plan already, in the question. */
  readonly shown?: boolean | undefined;
  /** Programs that asked for the commands get a list, also when there is nothing to do. */
  readonly dryRun?: boolean | undefined;
}

/** The value that `--json` prints. */
export function dataOf({ plan, state, applied, notified, untold, dryRun }: Published) {
  const planned = state === "planned";
  return {
    package: formatPakId(plan.id),
    kind: plan.kind,
    version: plan.version,
    previous_version: plan.previous ?? null,
    tag: plan.tag.name,
    commit: applied?.commit ?? plan.tag.standsAt ?? (plan.edit ? null : plan.head),
    digest: plan.digest,
    registry: plan.steps.index === "skipped" ? null : plan.registry.url,
    repository: plan.repository,
    path: plan.place.path,
    remote: plan.remote.name,
    branch: plan.remote.branch,
    files: plan.files.length,
    bytes: plan.bytes,
    overwrites: [...overwriteOf(plan.overwrites.local, null), ...overwriteOf(plan.overwrites.remote, plan.remote.name)],
    state,
    verified: notified?.verified ?? state === "already-published",
    attempt: notified?.attempt ?? null,
    steps: stepNames.map((step) => ({
      step,
      state: plan.steps[step] === "todo" && isOver(step, state, planned) ? "done" : plan.steps[step],
    })),
    warnings: plan.warnings,
    notes: [...plan.notes, ...notesOf({ notified, untold })],
    ...(planned
      ? { tag_message: messageOf(plan), commands: formatCommands(untold ? [plan, untold.plan] : [plan]) }
      : dryRun === true
        ? { commands: [] }
        : {}),
  };
}

const messageOf = ({ tag }: ReleasePlan): string | null => (tag.form === "lightweight" ? null : tag.message);

/** @param remote `null`: in this repository */
const overwriteOf = (ref: RefFact | undefined, remote: string | null) =>
  ref ? [{ remote, tag: ref.name.slice("refs/tags/".length), object: ref.object, commit: ref.commit }] : [];

/** The registry's part is over when it shows the release, not when it was asked. */
const isOver = (step: (typeof stepNames)[number], state: Published["state"], planned: boolean): boolean =>
  !planned && (step !== "index" || state === "indexed" || state === "already-published");

/** What the registry left open, of this release and of the earlier one. */
function notesOf({ notified, untold }: Pick<Published, "notified" | "untold">): string[] {
  const earlier = untold?.notified?.note;
  return [
    ...(notified?.note === undefined ? [] : [notified.note]),
    ...(untold && earlier !== undefined ? [`${untold.plan.tag.name}: ${earlier}`] : []),
  ];
}

const version = (plan: ReleasePlan): string =>
  plan.edit && plan.previous !== undefined ? `${plan.previous} → ${plan.version}` : plan.version;

const size = (bytes: number): string => (bytes < 10_240 ? `${bytes} bytes` : `${Math.round(bytes / 1024)} KiB`);

/** @param aside files that are put aside meanwhile */
export function formatQuestion(plan: ReleasePlan, aside: number): string {
  const { edit, id, registry, steps } = plan;
  const lines = [steps.index === "skipped" ? `  as ${id.account}` : `  as ${id.account} on ${safe(registry.url)}`];
  if (edit) lines.push(`  changes ${safe(edit.file)} in one commit: ${formatCommitMessage([plan]).subject}`);
  if (aside > 0) lines.push(`  ${aside} uncommitted ${aside === 1 ? "file is" : "files are"} put aside and put back`);
  return formatPlan(plan, lines);
}

/** What will be released. @param more lines that the question shows besides */
function formatPlan(plan: ReleasePlan, more: readonly string[] = []): string {
  const { id, tag, remote, files, bytes } = plan;
  return [
    `✓ ${formatPakId(id)} ${version(plan)}: ${files.length} ${files.length === 1 ? "file" : "files"}, ${size(bytes)}, everything checked`,
    `  ${plan.digest}`,
    `  tag ${tag.name}, branch ${safe(remote.branch)} on ${safe(remote.name)} (${safe(plan.repository)})`,
    ...more,
    ...(plan.warnings.length > 0 ? [formatFindings(plan.warnings)] : []),
    ...plan.notes.map((note) => `⚠ ${safe(note)}`),
  ].join("\n");
}

export interface TextOptions {
  /** What `paks install` fetches from on this machine. */
  readonly policy: GitPolicy;
  /** Whether what the question said stands on the same terminal. */
  readonly terminal: boolean;
}

/** The steps plainly, then what a user types. */
export function textOf(done: Published, { policy, terminal }: TextOptions): string {
  const { plan, state } = done;
  if (state === "planned")
    return [
      formatPlan(plan),
      "",
      "Nothing was changed. These commands do the same:",
      "",
      ...formatCommands(done.untold ? [plan, done.untold.plan] : [plan]),
    ].join("\n");
  if (state === "already-published") {
    return [
      `✓ ${formatPakId(plan.id)} ${plan.version} is already published (${plan.tag.name}, ${plan.digest})`,
      ...plan.notes.map((note) => `⚠ ${safe(note)}`),
      ...installLines(plan, policy),
    ].join("\n");
  }
  const lines = done.shown === true && terminal ? stepLines(done) : [formatPlan(plan), ...stepLines(done)];
  lines.push(...notesOf(done).map((note) => `⚠ ${safe(note)}`));
  if (state === "tagged") lines.push("", "Nothing was pushed. Run it without --no-push to go on.");
  // What the registry does not show yet cannot be installed from it.
  else if (state === "indexed" || plan.steps.index === "skipped") lines.push(...installLines(plan, policy));
  return lines.join("\n");
}

function stepLines({ plan, state, applied, notified, untold }: Published): string[] {
  const { steps, tag, remote } = plan;
  const mark = (step: keyof typeof steps, text: string, before: string) =>
    steps[step] === "todo" ? [`✓ ${text}`] : steps[step] === "done" ? [`✓ ${before}`] : [];
  const commit = (applied?.commit ?? plan.head).slice(0, 7);
  return [
    ...(plan.edit ? [`✓ committed ${commit}: ${formatCommitMessage([plan]).subject}`] : []),
    ...mark("tag", `tagged ${tag.name}`, `tag ${tag.name} was there already`),
    ...mark(
      "push",
      `pushed ${safe(remote.branch)} and ${tag.name} to ${safe(remote.name)}`,
      `${tag.name} was pushed already`,
    ),
    ...(state === "indexed" && notified?.verified === true ? ["✓ indexed: the registry's digest is the same"] : []),
    ...(untold?.notified?.state === "indexed" ? [`✓ indexed: ${untold.plan.tag.name}, too`] : []),
  ];
}

/** From the registry, or straight from git when the registry was left out; none where `paks install` would refuse it. */
function installLines(plan: ReleasePlan, policy: GitPolicy): string[] {
  if (plan.steps.index !== "skipped") return ["", `  paks install ${formatPakId(plan.id)}@${plan.version}`];
  const path = plan.place.path === "" ? "" : `&path=${encodeURIComponent(plan.place.path).replaceAll("%2F", "/")}`;
  const source = `${plan.repository}#tag=${plan.tag.name}${path}`;
  return isInstallable(plan.repository, source, policy) ? ["", `  paks install "${safe(source)}"`] : [];
}

/** An address that only this machine's git understands, or over a transport that installing does not take, helps nobody. */
function isInstallable(repository: string, source: string, policy: GitPolicy): boolean {
  try {
    parseRepositoryUrl(repository, policy);
    return parseSource(source).type === "git";
  } catch (error) {
    if (isPaksError(error)) return false;
    throw error;
  }
}
