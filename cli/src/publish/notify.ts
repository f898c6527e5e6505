import { type AttemptDto, errorCodes, formatPakId, isErrorCode, isPaksError, PaksError } from "@paks/schema";
import type { Context } from "../context.ts";
import { formatPublish } from "./draft.ts";
import type { Fault } from "./options.ts";
import { goOn } from "./push.ts";
import type { ReleasePlan } from "./release-plan.ts";

/** How far the registry is with the release. */
export interface Notified {
  readonly state: "pushed" | "indexed";
  /** The registry's digest is the one computed here. */
  readonly verified: boolean;
  readonly attempt: string | undefined;
  /** Why it is not verified; for people. */
  readonly note: string | undefined;
}

export interface NotifyOptions {
  readonly wait: boolean;
  readonly fault: Fault;
  readonly timeoutMilliseconds?: number;
}

/**
 * Tells the registry of the tag and waits until it shows the release with our digest. The tag is public by now, so
 * a registry that says nothing is no failure of the publish; one that refuses, or shows other bytes, is.
 * @throws PaksError INTEGRITY_MISMATCH; the attempt's own code when it was rejected
 */
export async function notifyRegistry(
  context: Context,
  plan: ReleasePlan,
  { wait, fault, timeoutMilliseconds = 120_000 }: NotifyOptions,
): Promise<Notified> {
  const { registry } = plan;
  const request = { repository: plan.repository, tag: plan.tag.name, path: plan.place.path };
  let attempt: AttemptDto;
  try {
    attempt = await context.progress("Telling the registry", async () => await registry.requestIndex(request));
    fault("notified");
    if (wait) {
      attempt = await context.progress("Waiting for the registry", async (step) => {
        const onChange = ({ state, stage }: AttemptDto) => step(`The registry: ${stage ?? state}`);
        return await registry.followAttempt(attempt.id, { onChange, timeoutMilliseconds });
      });
    }
  } catch (error) {
    if (!isPaksError(error)) throw error;
    return noteSilence(plan, error);
  }
  return await judge(plan, attempt, wait);
}

/** @throws PaksError the failure, when it says something about the release */
export function noteSilence(plan: ReleasePlan, error: PaksError): Notified {
  if (!isSilence(error)) throw afterPush(plan, error);
  return { state: "pushed", verified: false, attempt: undefined, note: `${error.message} ${later(plan)}` };
}

/** No answer, or none that says anything about the release. */
const isSilence = (error: PaksError): boolean => errorCodes[error.code].exit === 8;

/** By number: the same command would make the next version when somebody has committed meanwhile. */
function later({ id, place, rerun, tag, version }: ReleasePlan): string {
  const flags = rerun.filter((flag) => !flag.startsWith("--version="));
  const exact = [formatPublish(place.path, id.name), ...flags, `--version ${version}`].join(" ");
  // A tag that says nothing is known again only while nothing was committed since.
  const tell = tag.form === "lightweight" ? "the same command again" : exact;
  return `The tag is pushed, so nothing is lost: ${tell} tells the registry again, and paks status ${formatPakId(id)} shows what it says.`;
}

/** What the registry says of the release. @throws PaksError INTEGRITY_MISMATCH; the attempt's own code when it was rejected */
export async function judge(plan: ReleasePlan, attempt: AttemptDto, wait: boolean): Promise<Notified> {
  const pushed = { state: "pushed", verified: false, attempt: attempt.id } as const;
  if (attempt.state === "rejected" || attempt.state === "failed") throw refusal(plan, attempt);
  if (attempt.state !== "indexed") {
    const why = wait ? "The registry is not done yet." : "Not waited for the registry.";
    return { ...pushed, note: `${why} ${later(plan)}` };
  }
  const digest = await findDigest(plan, attempt);
  if (digest === undefined) return { ...pushed, note: `The registry does not show the release. ${later(plan)}` };
  if (digest !== plan.digest) throw mismatch(plan, digest);
  return { state: "indexed", verified: true, attempt: attempt.id, note: undefined };
}

async function findDigest(plan: ReleasePlan, attempt: AttemptDto): Promise<string | undefined> {
  const { id, version, registry } = plan;
  const ours = attempt.releases.find(
    (each) => each.account === id.account && each.name === id.name && each.version === version,
  );
  return ours?.digest ?? (await registry.findRelease(id, version))?.digest;
}

function refusal(plan: ReleasePlan, attempt: AttemptDto): PaksError {
  const known = attempt.code !== null && isErrorCode(attempt.code) ? attempt.code : undefined;
  const code = known ?? (attempt.state === "failed" ? "REGISTRY_UNAVAILABLE" : "MANIFEST_INVALID");
  const reason = attempt.message ?? attempt.code ?? "it gives no reason";
  return afterPush(
    plan,
    new PaksError(
      code,
      `The registry ${attempt.state === "failed" ? "could not take" : "refused"} ${plan.tag.name}: ${reason}`,
      {
        hint: attempt.hint ?? undefined,
        details: { ...attempt.details, attempt: attempt.id, stage: attempt.stage },
      },
    ),
  );
}

/** An error behind the push says that the push is done. */
const afterPush = (plan: ReleasePlan, error: PaksError): PaksError =>
  new PaksError(error.code, `${error.message} (${plan.tag.name} is pushed.)`, {
    hint: error.code === "CANCELLED" ? goOn : error.hint,
    cause: error,
    details: { ...error.details, tag: plan.tag.name, pushed: true },
  });

const mismatch = (plan: ReleasePlan, digest: string): PaksError =>
  new PaksError(
    "INTEGRITY_MISMATCH",
    `The registry recorded other bytes for ${formatPakId(plan.id)} ${plan.version}.`,
    {
      hint: "Do not use this release. Compare the commit that the tag leads to on the git host, and tell who runs the registry.",
      details: { expected: plan.digest, recorded: digest, tag: plan.tag.name, pushed: true },
    },
  );
