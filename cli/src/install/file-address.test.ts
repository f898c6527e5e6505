import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runPaks, tempFolder } from "../testing/index.ts";

const refuse = async (source: string) => {
  const run = await runPaks(["install", "--json", source], { cwd: await tempFolder(), home: await tempFolder() });
  return (run.json() as { error: unknown }).error;
};

test("a file address without a repository is told by what is there in its place", async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, "SKILL.md"), "---\nname: pdf\n---\n");
  expect(await refuse(`file://${folder}`)).toMatchObject({
    code: "REPOSITORY_NOT_FOUND",
    message: `${folder} holds no git repository.`,
    hint: `A folder without git: paks install ${folder}`,
  });
  expect(await refuse(`file://${folder}/none`)).toMatchObject({
    code: "REPOSITORY_NOT_FOUND",
    message: `There is no folder ${folder}/none.`,
  });
  expect(await refuse(`file://${folder}/SKILL.md`)).toMatchObject({
    code: "REPOSITORY_NOT_FOUND",
    message: `${folder}/SKILL.md is a file and no git repository.`,
  });
});
