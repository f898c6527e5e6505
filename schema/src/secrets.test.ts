import { createHash } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { secretRules } from "./secret-rules.ts";
import { findSecrets } from "./secrets.ts";
import { hostileText, quickest, timeGrowth } from "./testing/properties.ts";

/** Random-looking text that is the same on every run. Put together here, so that scanners of this repository see nothing. */
function noise(
  length: number,
  alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789",
  seed = "",
): string {
  const bytes = Array.from({ length: Math.ceil(length / 32) }, (_, index) =>
    createHash("sha256").update(`${seed}${alphabet}${length}${index}`).digest(),
  );
  return Array.from(Buffer.concat(bytes).subarray(0, length), (byte) => alphabet[byte % alphabet.length]).join("");
}

const base32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const hex = "0123456789abcdef";
const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (payload: unknown, alg = "HS256") =>
  [base64url({ alg, typ: "JWT" }), base64url(payload), noise(43)].join(".");
const pem = (label: string, newline = "\n") =>
  [
    "-----BEGIN ",
    label,
    "PRIVATE",
    " KEY-----",
    newline,
    noise(64),
    newline,
    noise(64),
    newline,
    "-----END ",
    label,
    "PRIVATE KEY-----",
  ].join("");

/** Rule → a text that it must find, and the secret part. */
const samples: Readonly<Record<string, readonly string[]>> = {
  "aws-access-key": ["AKIA" + noise(16, base32), "ASIA" + noise(16, base32)],
  "aws-secret-key": ["aws_secret_access_key = " + noise(40), 'AWS_SECRET_ACCESS_KEY="' + noise(40) + '"'],
  "github-token": ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"].map((prefix) => prefix + noise(36)),
  "github-fine-grained-token": ["github_pat_" + noise(22) + "_" + noise(59)],
  "gitlab-token": ["glpat-" + noise(20)],
  "npm-token": ["npm_" + noise(36)],
  "pypi-token": [["pypi-", "AgE", noise(80)].join("")],
  "slack-token": ["xoxb-" + noise(12, "0123456789") + "-" + noise(24), "xoxp-" + noise(40)],
  "slack-webhook": [
    "https://hooks.slack.com/services/T" + noise(9, base32) + "/B" + noise(9, base32) + "/" + noise(24),
  ],
  "stripe-key": ["sk", "rk"].map((kind) => `${kind}_live_${noise(24)}`),
  "anthropic-key": [["sk-", "ant-api03-", noise(80)].join("")],
  "openai-key": [["sk-", "proj-", noise(60)].join(""), "sk-" + noise(48)],
  "google-api-key": ["AIza" + noise(35)],
  "google-oauth-token": ["ya29." + noise(60)],
  "twilio-key": ["SK" + noise(32, hex)],
  "sendgrid-key": ["SG." + noise(22) + "." + noise(43)],
  "hugging-face-token": ["hf_" + noise(34)],
  "paks-token": ["paks_" + noise(36)],
  "azure-storage-key": ["AccountName=acme;AccountKey=" + noise(86) + "==;EndpointSuffix=core.windows.net"],
  "npmrc-auth": ["//registry.acme.dev/:_authToken=" + noise(40), "//registry.acme.dev/:_password=" + noise(24)],
  "netrc-password": ["machine git.acme.dev login ada password " + noise(14)],
  "url-password": [
    "postgres://app:" + noise(16) + "@db.acme.dev:5432/app",
    "mongodb+srv://app:" + noise(16) + "@cluster0.acme.dev",
    "redis://:" + noise(16) + "@cache.acme.dev",
    "https://ada:" + noise(16) + "@git.acme.dev/x.git",
  ],
  "private-key": [pem(""), pem("RSA "), pem("OPENSSH "), pem("EC ", "\\n"), pem("", "\r\n")],
  jwt: [jwt({ sub: "u-77", iss: "https://login.acme.dev", exp: 1_999_999_999 })],
};

const file = (text: string, path = "scripts/run.sh") => ({ path, bytes: Buffer.from(text) });
const found = (text: string, path?: string) => findSecrets([file(text, path)]);

test("every rule has a sample", () => {
  expect(Object.keys(samples).toSorted()).toEqual(secretRules.map(({ id }) => id).toSorted());
});

describe("found", () => {
  const rows = Object.entries(samples).flatMap(([rule, texts]) =>
    texts.map((text, index) => [rule, index, text] as const),
  );

  test.each(rows)("%s, sample %i, with its line and without its value", (_, __, text) => {
    const findings = found(`# first\nexport TOKEN="${text}"\n`);
    expect(findings).toMatchObject([{ severity: "error", code: "SECRET_DETECTED", path: "scripts/run.sh", line: 2 }]);
    expect(findings[0]?.hint).toMatch(/\(fingerprint [0-9a-f]{8}\)\.$/);
    const told = JSON.stringify(findings);
    for (let start = 0; start + 12 <= text.length; start += 4) {
      const piece = text.slice(start, start + 12);
      expect(/[a-z]/.test(piece) && /[A-Z0-9]{3}/.test(piece) && told.includes(piece)).toBe(false);
    }
  });

  test.each(rows)("%s, sample %i, by exactly one rule", (rule, _, text) => {
    const matching = secretRules.filter(({ pattern }) => [...text.matchAll(pattern)].length > 0).map(({ id }) => id);
    expect(matching).toEqual([rule]);
  });

  test("in a long line, behind other text and in UTF-16", () => {
    const [token] = samples["github-token"]!;
    expect(found(`${"x ".repeat(50_000)}${token}`)).toMatchObject([{ line: 1, column: 100_001 }]);
    const bytes = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`a\n${token}`, "utf16le")]);
    expect(findSecrets([{ path: "a.txt", bytes }])).toMatchObject([{ line: 2, column: 1 }]);
  });

  test("each once, in the order of the file, at most twenty per file and a hundred in all", () => {
    const tokens = Array.from({ length: 30 }, (_, index) => "ghp_" + noise(36, undefined, String(index)));
    expect(found(tokens.join("\n")).map(({ line }) => line)).toEqual(
      Array.from({ length: 20 }, (_, index) => index + 1),
    );
    const files = Array.from({ length: 10 }, (_, index) => file(tokens.join("\n"), `${index}.txt`));
    expect(findSecrets(files)).toHaveLength(100);
  });

  test("once where two rules see it", () => {
    expect(found(`https://ada:${samples["github-token"]![0]}@git.acme.dev/x.git`)).toHaveLength(1);
  });

  test("with a fingerprint that depends on the value and its file, not on its line", () => {
    const [one, other] = [noise(36), noise(36, undefined, "other")].map((value) => `ghp_${value}`);
    const hint = (text: string, path?: string) => found(text, path)[0]?.hint;
    expect(hint(`\n\n${one}`)).toBe(hint(one!));
    expect(hint(one!)).not.toBe(hint(other!));
    expect(hint(one!)).not.toBe(hint(one!, "b.sh"));
  });
});

describe("not found", () => {
  test.each([
    ["a run of x", "ghp_" + "x".repeat(36)],
    ["the documentation's AWS key", ["AKIA", "IOSFODNN7", "EXAMPLE"].join("")],
    ["a word that says so", ["npm_", "yourTokenGoesHere", noise(19)].join("")],
    ["a variable", "//registry.npmjs.org/:_authToken=${NPM_TOKEN_FOR_PUBLISHING}"],
    ["a counting value", "ghp_" + "0123456789".repeat(4).slice(0, 36)],
    ["a value of two letters", "ghp_" + "ab".repeat(18)],
    ["a prefix alone", "Tokens begin with ghp_ or github_pat_, keys with sk-proj- or sk-ant-."],
    ["a class name", "sk-fading-circle-with-a-very-long-class-name-for-spinners"],
    ["a token inside a longer word", "notghp_" + noise(36)],
    ["a local database", "postgres://postgres:" + noise(12) + "@localhost:5432/postgres"],
    ["a weak example password", "postgres://user:password@db.acme.dev/app"],
    ["a placeholder password", "mysql://USER:PASSWORD@db.acme.dev/app and redis://:<password>@cache.acme.dev"],
    ["a password from a variable", "https://ada:$TOKEN_OF_ADA@git.acme.dev/x.git"],
    ["an example host", "https://ada:" + noise(16) + "@git.example.com/x.git"],
    ["a URL with a port", "https://git.acme.dev:8443/ada@acme"],
    ["prose about keys", ["The file begins with -----BEGIN ", "PRIVATE KEY----- and ends with -----END."].join("")],
    ["a redacted key", ["-----BEGIN ", "RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----"].join("")],
    ["a public key", "-----BEGIN PUBLIC KEY-----\n" + noise(64)],
    ["the documentation's web token", jwt({ sub: "1234567890", name: "John Doe", iat: 1_516_239_022 })],
    ["an unsigned web token", jwt({ sub: "u-77" }, "none")],
    ["a test key", "sk_test_" + noise(24)],
    ["a commit id", noise(40, hex)],
    ["a digest", `sha512-${noise(86)}==`],
  ])("%s", (_, text) => {
    expect(found(`value: ${text}\n`)).toEqual([]);
  });

  test("in binary content", () => {
    expect(found(`\0${samples["github-token"]![0]!}`, "a.bin")).toEqual([]);
  });

  test("beyond the first MiB of a file", () => {
    const [token] = samples["npm-token"]!;
    const text = (before: number) => `${"-".repeat(before - 1)} ${token}`;
    expect(found(text(1024 * 1024 - token!.length))).toHaveLength(1);
    expect(found(text(1024 * 1024 - token!.length + 1))).toEqual([]);
  });
});

describe("file names", () => {
  test.each([
    ".env",
    "config/.env.production",
    "id_rsa",
    "keys/id_ed25519",
    "server.pem",
    "cert.p12",
    "store.JKS",
    "credentials",
    "aws/credentials.json",
    ".netrc",
    ".git-credentials",
  ])("%s is reported", (path) => {
    const findings = found("KEY=value\n", path);
    expect(findings).toMatchObject([{ code: "SECRET_DETECTED", path, hint: expect.stringContaining("fingerprint") }]);
  });

  test.each([
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.dist",
    "id_rsa.pub",
    "env.md",
    "references/credentials.md",
    "credentials-guide.txt",
    "credentials.example.json",
    "pem.txt",
  ])("%s is not", (path) => {
    expect(found("KEY=value\n", path)).toEqual([]);
  });

  test("neither is an empty file nor a file of certificates", () => {
    expect(found("", ".env")).toEqual([]);
    expect(found(`-----BEGIN CERTIFICATE-----\n${noise(64)}\n`, "ca.pem")).toEqual([]);
    expect(found(`-----BEGIN CERTIFICATE-----\n${noise(64)}\n${pem("")}`, "ca.pem")).toHaveLength(2);
  });
});

describe("time", () => {
  const starts = secretRules.flatMap(({ needles }) => needles);

  test.each([
    ...starts,
    "https://a:",
    "eyJaaaaaaaaaa.",
    "machine a login a password ",
    "-----BEGIN RSA PRIVATE KEY-----\n",
    "A",
    "_",
    " ",
    "\n",
    ":_auth",
  ])("grows in proportion to text made of %j", (unit) => {
    const scan = (size: number) => found(unit.repeat(Math.ceil(size / unit.length)));
    expect(timeGrowth(scan, [16_000, 160_000])).toBeLessThan(40);
  });

  test("1 MiB of any rule's beginnings takes less than a second", () => {
    for (const separator of ["", " ", ".", "-"]) {
      const text = starts.join(separator).repeat(Math.ceil((1024 * 1024) / starts.join(separator).length));
      expect(quickest(() => found(text))).toBeLessThan(1000);
    }
  });
});

test("whatever the files, scanning throws nothing and shows no token", () => {
  const tokens = Object.values(samples).flat();
  fc.assert(
    fc.property(hostileText(tokens), fc.uint8Array({ maxLength: 200 }), (text, bytes) => {
      const findings = findSecrets([file(text), { path: "b", bytes }]);
      const told = JSON.stringify(findings);
      expect(tokens.some((token) => told.includes(token))).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test("an OpenSSH key is found although its first line is alike in all keys", () => {
  const key = [
    ["-----BEGIN OPENSSH ", "PRIVATE KEY-----"].join(""),
    "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW",
    "QyNTUxOQAAACB3",
  ].join("\n");
  const found = findSecrets([{ path: "key.txt", bytes: Buffer.from(key) }]);
  expect(found).toMatchObject([{ code: "SECRET_DETECTED", path: "key.txt", line: 1 }]);
});
