import { parseRepositoryUrl } from "@paks/schema";
import { expect, test } from "vitest";

import { gitFailure } from "./failure.ts";

const repository = parseRepositoryUrl("https://github.com/acme/pdf");
const codeOf = (stderr: string) =>
  gitFailure({ run: { stderr, stdout: Buffer.alloc(0), exitCode: 128 }, answers: [], repository }).code;

test.each([
  "remote: No space left on device",
  "remote: see\rfatal: No space left on device",
  "fatal: remote error: see\nfatal: write error: No space left on device",
])("what the server says is not believed: %j", (words) => {
  expect(codeOf(`${words}\nfatal: early EOF\n`)).toBe("GIT_PROTOCOL_ERROR");
});

test("a port that answers without TLS is told from a certificate that nobody trusts", () => {
  const access = "fatal: unable to access 'https://127.0.0.1:8798/a.git/': ";
  const hintOf = (words: string) =>
    gitFailure({ run: { stderr: access + words, stdout: Buffer.alloc(0), exitCode: 128 }, answers: [], repository })
      .hint;
  for (const words of [
    "gnutls_handshake() failed: An unexpected TLS packet was received.",
    "error:0A00010B:SSL routines::wrong version number",
    "TLS connect error: error:0A0000C6:SSL routines::packet length too long",
  ])
    expect(hintOf(words), words).toMatch(/check the protocol and the port/);
  expect(hintOf("SSL certificate problem: self-signed certificate")).toBeUndefined();
});

test("what git says is, also beside the server's words", () => {
  expect(codeOf("remote: hello\nfatal: write error: No space left on device\n")).toBe("DISK_FULL");
});
