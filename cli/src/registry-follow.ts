import type { AttemptDto } from "@paks/schema";
import type { HttpDeps } from "./registry-http.ts";

export interface FollowOptions {
  /** Default 120 s. When it runs out the attempt is returned as it stands. */
  readonly timeoutMilliseconds?: number;
  /** Called when state, stage or code has changed. */
  readonly onChange?: (attempt: AttemptDto) => void;
}

/** Nothing more will happen to it. */
export const hasEnded = ({ state }: AttemptDto): boolean =>
  ["indexed", "releasable", "rejected", "failed"].includes(state);

/** Milliseconds before the first look: soon, because a small pak is indexed in well under a second. */
export const firstWait = 150;
/** Milliseconds from one look to the next. */
export const nextWait = (wait: number): number => Math.min(wait * 1.5, 2000);

export async function follow(
  deps: Pick<HttpDeps, "sleep" | "signal">,
  fetchAttempt: () => Promise<AttemptDto>,
  options: FollowOptions = {},
): Promise<AttemptDto> {
  const end = Date.now() + (options.timeoutMilliseconds ?? 120_000);
  let seen = "";
  for (let wait = firstWait; ; wait = nextWait(wait)) {
    const attempt = await fetchAttempt();
    const now = JSON.stringify([attempt.state, attempt.stage, attempt.code]);
    if (now !== seen) options.onChange?.(attempt);
    seen = now;
    if (hasEnded(attempt) || Date.now() + wait >= end) return attempt;
    await deps.sleep(wait, deps.signal);
  }
}
