import { expect, test } from "vitest";
import { dataOfRun, type Lab, openLab, skillText } from "./testing/lab.ts";

const release = async (lab: Lab, args: readonly string[]) => dataOfRun(await lab.publish([...args, "--json"]));

test.each([
  ["minor", "0.2.0"],
  ["major", "1.0.0"],
  ["prerelease", "0.1.2-0"],
])("--bump %s directly after a finished --bump patch makes the next version", async (bump, version) => {
  const lab = await openLab({ path: "skills/pdf" });
  expect(await release(lab, ["--bump", "patch"])).toMatchObject({ version: "0.1.1", state: "indexed" });
  expect(await release(lab, ["--bump", bump])).toMatchObject({ version, state: "indexed" });
  expect(await release(lab, ["--bump", bump])).toMatchObject({ version, state: "already-published" });
});

test("a bump after a release of a named version makes the next one", async () => {
  const lab = await openLab();
  await release(lab, ["--version", "2.0.0"]);
  expect(await release(lab, ["--bump", "patch"])).toMatchObject({ version: "2.0.1" });
});

test("another bump after a run that did not get to the push goes on with the version that it prepared", async () => {
  const lab = await openLab();
  const environment = { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "tagged:end" };
  await lab.publish(["--bump", "patch"], { environment });
  expect(await release(lab, ["--bump", "minor"])).toMatchObject({ version: "0.1.1", state: "indexed" });
});

test("without a version in the manifest the tag on HEAD counts in the same way", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText(undefined) } });
  expect(await release(lab, ["--bump", "patch", "--no-commit"])).toMatchObject({ version: "0.0.1" });
  expect(await release(lab, ["--bump", "minor", "--no-commit"])).toMatchObject({ version: "0.1.0" });
  expect(await release(lab, ["--bump", "minor", "--no-commit"])).toMatchObject({ state: "already-published" });
});

test("several paks: another bump is the next version of each, but for --changed nothing has changed", async () => {
  const lab = await openLab({ path: "skills/pdf", files: { "skills/csv/SKILL.md": skillText("0.1.0", "csv") } });
  const tagsAfter = async (...args: string[]) => {
    const { releases } = dataOfRun(await lab.paks(["publish", ...args, "--json"])) as { releases: { tag: string }[] };
    return releases.map(({ tag }) => tag);
  };
  expect(await tagsAfter("--all", "--bump", "patch")).toEqual(["csv--v0.1.1", "pdf--v0.1.1"]);
  await tagsAfter("--changed", "--bump", "minor");
  expect((await lab.remote("tag")).trim().split("\n")).toEqual(["csv--v0.1.1", "pdf--v0.1.1"]);
  expect(await tagsAfter("--all", "--bump", "minor")).toEqual(["csv--v0.2.0", "pdf--v0.2.0"]);
});
