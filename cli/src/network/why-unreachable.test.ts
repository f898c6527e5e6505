import { expect, test } from "vitest";
import { networkHint, networkReason } from "./why-unreachable.ts";

test("what took too long has a reason in words, as everything else has", () => {
  const late = new DOMException("The time is over.", "TimeoutError");
  expect([networkReason(late), networkHint(late)]).toEqual(["The time is over.", undefined]);
});

test("a certificate for another name is the host's mistake, and no file of certificates helps", () => {
  const failed = (code: string) => networkHint(Object.assign(new Error("failed"), { code }));
  expect(failed("ERR_TLS_CERT_ALTNAME_INVALID")).toBeUndefined();
  expect(failed("DEPTH_ZERO_SELF_SIGNED_CERT")).toContain("ca_file");
  expect(failed("UNABLE_TO_VERIFY_LEAF_SIGNATURE")).toContain("ca_file");
});
