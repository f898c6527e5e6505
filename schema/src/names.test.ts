import * as fc from "fast-check";
import { expect, test } from "vitest";
import * as z from "zod/mini";
import { PaksError } from "./errors.ts";
import { AccountName, PakName } from "./name-schemas.ts";
import { canonicalName, formatPakId, parseAccountName, parsePakId, parsePakName, reservedName } from "./names.ts";
import { reservedAccountNames, reservedPakNames } from "./reserved-names.ts";
import { hostileText, resultOrPaksError } from "./testing/properties.ts";

const good = ["a", "0", "pdf", "my-skill", "a-b-c", "1password", "x".repeat(39)];
const bad = ["", "-a", "a-", "a--b", "A", "a_b", "a.b", "a b", "é", "a/b", "..", "a\n"];
const nameOf = (max: number) =>
  fc
    .array(fc.string({ unit: fc.constantFrom("a", "b", "x", "z", "0", "9"), minLength: 1, maxLength: 8 }), {
      minLength: 1,
      maxLength: 6,
    })
    .map((parts) => parts.join("-").slice(0, max).replace(/-$/, ""));

test.each(good)("%j is a name for accounts and paks", (name) => {
  expect(parseAccountName(name)).toBe(name);
  expect(parsePakName(name)).toBe(name);
});

test.each(bad)("%j is no name, for the parser and for the schema alike", (name) => {
  expect(() => parseAccountName(name)).toThrow(PaksError);
  expect(() => parsePakName(name)).toThrow(PaksError);
  expect(AccountName.safeParse(name).success).toBe(false);
  expect(PakName.safeParse(name).success).toBe(false);
});

test("an account name may have 39 characters and a pak name 64, not one more", () => {
  expect(parseAccountName("a".repeat(39))).toHaveLength(39);
  expect(parsePakName("a".repeat(64))).toHaveLength(64);
  expect(() => parseAccountName("a".repeat(40))).toThrow(/longer than 39/);
  expect(() => parsePakName("a".repeat(65))).toThrow(/longer than 64/);
  expect(AccountName.safeParse("a".repeat(40)).success).toBe(false);
  expect(PakName.safeParse("a".repeat(65)).success).toBe(false);
});

test("an invisible character is named by its code point and shown escaped", () => {
  const error = resultOrPaksError(() => parsePakName("pd\u200Bf"));
  expect(error).toMatchObject({
    code: "INVALID_CHARACTERS",
    message: expect.stringContaining("U+200B"),
    details: { name: "pd\\u{200b}f" },
  });
});

test("a refused name comes with a name that would be accepted", () => {
  const hint = (name: string) => resultOrPaksError(() => parsePakName(name)) as PaksError;
  expect(hint("My Skill!").hint).toBe("For example: my-skill");
  expect(hint("Übersicht").hint).toBe("For example: ubersicht");
  expect(hint("日本").hint).toBe("For example: my-name");
});

test("the schema's messages are sentences", () => {
  const result = PakName.safeParse("No");
  expect(result.error && z.prettifyError(result.error)).toContain("The pak name may hold only a–z");
});

test("names that differ only in hyphens have one canonical form", () => {
  expect(canonicalName("my-skill")).toBe(canonicalName("myskill"));
  expect(canonicalName("My-Skill")).toBe("myskill");
});

test.each([
  "anthropic",
  "claude",
  "claude-code",
  "open-ai",
  "google",
  "microsoft",
  "github",
  "vercel",
  "stakpak",
  "cursor",
])("nobody may register the brand %s as an account", (name) =>
  expect(reservedName("account", name)).toMatch(/company/),
);

test.each(["admin", "api", "root", "paks", "registry", "search", "well-known", "mcp", "con", "nul", "new"])(
  "nobody may register the word %s as an account",
  (name) => expect(reservedName("account", name)).toBeTypeOf("string"),
);

test("a brand may name a pak, because the account before it says whose it is", () => {
  for (const name of ["github", "openai", "cursor", "search", "git"]) expect(reservedName("pak", name)).toBeUndefined();
  for (const name of ["con", "com-1", "settings", "node-modules"])
    expect(reservedName("pak", name)).toBeTypeOf("string");
});

test("ordinary accounts are free", () => {
  for (const name of ["acme", "alice", "my-team", "demo"]) expect(reservedName("account", name)).toBeUndefined();
});

test("every reserved name is written in its canonical form, or it would reserve nothing", () => {
  for (const table of [reservedAccountNames, reservedPakNames]) {
    for (const [name, reason] of table) {
      expect(name).toBe(canonicalName(name));
      expect(name).toMatch(/^[a-z0-9]+$/);
      expect(reason).toMatch(/\.$/);
    }
  }
});

test.each(["acme", "acme/", "/pdf", "acme/pdf/x", "acme//pdf", "@acme/pdf", "https://x/y", "Acme/pdf"])(
  "%j is no pak id",
  (text) => expect(() => parsePakId(text)).toThrow(PaksError),
);

test("format and parse of a pak id are inverse", () => {
  fc.assert(
    fc.property(nameOf(39), nameOf(64), (account, name) => {
      expect(parsePakId(formatPakId({ account, name }))).toEqual({ account, name });
    }),
  );
});

test("whatever is given as a name, the parsers return it unchanged or throw a PaksError, and agree with the schemas", () => {
  fc.assert(
    fc.property(hostileText([...good, ...bad]), (text) => {
      const account = resultOrPaksError(() => parseAccountName(text));
      const pak = resultOrPaksError(() => parsePakName(text));
      expect([text]).toContain(account instanceof PaksError ? text : account);
      expect(AccountName.safeParse(text).success).toBe(account === text);
      expect(PakName.safeParse(text).success).toBe(pak === text);
      resultOrPaksError(() => parsePakId(text));
    }),
    { numRuns: 1000 },
  );
});
