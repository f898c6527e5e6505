import { expect, test } from "vitest";
import type { PaksError } from "./errors.ts";
import { defaultLimits } from "./limits.ts";
import { checkReleaseFiles, requireReleaseFiles } from "./release-files.ts";
import { resultOrPaksError } from "./testing/properties.ts";

const file = (path: string, bytes: Uint8Array = Buffer.from("x"), executable = false) => ({ path, bytes, executable });
const thrownBy = (...files: ReturnType<typeof file>[]) => resultOrPaksError(() => requireReleaseFiles(files));
const { fileBytes, releaseBytes } = defaultLimits;
const pointer = Buffer.from(`version https://git-lfs.github.com/spec/v1\noid sha256:${"a".repeat(64)}\nsize 1\n`);

test("ordinary files are a release", () => {
  expect(checkReleaseFiles([file("SKILL.md"), file("scripts/run.sh", Buffer.from("x"), true)])).toEqual([]);
});

test("a file may have 2 MiB, not one byte more", () => {
  expect(checkReleaseFiles([file("a", new Uint8Array(fileBytes))])).toEqual([]);
  expect(thrownBy(file("a", new Uint8Array(fileBytes + 1)))).toMatchObject({
    code: "TOO_LARGE",
    details: { path: "a", rule: "file-too-large" },
  });
});

test("all files together may have 10 MiB, not one byte more", () => {
  const full = Array.from({ length: releaseBytes / fileBytes }, (_, index) =>
    file(`f${index}`, new Uint8Array(fileBytes)),
  );
  expect(checkReleaseFiles(full)).toEqual([]);
  expect(thrownBy(...full, file("more"))).toMatchObject({ code: "TOO_LARGE", details: { rule: "release-too-large" } });
});

test("a Git LFS pointer is refused by its path", () => {
  expect(thrownBy(file("model.bin", pointer))).toMatchObject({
    code: "LFS_NOT_SUPPORTED",
    details: { path: "model.bin" },
  });
});

test("paths are judged before contents, and all findings are listed", () => {
  const files = [file("../a", pointer), file("b", new Uint8Array(fileBytes + 1))];
  expect(checkReleaseFiles(files).map(({ code }) => code)).toEqual(["UNSAFE_PATH", "LFS_NOT_SUPPORTED", "TOO_LARGE"]);
  expect((thrownBy(...files) as PaksError).code).toBe("UNSAFE_PATH");
});
