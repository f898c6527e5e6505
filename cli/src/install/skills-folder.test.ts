import { chmod, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PaksError } from "@paks/schema";
import { expect, onTestFinished, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { bookkeeping } from "./record.ts";
import { type Looked, inSkillsFolder, recoverIfNeeded } from "./skills-folder.ts";

test("an empty folder to work in is nothing unfinished: whoever only reads takes no lock", async () => {
  const project = await tempFolder();
  const { base, work } = bookkeeping(join(project, ".agents", "skills"));
  await mkdir(work, { recursive: true });
  const before = await stat(base);
  await recoverIfNeeded(join(project, ".agents", "skills"), { boundary: project, note: () => undefined });
  expect((await stat(base)).mtimeMs).toBe(before.mtimeMs);
  await mkdir(join(work, "left"));
  await recoverIfNeeded(join(project, ".agents", "skills"), { boundary: project, note: () => undefined });
  expect(await readdir(work)).toEqual([]);
});

test("a draft of the lock that a killed command left goes with the next one, though that only reads", async () => {
  const project = await tempFolder();
  const skillsFolder = join(project, ".agents", "skills");
  const { base, lock } = bookkeeping(skillsFolder);
  await mkdir(base, { recursive: true });
  await writeFile(`${lock}.${2 ** 22 + 1}-a`, "");
  await recoverIfNeeded(skillsFolder, { boundary: project, note: () => undefined });
  expect(await readdir(base)).toEqual([]);
});

/** A skills folder of somebody else's, and what its owner does there meanwhile. */
async function foreignFolder() {
  const skillsFolder = join(await tempFolder(), "project", ".agents", "skills");
  const { base, lock } = bookkeeping(skillsFolder);
  await mkdir(base, { recursive: true });
  await chmod(join(skillsFolder, "..", "..", ".."), 0o755);
  const isRoot = process.getuid?.() === 0;
  const become = async (owner: boolean): Promise<void> => {
    if (isRoot) process.seteuid?.(owner ? 0 : 65_534);
    else await chmod(base, owner ? 0o755 : 0o555);
  };
  await become(false);
  onTestFinished(async () => await become(true));
  const asOwner = async (work: () => Promise<unknown>): Promise<void> => {
    await become(true);
    await work();
    await become(false);
  };
  return { skillsFolder, lock, asOwner };
}

const mayNot = () => Promise.reject(new Error("It was written to."));

test.runIf(process.platform !== "win32")(
  "where the lock cannot be taken, what its owner begins meanwhile makes nothing of what was seen",
  async () => {
    const { skillsFolder, lock, asOwner } = await foreignFolder();
    const options = { boundary: undefined, note: () => undefined };
    const seeing = (look: () => Promise<Looked<string>>) => inSkillsFolder(skillsFolder, { ...options, look }, mayNot);
    expect(await seeing(async () => ({ done: "seen" }))).toBe("seen");
    const refused = { code: "READ_ONLY_TARGET", hint: expect.stringMatching(/^A paks command/) as string };
    const begin = async () => await asOwner(async () => await writeFile(lock, "{}"));
    const end = async () => await asOwner(async () => await rm(lock));
    await begin();
    const ended = seeing(async () => {
      await end();
      return { done: "half" };
    });
    await expect(ended).rejects.toMatchObject(refused);
    await end();
    const begun = seeing(async () => {
      await begin();
      return { done: "half" };
    });
    await expect(begun).rejects.toMatchObject(refused);
    await end();
    const broken = seeing(async () => {
      await begin();
      throw new PaksError("LOCAL_CHANGES", "It is half replaced.");
    });
    await expect(broken).rejects.toMatchObject(refused);
    await end();
    const edited = seeing(() => Promise.reject(new PaksError("LOCAL_CHANGES", "Edited.")));
    await expect(edited).rejects.toMatchObject({ code: "LOCAL_CHANGES" });
    await expect(inSkillsFolder(skillsFolder, options, mayNot)).rejects.toMatchObject({ code: "READ_ONLY_TARGET" });
  },
);
