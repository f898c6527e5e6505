import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { ReleaseFile } from "@paks/schema";
import { defaultCaps, formatFileDiffs, fullCaps, formatFileList, listFileChanges } from "./file-changes.ts";

const file = (path: string, content: string | Buffer, executable = false): ReleaseFile => ({
  path,
  executable,
  bytes: Buffer.from(content),
});

test("every file that came, went or changed is listed, with its executable bit", () => {
  const before = [file("a", "1"), file("b", "1"), file("c", "1"), file("d", "1")];
  const after = [file("b", "2"), file("c", "1", true), file("d", "1"), file("e", "")];
  const changes = listFileChanges(before, after);
  expect(formatFileList(changes)).toEqual(["  D a", "  M b", "  X c", "  A e"]);
  expect(formatFileDiffs(changes).join("\n")).toBe(
    "--- a/a\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-1\n--- a/b\n+++ b/b\n@@ -1,1 +1,1 @@\n-1\n+2\nc: is executable now\n--- /dev/null\n+++ b/e\n(empty)",
  );
});

test("binary files and very large ones are said with their sizes", () => {
  const large = "x\n".repeat(defaultCaps.fileBytes);
  const changes = listFileChanges([file("a", "a\0b"), file("b", "")], [file("a", "a\0c"), file("b", large)]);
  expect(formatFileDiffs(changes).filter((line) => line.startsWith("binary"))).toEqual([
    "binary or large: 3 → 3 bytes",
    `binary or large: 0 → ${large.length} bytes`,
  ]);
});

test("no more lines are shown than the cap, and what is left out is said", () => {
  const long = Array.from({ length: 1000 }, (_, index) => `${index}`).join("\n");
  const changes = listFileChanges([], [file("a", long), file("b", long), file("c", "y".repeat(1000))]);
  const lines = formatFileDiffs(changes, { ...defaultCaps, lines: 50 });
  expect(lines).toHaveLength(52);
  expect(lines.slice(-2)).toEqual(["… 953 more lines of a are not shown.", "… 2 more files are not shown."]);
  expect(Math.max(...formatFileDiffs(changes.slice(2)).map((line) => line.length))).toBe(defaultCaps.width + 1);
});

test("hostile names and lines reach the terminal only escaped", () => {
  const changes = listFileChanges([], [file("a\u001b[2J", "\u001b]0;x\u0007\u202e\n")]);
  expect([...formatFileList(changes), ...formatFileDiffs(changes)].join("\n")).not.toMatch(
    /[\u0000-\u0009\u000b-\u001f\u202e]/,
  );
});

test("a diff is empty exactly when nothing differs", () => {
  const files = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.string());
  const filesOf = (given: Record<string, string>) => Object.entries(given).map(([path, text]) => file(path, text));
  fc.assert(
    fc.property(files, files, (before, after) => {
      const changes = listFileChanges(filesOf(before), filesOf(after));
      const same =
        filesOf(before).length === filesOf(after).length &&
        Object.entries(before).every(([path, text]) => after[path] === text);
      expect(changes.length === 0).toBe(same);
      expect(formatFileDiffs(changes).length === 0).toBe(same);
    }),
  );
});

test("a file of very many lines is shown in full where that is asked for", () => {
  const long = "x\n".repeat(190_000);
  for (const changes of [
    listFileChanges([], [file("a", long)]),
    listFileChanges([file("a", long)], [file("a", `y\n${long}z`)]),
  ])
    expect(formatFileDiffs(changes, fullCaps).length).toBeGreaterThan(5);
  expect(formatFileDiffs(listFileChanges([], [file("a", long)]), fullCaps)).toHaveLength(190_003);
});
