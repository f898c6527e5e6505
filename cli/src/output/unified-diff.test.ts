import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { formatDiff } from "./unified-diff.ts";

test("equal texts have no diff, and a change is shown with three lines around it", () => {
  expect(formatDiff("a", "x\n", "x\n")).toBe("");
  const before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
  expect(formatDiff("a b", before, before.replace("5", "five"))).toBe(
    "--- a/a b\n+++ b/a b\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8",
  );
});

test("a diff tells the whole story: what stays and comes is the new text, what stays and goes the old one", () => {
  const texts = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 14 }).map((lines) => lines.join("\n"));
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      // So few lines are one hunk.
      const lines = formatDiff("x", before, after).split("\n").slice(3);
      fc.pre(before !== after && !lines.some((line) => line.startsWith("@@")));
      const side = (mark: string) => lines.filter((line) => line[0] !== mark).map((line) => line.slice(1));
      expect(before).toContain(side("+").join("\n"));
      expect(after).toContain(side("-").join("\n"));
    }),
  );
});

test("git applies it", async () => {
  const folder = await tempFolder();
  const before = Array.from({ length: 60 }, (_, index) => `line ${index}\n`).join("");
  const after = before.replace("line 3\n", "").replace("line 40", "line forty\nand more").replace("line 59", "end");
  await writeFile(join(folder, "f"), before);
  execFileSync("git", ["apply", "-"], { cwd: folder, input: `${formatDiff("f", before, after)}\n` });
  expect(await readFile(join(folder, "f"), "utf8")).toBe(after);
});

test("lines of a file cannot act on the terminal", () => {
  expect(formatDiff("x", "\u001b[2J", "a")).not.toContain("\u001b");
});

test("a text of ten thousand changed lines takes no time", () => {
  const many = (word: string) => Array.from({ length: 10_000 }, (_, index) => `${word} ${index}`).join("\n");
  const started = performance.now();
  expect(formatDiff("x", many("a"), many("b")).split("\n")).toHaveLength(20_003);
  expect(performance.now() - started).toBeLessThan(2000);
});
