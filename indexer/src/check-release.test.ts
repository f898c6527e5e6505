import { type Manifest, parseRepositoryUrl, type Trailers } from "@paks/schema";
import { expect, test } from "vitest";

import { checkRelease, checkTag, requireNoErrors } from "./check-release.ts";
import type { ChosenPak } from "./choose-paks.ts";

const digest = "h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
const trailers: Trailers = {
  package: "acme/pdf",
  version: "1.2.0",
  repository: "https://github.com/acme/skills",
  path: "",
  digest,
};
const pak: ChosenPak = {
  account: "acme",
  name: "pdf",
  path: "",
  version: "1.2.0",
  toldVersion: "1.2.0",
  tagPrefix: null,
  named: true,
};
const manifest: Manifest = {
  kind: "skill",
  name: "pdf",
  description: "x",
  authors: [],
  keywords: [],
  categories: [],
  dependencies: [],
  extra: {},
};
const tagFacts = {
  tag: "v1.2.0",
  header: "v1.2.0",
  trailers,
  repository: parseRepositoryUrl("https://github.com/acme/skills"),
  pak,
};
const facts = { tag: "v1.2.0", trailers, pak, manifest, digest };

test("a tag that says the truth has no findings", () => {
  expect([...checkTag(tagFacts), ...checkRelease(facts)]).toEqual([]);
  expect(checkRelease({ ...facts, manifest: { ...manifest, version: "1.2.0" } })).toEqual([]);
});

test.each(["https://github.com/acme/skills.git", "git@github.com:acme/skills.git"])(
  "the repository may be written in any form that means the same one: %s",
  (repository) => {
    expect(checkTag({ ...tagFacts, trailers: { ...trailers, repository } })).toEqual([]);
  },
);

test("every trailer that disagrees is named", () => {
  const named = (findings: ReturnType<typeof checkTag>) => findings.map(({ code, field }) => `${code} ${field}`);
  const copied = { ...trailers, repository: "https://github.com/mallory/skills" };
  expect(named(checkTag({ ...tagFacts, trailers: copied }))).toEqual(["TRAILER_MISMATCH Paks-Repository"]);
  expect(named(checkTag({ ...tagFacts, trailers: { ...trailers, repository: "not a url" } }))).toHaveLength(1);
  expect(named(checkTag({ ...tagFacts, header: "v1.1.0" }))).toEqual(["TRAILER_MISMATCH tag"]);
  const otherVersion = { ...tagFacts, pak: { ...pak, toldVersion: "1.3.0" } };
  expect(named(checkTag(otherVersion))).toEqual(["TRAILER_MISMATCH Paks-Version"]);
  expect(named(checkRelease({ ...facts, manifest: { ...manifest, name: "docx" } }))).toEqual([
    "TRAILER_MISMATCH Paks-Package",
  ]);
  const otherDigest = "h1:3+xAPGm3lvC1V2/ZAE09lLwhQqsaUH9g5BWQeKry2p4=";
  expect(named(checkRelease({ ...facts, digest: otherDigest }))).toEqual(["TRAILER_MISMATCH Paks-Digest"]);
});

test("without trailers the header inside of the tag object does not count", () => {
  expect(checkTag({ ...tagFacts, trailers: undefined, header: "v9.9.9" })).toEqual([]);
});

test("a tag without the version in its name is refused", () => {
  const [finding] = checkTag({
    ...tagFacts,
    tag: "nightly",
    header: "nightly",
    pak: { ...pak, toldVersion: undefined },
  });
  expect(finding?.code).toBe("VERSION_TAG_MISMATCH");
});

test.each(["1.2.1", "1.2.0+a", "1.2.0-beta"])(
  "a manifest of another version than the tag is refused, byte for byte: %s",
  (version) => {
    const [finding] = checkRelease({ ...facts, manifest: { ...manifest, version } });
    expect(finding?.code).toBe("VERSION_TAG_MISMATCH");
  },
);

test("a bound pak that changed its name without trailers is a conflict", () => {
  const [finding] = checkRelease({
    ...facts,
    trailers: undefined,
    pak: { ...pak, named: false },
    manifest: { ...manifest, name: "docx" },
  });
  expect(finding?.code).toBe("BINDING_CONFLICT");
});

test("the first error is thrown with its place and all the others", () => {
  const findings = [
    { severity: "warning", code: "SHORT", message: "w" },
    { severity: "error", code: "MANIFEST_INVALID", message: "first", hint: "h", path: "SKILL.md", line: 3 },
    { severity: "error", code: "UNSAFE_PATH", message: "second" },
  ] as const;
  expect(() => requireNoErrors(findings.slice(0, 1))).not.toThrow();
  const thrown: Error = expect.objectContaining({
    code: "MANIFEST_INVALID",
    message: "first",
    hint: "h",
    details: { path: "SKILL.md", line: 3, findings: findings.slice(1) },
  });
  expect(() => requireNoErrors(findings)).toThrow(thrown);
});
