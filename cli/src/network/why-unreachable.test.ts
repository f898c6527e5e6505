import { expect, test } from "vitest";
import { networkHint, networkReason } from "./why-unreachable.ts";

test("what took too long has a reason in words, as everything else has", () => {
  const reason = networkReason(new DOMException("The time is over.", "TimeoutError"));
  expect([reason, networkHint(reason)]).toEqual(["The time is over.", undefined]);
});
