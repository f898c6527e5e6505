import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { isPaksError } from "./errors.ts";
import { type Lock, type LockedPak, emptyLock, formatLock, parseLock } from "./lock.ts";
import type { Origin } from "./origin.ts";
import { timeGrowth } from "./testing/index.ts";

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...Array.from("0123456789abcdef")), minLength: length, maxLength: length });
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/);
const version = fc.constantFrom("1.0.0", "2.1.3-beta.1", "0.0.1");
const path = fc.constantFrom("", "skills/pdf", "a/b/c");
const optional = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const defined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T;

const registryOrigin = fc.record({
  type: fc.constant("registry" as const),
  registry: fc.constant("https://paks.example"),
  account: name,
  name,
  version,
  tag: fc.constantFrom("v1.0.0", "pdf--v1.0.0"),
  tag_object: optional(hex(40)),
  commit: hex(40),
  tree: optional(hex(40)),
  repository: fc.constant("https://github.com/acme/skills"),
  path,
  archive: optional(hex(64)),
});
const others = fc.oneof(
  fc.record({
    type: fc.constant("git" as const),
    repository: fc.constant("https://github.com/acme/skills"),
    path,
    commit: hex(40),
    tag: optional(fc.constant("v1.0.0")),
    branch: optional(fc.constant("main")),
    tree: optional(hex(40)),
  }),
  fc.record({
    type: fc.constant("npm" as const),
    registry: fc.constant("https://registry.npmjs.org"),
    package: fc.constantFrom("@acme/skills", "skills"),
    version,
    integrity: fc.constant(`sha512-${"A".repeat(86)}==`),
    path,
  }),
  fc.record({ type: fc.constant("local" as const), path }),
);
const entry = fc
  .record({
    source: fc.option(fc.constantFrom("acme/pdf", "acme/pdf@^1", "./my-skill")),
    resolved: fc.oneof(registryOrigin, others).map(defined) as fc.Arbitrary<Origin>,
    version: fc.option(version),
    digest: fc.constant(`h1:${"B".repeat(43)}=`),
    files: fc.nat(1000),
    dependencies: fc.dictionary(
      fc.tuple(name, name).map(([account, pak]) => `${account}/${pak}`),
      fc.constantFrom("^1", "1.0.0", "*", "beta"),
    ),
    agents: fc.uniqueArray(fc.constantFrom("claude-code", "cursor", "codex")).map((ids) => ids.sort()),
    mode: fc.constantFrom("link" as const, "copy" as const),
    pinned: optional(fc.constant(true as const)),
  })
  .map((one): LockedPak => {
    const fixed = one.resolved.type === "registry" ? { ...one, version: one.resolved.version } : one;
    return defined(fixed) as LockedPak;
  });
const locked: fc.Arbitrary<LockedPak> = fc
  .tuple(entry, fc.option(entry, { nil: undefined }))
  .map(([one, previous]) => (previous ? { ...one, previous } : one));
const lock: fc.Arbitrary<Lock> = fc.dictionary(name, locked).map((paks) => ({ lockfileVersion: 1, paks }));

test("a lock that is written is read back as it was, and written again to the byte", () => {
  fc.assert(
    fc.property(lock, (one) => {
      const text = formatLock(one);
      const read = parseLock(text, "paks.lock");
      expect(read).toEqual(one);
      expect(formatLock(read)).toBe(text);
    }),
  );
});

test("the order in which paks were added does not show", () => {
  fc.assert(
    fc.property(lock, ({ paks }) => {
      const backwards = Object.fromEntries(Object.entries(paks).reverse());
      expect(formatLock({ lockfileVersion: 1, paks: backwards })).toBe(formatLock({ lockfileVersion: 1, paks }));
    }),
  );
});

const refusal = (text: string) => {
  try {
    parseLock(text, "paks.lock");
  } catch (error) {
    return error;
  }
  return undefined;
};

test("whatever the bytes are, only LOCKFILE_MISMATCH is thrown", () => {
  const mutated = fc.tuple(lock, fc.nat(), fc.string()).map(([one, at, junk]) => {
    const text = formatLock(one);
    const index = at % text.length;
    return text.slice(0, index) + junk + text.slice(index + 1);
  });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), mutated), (text) => {
      const error = refusal(text);
      expect(error === undefined || isPaksError(error, "LOCKFILE_MISMATCH"), inspect(error)).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

const good: LockedPak = {
  source: "acme/pdf",
  resolved: {
    type: "registry",
    registry: "https://paks.example",
    account: "acme",
    name: "pdf",
    version: "1.0.0",
    tag: "v1.0.0",
    commit: "1".repeat(40),
    repository: "https://github.com/acme/pdf",
    path: "",
  },
  version: "1.0.0",
  digest: `h1:${"B".repeat(43)}=`,
  files: 2,
  dependencies: { "acme/text": "^1" },
  agents: [],
  mode: "link",
};
const local = { ...good, resolved: { type: "local", path: "my-skill" }, version: null };
const bad: readonly [what: string, folder: string, entry: unknown][] = [
  ["a folder that leads out", "../x", good],
  ["a folder with a slash", "a/b", good],
  ["a folder that is every object's prototype", "__proto__", good],
  ["another version than it was resolved to", "pdf", { ...good, version: "1.0.1" }],
  ["a digest of another kind", "pdf", { ...good, digest: "sha256:x" }],
  ["a field that nobody knows", "pdf", { ...good, hook: "curl" }],
  ["a mode that nobody knows", "pdf", { ...good, mode: "symlink" }],
  ["an agent's id that is a path", "pdf", { ...good, agents: ["../x"] }],
  ["a dependency that is no name", "pdf", { ...good, dependencies: { "acme/../x": "^1" } }],
  ["a range that is none", "pdf", { ...good, dependencies: { "acme/x": "; rm" } }],
  ["a source with an escape sequence", "pdf", { ...good, source: "acme/\u001b[2J" }],
  ["a local folder above the workspace", "pdf", { ...local, resolved: { type: "local", path: "../x" } }],
  ["an absolute local folder", "pdf", { ...local, resolved: { type: "local", path: "/etc" } }],
  ["a registry with a password", "pdf", { ...good, resolved: { ...good.resolved, registry: "https://a:b@x" } }],
  ["a registry that is a file", "pdf", { ...good, resolved: { ...good.resolved, registry: "file:///etc" } }],
  ["a commit that is an option", "pdf", { ...good, resolved: { ...good.resolved, commit: "--upload-pack=x" } }],
  [
    "a repository that is a program",
    "pdf",
    { ...good, resolved: { ...good.resolved, type: "git", repository: "ext::sh -c x" } },
  ],
  ["a previous state within a previous state", "pdf", { ...good, previous: { ...good, previous: good } }],
];
for (const [what, folder, value] of bad)
  test(`${what} is refused, and the place is named`, () => {
    const paks = JSON.parse(`{${JSON.stringify(folder)}: ${JSON.stringify(value)}}`) as unknown;
    const error = refusal(`{"lockfileVersion":1,"paks":${JSON.stringify(paks)}}`);
    expect(isPaksError(error, "LOCKFILE_MISMATCH"), inspect(error)).toBe(true);
    expect((error as { details?: { place?: string } }).details?.place).toMatch(/^paks/);
  });

test("a lock of a newer program says so, and one with the marks of a merge how to go on", () => {
  expect(refusal('{"lockfileVersion":2,"paks":{}}')).toMatchObject({ hint: "Update paks." });
  expect(refusal('{\n<<<<<<< HEAD\n"lockfileVersion":1\n=======\n')).toMatchObject({
    code: "LOCKFILE_MISMATCH",
    hint: expect.stringContaining("paks install") as string,
  });
});

test("two branches that add different paks merge without a conflict", () => {
  const folder = mkdtempSync(join(tmpdir(), "paks-merge-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const of = (...names: string[]): string =>
    formatLock({ ...emptyLock, paks: Object.fromEntries(names.map((one) => [one, good])) });
  const file = (label: string, text: string) => {
    writeFileSync(join(folder, label), text);
    return join(folder, label);
  };
  const base = file("base", of("b", "d", "f"));
  const ours = file("ours", of("a", "b", "d", "f"));
  execFileSync("git", ["merge-file", ours, base, file("theirs", of("b", "d", "e", "f"))]);
  expect(parseLock(readFileSync(ours, "utf8"), "paks.lock")).toEqual(
    parseLock(of("a", "b", "d", "e", "f"), "paks.lock"),
  );
});

test("a lock is read in time that grows with its size", () => {
  const of = (count: number): string =>
    formatLock({
      ...emptyLock,
      paks: Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, good])),
    });
  const texts = new Map([300, 3000].map((count) => [count, of(count)]));
  expect(timeGrowth((count) => parseLock(texts.get(count)!, "paks.lock"), [300, 3000])).toBeLessThan(40);
});

test("a lock that begins with a byte order mark is read as one without", () => {
  const text = formatLock(emptyLock);
  expect(parseLock(`\uFEFF${text}`, "paks.lock")).toEqual(parseLock(text, "paks.lock"));
});
