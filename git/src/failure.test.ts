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

test.each([
  ["Failed to connect to 10.0.0.1 port 3128 after 0 ms: Couldn't connect to server", "cannot be reached"],
  ["Could not resolve proxy: proxy.example", "cannot be reached"],
  ["CONNECT tunnel failed, response 407", "answered with status 407"],
  ["Received HTTP code 403 from proxy after CONNECT", "answered with status 403"],
  ["Proxy CONNECT aborted", "broke the connection"],
  ["Proxy CONNECT aborted due to timeout", "does not answer"],
])("a proxy that stands in the way is named, without whose it is: %s", (words, says) => {
  const stderr = `fatal: unable to access 'https://github.com/acme/pdf/': ${words}`;
  const run = { stderr, stdout: Buffer.alloc(0), exitCode: 128 };
  const failure = gitFailure({ run, answers: [], repository, proxy: "http://me:p%40ss@proxy.example:3128" });
  const reason = `the proxy http://proxy.example:3128 ${says}`;
  expect(failure).toMatchObject({ code: "GIT_HOST_UNAVAILABLE", details: { reason } });
  expect(failure.message).toBe(`The host of ${repository.url} cannot be reached (${reason}).`);
  expect(gitFailure({ run, answers: [], repository }).details).not.toHaveProperty("reason");
});

test.each([
  ["SSL certificate problem: unable to get local issuer certificate", "CERT_UNTRUSTED"],
  ["server certificate verification failed. CAfile: none CRLfile: none", "CERT_UNTRUSTED"],
  ["schannel: SEC_E_UNTRUSTED_ROOT (0x80090325) - The certificate chain was issued by an authority", "CERT_UNTRUSTED"],
  ["SSL: no alternative certificate subject name matches target host name 'github.com'", undefined],
  ["gnutls_handshake() failed: An unexpected TLS packet was received.", undefined],
])("a certificate that nobody vouches for is told from other failures of TLS: %s", (words, reason) => {
  const stderr = `fatal: unable to access 'https://github.com/acme/pdf/': ${words}`;
  const failure = gitFailure({ run: { stderr, stdout: Buffer.alloc(0), exitCode: 128 }, answers: [], repository });
  expect([failure.code, failure.details?.["reason"]]).toEqual(["GIT_HOST_UNAVAILABLE", reason]);
});

test("what git says is, also beside the server's words", () => {
  expect(codeOf("remote: hello\nfatal: write error: No space left on device\n")).toBe("DISK_FULL");
});
