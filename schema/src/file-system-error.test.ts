import { expect, test } from "vitest";
import { fileSystemError, systemErrorPath, unreadableError } from "./file-system-error.ts";

const system = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });

test("what could not be looked at is not said to be unwritable, and is named itself", () => {
  const error = fileSystemError(system("EACCES", { syscall: "scandir", path: "/a/b" }), "/a");
  expect(error).toMatchObject({ code: "READ_ONLY_TARGET", message: "/a/b cannot be read (EACCES)." });
  expect(error?.hint).toContain("who may read it");
});

test("what could not be written is named as the caller names it, not by the name of a draft", () => {
  const draft = system("EACCES", { syscall: "open", path: "/a/.0123.new" });
  expect(fileSystemError(draft, "/a/b")?.message).toBe("/a/b cannot be written (EACCES).");
});

test("only what somebody may not read is told as that", () => {
  expect(unreadableError(system("EPERM"), "/a")?.message).toBe("/a cannot be read (EPERM).");
  expect(unreadableError(system("ENOENT"), "/a")).toBeUndefined();
  expect(unreadableError(new TypeError("x"), "/a")).toBeUndefined();
});

test("of a link that cannot be made, its own place is told, not what it leads to", () => {
  const refused = system("EACCES", { syscall: "symlink", path: "../../.agents/skills/text", dest: "/a/.claude/text" });
  expect(systemErrorPath(refused)).toBe("/a/.claude/text");
  expect(systemErrorPath(system("EACCES", { syscall: "rename", path: "/a/b", dest: "/a/c" }))).toBe("/a/b");
});

test("where no more files can be open, that is told, and not that something is wrong with the place", () => {
  for (const [code, hint] of [
    ["EMFILE", "ulimit -n"],
    ["ENFILE", "End programs"],
  ] as const) {
    const error = fileSystemError(system(code, { syscall: "open", path: "/a" }), "/a");
    expect(error).toMatchObject({
      code: "READ_ONLY_TARGET",
      message: `/a cannot be opened: too many files are open at once (${code}).`,
    });
    expect(error?.hint).toContain(hint);
  }
});
