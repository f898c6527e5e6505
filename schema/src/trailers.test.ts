import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { PaksError } from "./errors.ts";
import { hostileText, resultOrPaksError, timeGrowth } from "./testing/properties.ts";
import {
  findReleaseTrailer,
  formatReleaseTrailer,
  formatTagMessage,
  parseTagTrailers,
  type TagMessage,
  type Trailers,
} from "./trailers.ts";

const trailers: Trailers = {
  package: "acme/pdf",
  version: "1.2.0",
  repository: "https://github.com/acme/skills",
  path: "skills/pdf",
  digest: "h1:3+xAPGm3lvC1V2/ZAE09lLwhQqsaUH9g5BWQeKry2p4=",
};
const message: TagMessage = {
  kind: "skill",
  name: "pdf",
  description: "Reads and\n  writes PDF files.",
  version: "1.2.0",
  published: "2026-11-20T23:00:00Z",
  notes: "# 1.2.0\n\n- Faster.\n",
  trailers,
};
const text = formatTagMessage(message);
const thrownBy = (run: () => unknown) => resultOrPaksError(run);

test("the tag's message is exactly this", () => {
  expect(text).toBe(`Release v1.2.0

Skill: pdf
Description: Reads and writes PDF files.
Published: 2026-11-20T23:00:00Z

# 1.2.0

- Faster.

Paks-Package: acme/pdf
Paks-Version: 1.2.0
Paks-Repository: https://github.com/acme/skills
Paks-Path: skills/pdf
Paks-Digest: h1:3+xAPGm3lvC1V2/ZAE09lLwhQqsaUH9g5BWQeKry2p4=
`);
});

test("without notes there is no empty paragraph", () => {
  expect(formatTagMessage({ ...message, notes: undefined })).not.toContain("\n\n\n");
  expect(formatTagMessage({ ...message, notes: " \n\n" })).toBe(formatTagMessage({ ...message, notes: undefined }));
});

test("what was written is read back, also for a pak at the root", () => {
  expect(parseTagTrailers(text)).toEqual(trailers);
  const root = { ...trailers, path: "" };
  expect(formatTagMessage({ ...message, trailers: root })).toContain("\nPaks-Path: .\n");
  expect(parseTagTrailers(formatTagMessage({ ...message, trailers: root }))).toEqual(root);
  expect(parseTagTrailers(text.replace("Paks-Path: skills/pdf", "Paks-Path:"))).toEqual(root);
});

test("git keeps the message, a line that begins with # included, and its own reader finds the same trailers", () => {
  const folder = mkdtempSync(join(tmpdir(), "paks-tag-"));
  const git = (args: string[], input?: string) =>
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@example.com", ...args], {
      cwd: folder,
      encoding: "utf8",
      input,
    });
  try {
    git(["init", "-q"]);
    git(["commit", "-q", "--allow-empty", "-m", "x"]);
    git(["tag", "-a", "--cleanup=verbatim", "-F", "-", "v1.2.0"], text);
    const stored = git(["cat-file", "tag", "v1.2.0"]).split("\n\n").slice(1).join("\n\n");
    expect(stored).toBe(text);
    expect(git(["interpret-trailers", "--parse"], text).trim().split("\n")).toEqual(text.trim().split("\n").slice(-5));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each(["SSH SIGNATURE", "PGP SIGNATURE", "SIGNED MESSAGE"])("trailers before an %s block are read", (kind) => {
  expect(parseTagTrailers(`${text}-----BEGIN ${kind}-----\nPaks-Path: other\n-----END ${kind}-----\n`)).toEqual(
    trailers,
  );
});

test("only the last block is a signature, as git sees it", () => {
  const quoted = text.replace("- Faster.", "-----BEGIN PGP SIGNATURE-----");
  expect(parseTagTrailers(quoted)).toBeUndefined();
  expect(parseTagTrailers(`${quoted}-----BEGIN SSH SIGNATURE-----\nx\n`)).toEqual(trailers);
});

test.each([
  ["CRLF", text.replaceAll("\n", "\r\n")],
  ["blank lines at the end", `${text}\n\n \n`],
  ["blanks at line ends", text.replaceAll("\n", "  \n")],
  ["a Signed-off-by", `${text}Signed-off-by: A <a@example.com>\n`],
  ["a trailer of a later version", `${text}Paks-Builder: x\n`],
])("%s does not hinder the reader", (_what, changed) => {
  expect(parseTagTrailers(changed)).toEqual(trailers);
});

test.each([
  ["no message", ""],
  ["only blank lines", "\n\n\n"],
  ["a plain message", "v1.2.0\n"],
  ["trailers that are not the last paragraph", `${text}\nMore text.\n`],
  ["only a signature", "-----BEGIN SSH SIGNATURE-----\nx\n-----END SSH SIGNATURE-----\n"],
  ["other trailers", "Release\n\nSigned-off-by: A <a@example.com>\n"],
  ["trailers behind a signature", `Release\n-----BEGIN SSH SIGNATURE-----\n\n${text}`],
])("%s: no trailers", (_what, changed) => {
  expect(parseTagTrailers(changed)).toBeUndefined();
});

const without = (key: string) => text.replace(new RegExp(`^${key}: .*\n`, "m"), "");

test.each([
  ...["Package", "Version", "Repository", "Path", "Digest"].map((key) => [`no Paks-${key}`, without(`Paks-${key}`)]),
  ["a key twice", `${text}Paks-Path: skills/pdf\n`],
  ["a key twice in another case", `${text}paks-path: skills/pdf\n`],
  ["a key in lower case", text.replace("Paks-Path", "paks-path")],
  ["a key in capitals", text.replace("Paks-Path", "PAKS-PATH")],
  ["a folded line", text.replace("Paks-Path: skills/pdf", "Paks-Path: skills\n /pdf")],
  ["text among the trailers", text.replace("Paks-Path", "hello\nPaks-Path")],
  ["no blank behind the colon", text.replace("Paks-Path: ", "Paks-Path:")],
  ["a blank before the colon", text.replace("Paks-Path:", "Paks-Path :")],
  ["an account in capitals", text.replace("acme/pdf", "Acme/pdf")],
  ["a package without account", text.replace("acme/pdf", "pdf")],
  ["a version with v", text.replace("Paks-Version: ", "Paks-Version: v")],
  ["a path that climbs", text.replace("skills/pdf", "../pdf")],
  ["an absolute path", text.replace("skills/pdf", "/skills/pdf")],
  ["a repository with a blank", text.replace("acme/skills", "acme/ skills")],
  ["a repository of nothing", text.replace("https://github.com/acme/skills", "")],
  ["a digest of another kind", text.replace("h1:", "h2:")],
  ["a short digest", text.replace("2p4=", "=")],
])("a tag with %s is refused", (_what, changed) => {
  expect(changed).not.toBe(text);
  expect(thrownBy(() => parseTagTrailers(changed))).toMatchObject({ code: "TRAILER_MISMATCH" });
});

test.each([
  ["a trailer of ours", "Fixed.\nPaks-Path: other"],
  ["one in another case", "paks-digest: x"],
  ["one behind blanks", "  Paks-Version: 2.0.0"],
  ["one behind a carriage return", "x\rPaks-Version: 2.0.0"],
  ["a signature behind blanks", "\uFEFF \n -----BEGIN PGP SIGNATURE-----"],
  ["a signature", "-----BEGIN SSH SIGNATURE-----"],
  ["a NUL", "a\0b"],
  ["more than 16384 characters", "a".repeat(16_385)],
])("notes with %s are refused", (_what, notes) => {
  expect(thrownBy(() => formatTagMessage({ ...message, notes }))).toMatchObject({ code: "INVALID_PARAMETER" });
});

test("no description can add a line to the message", () => {
  fc.assert(
    fc.property(
      hostileText(["a\nPaks-Path: x", "a\r\n\r\nPaks-Path: x", "\u2028\u2029\u0085Paks-Path: x"]),
      (description) => {
        const lines = formatTagMessage({ ...message, description }).split(/[\n\r\u0085\u2028\u2029]/);
        expect(lines).toHaveLength(text.split("\n").length);
        expect(parseTagTrailers(lines.join("\n"))).toEqual(trailers);
      },
    ),
    { numRuns: 1000 },
  );
});

test("whatever the notes, the message is refused or its trailers are read back as they were", () => {
  fc.assert(
    fc.property(
      hostileText(["# Notes", "a\n\nb", "Signed-off-by: x", "key: value", "Paks-Path: x", "text-----"]),
      (notes) => {
        const formatted = resultOrPaksError(() => formatTagMessage({ ...message, notes }));
        expect(formatted instanceof PaksError ? trailers : parseTagTrailers(formatted)).toEqual(trailers);
      },
    ),
    { numRuns: 2000 },
  );
});

test("whatever a tag says, its trailers are none, well formed, or refused with a PaksError", () => {
  fc.assert(
    fc.property(hostileText([text, ...text.split("\n").map((line) => `${line}\n`)]), (changed) => {
      const found = resultOrPaksError(() => parseTagTrailers(changed));
      if (found === undefined || found instanceof PaksError) return;
      expect(parseTagTrailers(formatTagMessage({ ...message, trailers: found }))).toEqual(found);
    }),
    { numRuns: 2000 },
  );
});

test("long messages take linear time", () => {
  for (const filler of [
    "\n",
    " \n",
    "Paks-X: y\n",
    "-----BEGIN SSH SIGNATURE-----\n",
    "a",
    " ",
    "a: b\n",
    "\r",
    "Paks-Release: ",
  ]) {
    const run = (size: number) => {
      const long = filler.repeat(size) + text;
      resultOrPaksError(() => parseTagTrailers(long));
      findReleaseTrailer(long);
      resultOrPaksError(() => formatTagMessage({ ...message, description: long }));
    };
    expect(timeGrowth(run, [5_000, 50_000])).toBeLessThan(40);
  }
});

const pdf = { account: "acme", name: "pdf" };

test("a version commit says which release it prepares", () => {
  const line = formatReleaseTrailer(pdf, "1.2.0");
  expect(line).toBe("Paks-Release: acme/pdf@1.2.0");
  expect(findReleaseTrailer(`chore: bump version to 1.2.0\n\n${line}\n`)).toEqual({ ...pdf, version: "1.2.0" });
  expect(findReleaseTrailer(`x\r\n\r\n${line}\r\n\r\nChange-Id: I123\r\n`)).toEqual({ ...pdf, version: "1.2.0" });
});

test.each([
  ["no trailer", "chore: x\n"],
  ["two different ones", "x\n\nPaks-Release: acme/pdf@1.2.0\nPaks-Release: acme/pdf@1.3.0\n"],
  ["one inside a sentence", "see Paks-Release: acme/pdf@1.2.0\n"],
  ["a broken name", "x\n\nPaks-Release: Acme/pdf@1.2.0\n"],
  ["hyphens in a row", "x\n\nPaks-Release: a--b/pdf@1.2.0\n"],
  ["a broken version", "x\n\nPaks-Release: acme/pdf@v1.2\n"],
  ["no version", "x\n\nPaks-Release: acme/pdf\n"],
])("a commit with %s prepares no release", (_what, commit) => {
  expect(findReleaseTrailer(commit)).toBeUndefined();
});

test("whatever a commit says, looking for its release never fails", () => {
  fc.assert(
    fc.property(hostileText(["Paks-Release: acme/pdf@1.2.0\n", "x\n\nPaks-Release: acme/pdf@1.2.0\n"]), (commit) => {
      const found = findReleaseTrailer(commit);
      expect(found && findReleaseTrailer(formatReleaseTrailer(found, found.version))).toEqual(found);
    }),
    { numRuns: 1000 },
  );
});
