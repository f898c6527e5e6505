import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
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
