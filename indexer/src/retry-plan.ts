import { type ErrorCode, errorCodes, type PaksError } from "@paks/schema";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;

/** A tag right after its push: replication lag is seconds, a forgotten push is found out within the hour. */
const missingTagWaits = [5 * second, 15 * second, minute, 5 * minute, 30 * minute];

/** Tries of one attempt before it fails for good. A fault of ours gets fewer: repeating rarely repairs it. */
export const maxTries = { host: 8, ours: 5 } as const;

/** Tries of one job before it becomes a dead letter; only dying in the middle or a failing database gets this far. */
export const maxJobTries = 10;

export interface Failure {
  readonly code: ErrorCode;
  /** Tries so far, this one included. */
  readonly tries: number;
  readonly now: Date;
  /** 0 ≤ random < 1 */
  readonly random: number;
  readonly retryAfterSeconds?: number | undefined;
}

export type RetryPlan =
  | { readonly action: "end"; readonly state: "rejected" | "failed"; readonly hint?: string }
  | {
      readonly action: "retry";
      readonly at: Date;
      /** True when this try does not count: the host only asked for patience. */
      readonly keepTries: boolean;
      readonly pauseHostUntil?: Date;
    };

const later = (now: Date, milliseconds: number): Date => new Date(now.getTime() + milliseconds);

/** 1 min · 2ⁿ ± 20 %, so that what failed together does not come back together. */
export const backoff = (tries: number, random: number): number =>
  minute * 2 ** Math.max(0, tries - 1) * (0.8 + 0.4 * random);

/** Trouble of this machine or this program, which says nothing about the tag. */
const isOurs = (code: ErrorCode): boolean => code === "INTERNAL" || errorCodes[code].exit === 10;

/** What becomes of an attempt that failed: a verdict on the tag is final, trouble on the way is tried again. */
export function planRetry(failure: Failure): RetryPlan {
  const { code, tries, now, random } = failure;
  if (code === "GIT_HOST_RATE_LIMITED") {
    const wait = Math.min(Math.max((failure.retryAfterSeconds ?? 60) * second, second), hour);
    return { action: "retry", at: later(now, wait), keepTries: true, pauseHostUntil: later(now, wait) };
  }
  if (code === "TAG_NOT_FOUND") {
    const wait = missingTagWaits[tries - 1];
    if (wait !== undefined) return { action: "retry", at: later(now, wait), keepTries: false };
    return { action: "end", state: "failed", hint: "Did the tag reach the remote? Push it and ask again." };
  }
  const ours = isOurs(code);
  if (!ours && !errorCodes[code].retry) return { action: "end", state: "rejected" };
  if (tries >= (ours ? maxTries.ours : maxTries.host)) return { action: "end", state: "failed" };
  return { action: "retry", at: later(now, backoff(tries, random)), keepTries: false };
}

/** What the host said about when to come back. */
export function retryAfterSeconds(error: PaksError): number | undefined {
  const seconds = error.details?.["retryAfterSeconds"];
  return typeof seconds === "number" && Number.isFinite(seconds) ? seconds : undefined;
}
