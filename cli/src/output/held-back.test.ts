import { expect, test } from "vitest";
import { heldBackText } from "./held-back.ts";

test("a reason that is a whole sentence does not end with two full stops", () => {
  const held = { pak: "acme/pdf", version: "2.0.0", taken: "1.0.0", by: [] };
  for (const reason of ["it needs acme/x", "it needs acme/x."])
    expect(heldBackText({ ...held, reason })).toBe("acme/pdf 2.0.0 is passed over: it needs acme/x.");
});
