import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { exitOf, formatError, toPaksError } from "./errors.ts";

const quiet = { verbose: false };

test("an error shows its code, message and hint", () => {
  const error = new PaksError("TAG_EXISTS", "Tag v1.0.0 is taken.", { hint: "Bump the version." });
  expect(formatError(error, quiet)).toBe("error[TAG_EXISTS]: Tag v1.0.0 is taken.\nhint: Bump the version.");
});

test("an error shows the place in the file", () => {
  const details = { path: "SKILL.md", line: 3, column: 1 };
  expect(formatError(new PaksError("FRONTMATTER_INVALID", "Not YAML.", { details }), quiet)).toBe(
    "error[FRONTMATTER_INVALID]: Not YAML.\n  at SKILL.md:3:1",
  );
});

test("all findings of an error are told, and a hint only once", () => {
  const findings = [
    { severity: "error", code: "TAG_EXISTS", message: "Tag v1 is taken.", hint: "Bump." },
    { severity: "error", code: "DIRTY_WORK_TREE", message: "Commit first.", path: "SKILL.md" },
  ];
  const error = new PaksError("TAG_EXISTS", "Two problems.", { hint: "Bump.", details: { findings } });
  expect(formatError(error, quiet)).toBe(
    [
      "error[TAG_EXISTS]: Two problems.",
      "✗ Tag v1 is taken. [TAG_EXISTS]",
      "  hint: Bump.",
      "✗ SKILL.md: Commit first. [DIRTY_WORK_TREE]",
    ].join("\n"),
  );
});

test("what somebody else wrote into an error cannot act on the terminal", () => {
  const text = "x\u001b]0;owned\u0007";
  const error = new PaksError("PAK_NOT_FOUND", text, { hint: text, details: { path: text } });
  expect(formatError(error, { verbose: true })).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F-\u009F]/);
});

test("a full disk is told as such, whoever noticed it", () => {
  const error = toPaksError(Object.assign(new Error("ENOSPC"), { code: "ENOSPC", path: "/x" }));
  expect([error.code, exitOf(error)]).toEqual(["DISK_FULL", 10]);
});

test("a disk that fails is nothing that is wrong inside paks", () => {
  const error = toPaksError(Object.assign(new Error("EIO"), { code: "EIO", path: "/x" }));
  expect([error.code, error.message]).toEqual(["READ_ONLY_TARGET", "The disk failed at /x (EIO)."]);
});

test("a file, a folder or a link in a circle where paks needs something else is told by its place", async () => {
  const folder = await tempFolder();
  const path = join(folder, "a");
  const below = join(path, "b");
  const reading = async (of: string) => toPaksError(await readFile(of).catch((error: unknown) => error));
  await writeFile(path, "");
  expect(await reading(below)).toMatchObject({
    code: "UNSAFE_TARGET",
    message: `${path} is a file, and paks needs a folder there.`,
    details: { path },
  });
  await rm(path);
  await symlink(path, path);
  expect((await reading(below)).message).toBe(`${path} is a link that leads nowhere, and paks needs a folder there.`);
  expect((await reading(path)).message).toBe(`${path} is a link that leads nowhere, and paks cannot use it there.`);
  expect((await reading(join(folder, "c"))).message).toBe(`${join(folder, "c")} is not there any more.`);
});

test("who may not open a file that is there is not told that it cannot be written", async () => {
  const path = join(await tempFolder(), "x");
  await writeFile(path, "");
  const error = toPaksError(Object.assign(new Error(), { code: "EACCES", syscall: "open", path }));
  expect([error.code, error.message]).toEqual(["READ_ONLY_TARGET", `${path} cannot be opened (EACCES).`]);
});

test("anything that nobody expected is our fault, keeps its cause and shows the trace only when asked", () => {
  const cause = new TypeError("x is not a function");
  const error = toPaksError(cause);
  expect([error.code, exitOf(error), error.cause]).toEqual(["INTERNAL", 1, cause]);
  expect(formatError(error, quiet)).not.toContain("errors.test.ts");
  expect(formatError(error, { verbose: true })).toContain("errors.test.ts");
});

test("a thrown value that is no error is told, too", () => {
  expect(toPaksError("boom").message).toContain("boom");
  expect(toPaksError(undefined).code).toBe("INTERNAL");
});

test("the only error is told once, and the warnings beside it after its hint", () => {
  const warning = { severity: "warning", code: "MISSING_LICENSE", message: "No license is named." } as const;
  const only = { severity: "error", code: "DIRTY_WORK_TREE", message: "Not committed.", hint: "Commit." } as const;
  const error = new PaksError(only.code, only.message, { hint: only.hint, details: { findings: [only, warning] } });
  expect(formatError(error, { verbose: false })).toBe(
    "error[DIRTY_WORK_TREE]: Not committed.\nhint: Commit.\n⚠ No license is named. [MISSING_LICENSE]",
  );
});
