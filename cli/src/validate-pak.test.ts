import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defaultLimits } from "@paks/schema";
import { expect, onTestFinished, test } from "vitest";
import { validatePak } from "./validate-pak.ts";

async function folder(): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "paks-validate-"));
  onTestFinished(() => rm(made, { recursive: true, force: true }));
  return made;
}

const codes = async (path: string): Promise<string[]> =>
  (await validatePak(path, { cwd: path, strict: false })).findings.map(({ code }) => code);

test("a manifest that lies there and cannot be read is told as what it is, not as missing", async () => {
  const large = await folder();
  await writeFile(join(large, "SKILL.md"), Buffer.alloc(defaultLimits.fileBytes + 1, "a"));
  expect(await codes(large)).toEqual(["TOO_LARGE"]);
  const linked = await folder();
  await symlink(join(large, "SKILL.md"), join(linked, "SKILL.md"));
  expect(await codes(linked)).toEqual(["SYMLINK_NOT_ALLOWED"]);
  expect(await codes(await folder())).toEqual(["MANIFEST_MISSING"]);
});

test("of far too many bytes all are counted, also those that are not read", async () => {
  const path = await folder();
  const limits = { ...defaultLimits, releaseBytes: 1000, fileBytes: 900 };
  await writeFile(join(path, "SKILL.md"), "---\nname: x\ndescription: Does it.\n---\n");
  const { size } = await stat(join(path, "SKILL.md"));
  for (const name of ["a", "b", "c", "d", "e"]) await writeFile(join(path, name), Buffer.alloc(800, "a"));
  const { files, bytes, findings } = await validatePak(path, { cwd: path, strict: false, limits });
  expect([files, bytes]).toEqual([6, 4000 + size]);
  expect(findings.filter(({ code }) => code === "TOO_LARGE").map(({ message }) => message)).toEqual([
    `The files have ${4000 + size} bytes together; at most 1000 are allowed.`,
  ]);
});

test("a file that is too large alone takes no other one out of what is read", async () => {
  const path = await folder();
  const limits = { ...defaultLimits, releaseBytes: 1000, fileBytes: 900 };
  await writeFile(join(path, "AAA"), Buffer.alloc(5000, "a"));
  await writeFile(join(path, "SKILL.md"), "---\nname: x\ndescription: Does it.\n---\n");
  const { manifest, findings } = await validatePak(path, { cwd: path, strict: false, limits });
  expect(manifest?.name).toBe("x");
  expect(findings.filter(({ code }) => code === "TOO_LARGE").map(({ path: where }) => where)).toEqual(["AAA"]);
});
