import { expect, test } from "vitest";

import { redactGitText } from "./redact.ts";

const rows: readonly (readonly [string, string])[] = [
  ["fatal: https://user:pw@example.com/x not found", "fatal: https://***@example.com/x not found"],
  ["https://ghs_0123456789abcdef@github.com/a/b", "https://***@github.com/a/b"],
  ["Authorization: Basic dXNlcjpwdw==", "Authorization: Basic ***"],
  ["authorization:bearer abc.def", "authorization:bearer ***"],
  ["GET /x?access_token=abc&y=1", "GET /x?access_token=***&y=1"],
  ["the token ghp_abcdefghijklmnopqrst is bad", "the token *** is bad"],
  ["remote: \u001b]0;title\u0007\u001b[31mred", "remote: \\u{1b}]0;title\\u{7}\\u{1b}[31mred"],
  ["a\r\n\n  b  \n", "a\n  b"],
  ["git@github.com:acme/skills.git", "git@github.com:acme/skills.git"],
];

test.each(rows)("%j is shown as %j", (text, shown) => {
  expect(redactGitText(text)).toBe(shown);
});

test("a megabyte is shortened, quickly", () => {
  const started = performance.now();
  for (const part of ["a", "http://", "http://a:", "?token=", "authorization: ", "x\n"]) {
    expect(redactGitText(part.repeat(16_000 / part.length)).length).toBeLessThanOrEqual(4000);
    expect(redactGitText(part.repeat(1_000_000 / part.length)).length).toBeLessThanOrEqual(4000);
  }
  expect(performance.now() - started).toBeLessThan(2000);
});

test("a secret at the place where the text is cut does not lose what marks it", () => {
  const text = `https://user:${"p".repeat(200)}@example.com/ ${"x".repeat(16_384 - 150)}\nfatal: end`;
  expect(redactGitText(text)).toBe("fatal: end");
});
