import { expect, test } from "vitest";
import { isLicenseAllowed } from "./license-allowed.ts";

test.each([
  ["MIT", ["mit"], true],
  ["MIT OR Apache-2.0", ["MIT"], true],
  ["MIT AND Apache-2.0", ["MIT"], false],
  ["MIT AND Apache-2.0", ["MIT", "apache-2.0"], true],
  ["GPL-3.0-only OR (MIT AND BSD-2-Clause)", ["MIT", "BSD-2-Clause"], true],
  ["GPL-3.0-only AND (MIT OR BSD-2-Clause)", ["MIT", "BSD-2-Clause"], false],
  ["Apache-2.0 WITH LLVM-exception", ["Apache-2.0"], true],
  ["Apache-2.0 WITH LLVM-exception", ["apache-2.0 with llvm-exception"], true],
  ["See LICENSE file", ["MIT"], false],
  ["see license file", ["See LICENSE file"], true],
  ["MIT OR", ["MIT"], false],
  ["(MIT", ["MIT"], false],
  ["MIT) OR (MIT", ["MIT"], false],
  ["MIT OR MIT MIT", ["MIT"], false],
  ["", ["MIT"], false],
])("%s with %j allowed: %s", (license, allowed, expected) => {
  expect(isLicenseAllowed(license, allowed)).toBe(expected);
});

test("an expression of any depth is an answer and no fault of ours", () => {
  const deep = `${"(".repeat(5000)}MIT${")".repeat(5000)}`;
  expect(isLicenseAllowed(deep, ["MIT"])).toBe(false);
});
