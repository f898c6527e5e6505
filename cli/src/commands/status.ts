import { type AttemptDto, type PakId, isPaksError, parsePakId, parseSource, withHint } from "@paks/schema";
import { defineCommand } from "../command.ts";
import type { Context } from "../context.ts";
import { safe } from "../output/safe-text.ts";
import { isMapped } from "../registry-choice.ts";
import { usageError } from "../usage-error.ts";
import { noteOtherRegistry } from "../workspace/with-registry-wish.ts";
import { formatRepositoryAddress } from "../publish/repository-address.ts";
import { placeOfDetails } from "./attempt-text.ts";
import { readOwnAddress } from "./own-address.ts";
import { listRegistriesOf } from "./own-registries.ts";

export const status = defineCommand({
  command: "status [of]",
  describe: "Show the registry's recent attempts to index a repository or a pak, and why one failed",
  examples: [
    ["paks status", "of the repository you are in"],
    ["paks status acme/pdf", "of a pak"],
    ["paks status https://github.com/acme/skills", "of a repository"],
  ],
  builder: (yargs) =>
    yargs
      .positional("of", { type: "string", describe: "account/name or a repository's address" })
      .option("limit", { type: "number", default: 10, describe: "At most this many" }),
  run: async (args, context) => {
    if (!Number.isInteger(args.limit) || args.limit < 1)
      throw usageError("--limit is a whole number, 1 or more.", "status");
    const subject = await requireSubject(context, args.of);
    const { of } = subject;
    if (!("account" in of && isMapped(context.config, of.account))) await noteOtherRegistry(context);
    const attempts = await context.progress("Asking the registry", async () => await listAttempts(context, subject));
    const shown = attempts.slice(0, args.limit);
    return { data: { ...of, attempts: shown }, text: textOf(of, shown) };
  },
});

interface Subject {
  readonly of: PakId | { readonly repository: string };
  /** The repository of this folder. */
  readonly own: boolean;
}

/** @throws PaksError INVALID_NAME, NOT_A_REPOSITORY, NO_REMOTE … */
async function requireSubject(context: Context, text: string | undefined): Promise<Subject> {
  if (text === undefined) return { of: { repository: await requireOwnAddress(context) }, own: true };
  const source = parseSource(text);
  if (source.type === "git")
    return { of: { repository: formatRepositoryAddress(source.url, context.cwd) }, own: false };
  return { of: parsePakId(source.type === "registry" ? `${source.account}/${source.name}` : text), own: false };
}

/** Who only asks needs no repository of their own. */
async function requireOwnAddress(context: Context): Promise<string> {
  try {
    return await readOwnAddress(context);
  } catch (error) {
    if (!isPaksError(error, "NOT_A_REPOSITORY")) throw error;
    const hint = "Go to the skill's own repository, or name what it is about: paks status account/name";
    throw withHint(error, hint);
  }
}

/** Of all registries that may have been asked, the newest first. */
async function listAttempts(context: Context, { of, own }: Subject): Promise<AttemptDto[]> {
  const registries =
    "repository" in of ? await listRegistriesOf(context, of.repository, { own }) : [context.registryFor(of.account)];
  const lists = await Promise.all(registries.map(async (registry) => await registry.listAttempts(of)));
  if (lists.length === 1) return lists[0]!;
  return lists.flat().toSorted((a, b) => Date.parse(b.created_at) - Date.parse(a.created_at));
}

function textOf(of: Subject["of"], attempts: readonly AttemptDto[]): string {
  const name = "repository" in of ? of.repository : `${of.account}/${of.name}`;
  if (attempts.length === 0) return `The registry has not been asked to index ${safe(name)} yet.`;
  return attempts.map(formatAttempt).join("\n");
}

const marks: Readonly<Record<AttemptDto["state"], string>> = {
  indexed: "✓",
  releasable: "✓",
  rejected: "✗",
  failed: "✗",
  queued: "⚠",
  running: "⚠",
};

function formatAttempt(attempt: AttemptDto): string {
  const { state, stage, code, message, hint, tag, releases } = attempt;
  const at = stage === null || state === "indexed" ? state : `${state} at ${safe(stage)}`;
  const lines = [
    `${marks[state]} ${safe(tag)}  ${at}${code === null ? "" : ` [${safe(code)}]`}  ${safe(attempt.created_at)}`,
  ];
  for (const each of releases)
    lines.push(`  ${safe(`${each.account}/${each.name}@${each.version}`)} ${safe(each.digest)}`);
  if (message !== null) lines.push(`  ${safe(message)}`);
  const place = placeOfDetails(attempt);
  if (place !== undefined) lines.push(`  at ${safe(place)}`);
  if (hint !== null) lines.push(`  hint: ${safe(hint)}`);
  if (attempt.next_try_at !== null && state === "queued") lines.push(`  tried again at ${safe(attempt.next_try_at)}`);
  return lines.join("\n");
}
