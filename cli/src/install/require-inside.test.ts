import { mkdir, mkdtemp, realpath, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPaksError } from "@paks/schema";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isInside, requireInside } from "./require-inside.ts";

const codeOf = (error: unknown): string => (isPaksError(error) ? error.code : String(error));

let base: string;
beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), "paks-inside-")));
  await mkdir(join(base, "project", "real"), { recursive: true });
  await mkdir(join(base, "other"));
  const links = {
    out: join(base, "other"),
    gone: join(base, "other", "not-yet"),
    "gone-inside": join(base, "project", "not-yet"),
    round: join(base, "project", "again"),
    again: join(base, "project", "round"),
    "to-gone": join(base, "project", "gone"),
  };
  for (const [name, to] of Object.entries(links)) await symlink(to, join(base, "project", name));
  await symlink(join(base, "project"), join(base, "alias"));
});
afterAll(async () => await rm(base, { recursive: true, force: true }));

test.each([
  ["a folder", "real", true],
  ["what is not there", "real/a/b", true],
  ["above", "../other", false],
  ["a name that only begins with the dots", "..real", true],
  ["a link that leads out", "out/skills", false],
  ["a link that leads out to what is not there yet", "gone/skills", false],
  ["a link to a link that does", "to-gone", false],
  ["a link to what is not there yet", "gone-inside/skills", true],
  ["a link in a circle", "round/skills", true],
])("%s: %s", async (_what, path, inside) => {
  for (const project of [join(base, "project"), join(base, "alias")]) {
    expect(await isInside(join(project, path), project)).toBe(inside);
    const refused = requireInside(join(project, path), project).then(() => undefined, codeOf);
    expect(await refused).toBe(inside ? undefined : "UNSAFE_TARGET");
  }
});

test("a boundary that is not there yet", async () => {
  const boundary = join(base, "project", "later");
  await requireInside(join(boundary, "skills"), boundary);
  await expect(requireInside(join(base, "project", "real"), boundary)).rejects.toMatchObject({ code: "UNSAFE_TARGET" });
});
