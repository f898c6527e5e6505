import { type ErrorCode, errorCodes } from "@paks/schema";
import { expect, test } from "vitest";

import { backoff, maxTries, planRetry } from "./retry-plan.ts";

const now = new Date("2026-01-01T00:00:00Z");
const plan = (code: ErrorCode, tries = 1, more: { random?: number; retryAfterSeconds?: number } = {}) =>
  planRetry({ code, tries, now, random: 0.5, ...more });
const seconds = (at: Date) => (at.getTime() - now.getTime()) / 1000;

test("a tag that is not there yet is looked for after 5 s, 15 s, 60 s, 5 min, 30 min, then fails with a hint", () => {
  const waits = [1, 2, 3, 4, 5].map((tries) => plan("TAG_NOT_FOUND", tries));
  expect(waits.map((wait) => (wait.action === "retry" ? seconds(wait.at) : wait))).toEqual([5, 15, 60, 300, 1800]);
  expect(plan("TAG_NOT_FOUND", 6)).toMatchObject({
    action: "end",
    state: "failed",
    hint: expect.stringMatching(/push/i),
  });
});

test("a host that asks for patience is paused until then, at most an hour, and the try does not count", () => {
  const asked = plan("GIT_HOST_RATE_LIMITED", 8, { retryAfterSeconds: 120 });
  const at = new Date("2026-01-01T00:02:00Z");
  expect(asked).toEqual({ action: "retry", at, keepTries: true, pauseHostUntil: at });
  const long = plan("GIT_HOST_RATE_LIMITED", 1, { retryAfterSeconds: 86_400 });
  expect(long.action === "retry" && seconds(long.at)).toBe(3600);
  const unsaid = plan("GIT_HOST_RATE_LIMITED");
  expect(unsaid.action === "retry" && seconds(unsaid.at)).toBe(60);
  const past = plan("GIT_HOST_RATE_LIMITED", 1, { retryAfterSeconds: -5 });
  expect(past.action === "retry" && seconds(past.at)).toBe(1);
});

test("a host that is down is tried again after 1 min · 2ⁿ ± 20 %, eight times in all", () => {
  const first = plan("GIT_HOST_UNAVAILABLE", 1);
  expect(first.action === "retry" && seconds(first.at)).toBe(60);
  const seventh = plan("GIT_HOST_TIMEOUT", 7);
  expect(seventh.action === "retry" && seconds(seventh.at)).toBe(64 * 60);
  expect(plan("GIT_HOST_UNAVAILABLE", maxTries.host)).toEqual({ action: "end", state: "failed" });
  expect([backoff(1, 0), backoff(1, 0.999_999)].map((wait) => Math.round(wait / 1000))).toEqual([48, 72]);
});

test.each(["INTERNAL", "DISK_FULL", "READ_ONLY_TARGET", "GIT_MISSING"] as const)(
  "a fault of ours and trouble of this machine are never the author's verdict: %s",
  (code) => {
    expect(plan(code, 1).action).toBe("retry");
    expect(plan(code, maxTries.ours)).toEqual({ action: "end", state: "failed" });
  },
);

test("every verdict on the content or on authority is final at the first try", () => {
  const verdicts = (Object.keys(errorCodes) as ErrorCode[]).filter((code) => {
    const { retry, exit } = errorCodes[code];
    return !retry && exit !== 10 && code !== "INTERNAL";
  });
  expect(verdicts).toContain("MANIFEST_INVALID");
  expect(verdicts).toContain("NAMESPACE_FORBIDDEN");
  const others = verdicts.filter((code) => plan(code).action !== "end");
  expect(others).toEqual([]);
  expect(plan("MANIFEST_INVALID")).toEqual({ action: "end", state: "rejected" });
});
