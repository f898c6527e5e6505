import { testGitEnv } from "@paks/git/testing";
import { expect, test } from "vitest";
import { runProcess, tempFolder } from "../testing/index.ts";
import { commitElsewhere } from "./refusals/refusal.ts";
import { codesOf, dataOfRun, failureOf, openLab, skillText } from "./testing/lab.ts";
import { pushFromElsewhere } from "./testing/elsewhere.ts";

test("a tag that is taken and a branch that is behind are told together", async () => {
  const lab = await openLab();
  await lab.repo.tag("v0.1.1", "x\n");
  await lab.repo.git("push", "-q", "origin", "v0.1.1");
  await pushFromElsewhere(lab);
  const run = await lab.publish(["--bump", "patch", "--json"]);
  expect(codesOf(run).sort()).toEqual(expect.arrayContaining(["BEHIND_UPSTREAM", "TAG_EXISTS"]));
  expect(failureOf(run).details?.findings?.every(({ hint }) => hint !== undefined)).toBe(true);
});

test("that the branch is behind is told even where no version can be chosen", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText(undefined) } });
  await pushFromElsewhere(lab);
  expect(codesOf(await lab.publish(["--json"])).sort()).toEqual(
    expect.arrayContaining(["BEHIND_UPSTREAM", "INVALID_PARAMETER"]),
  );
});

test("the command that gets what is behind can be pasted, whatever the branch is called and although it follows none", async () => {
  const lab = await openLab();
  const branch = "it's;$HOME";
  await lab.repo.git("switch", "-q", "-c", branch);
  await lab.remote("update-ref", `refs/heads/${branch}`, await commitElsewhere(lab));
  const { code, hint = "" } = failureOf(await lab.publish(["--bump", "patch", "--json"]));
  expect(code).toBe("BEHIND_UPSTREAM");
  const environment = { ...testGitEnv(), HOME: await tempFolder() };
  const pulled = await runProcess(["sh", "-c", hint.replace(/, then .*/, "")], { cwd: lab.repo.dir, environment });
  expect(pulled.exit, pulled.stderr).toBe(0);
  expect(dataOfRun(await lab.publish(["--bump", "patch", "--json"]))).toMatchObject({ state: "indexed", branch });
});

test("a release that is out is still found when the branch has moved on over there", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--json"]));
  await pushFromElsewhere(lab);
  expect(dataOfRun(await lab.publish(["--json"]))).toMatchObject({ state: "already-published" });
});

const older = expect.stringContaining("0.1.1 is lower than 2.0.0");

test("a version below the newest release is published and said to be one of an older line", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--version", "2.0.0", "--json"]));
  await lab.repo.write({ "fix.md": "fix\n" });
  await lab.repo.commit("Fix");
  const done = dataOfRun(await lab.publish(["--version", "0.1.1", "--json"]));
  expect(done).toMatchObject({ version: "0.1.1", verified: true, notes: [older] });
});

test("the next version is not called old because of a pre-release", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--version", "2.0.0-beta.1", "--json"]));
  await lab.repo.write({ "fix.md": "fix\n" });
  await lab.repo.commit("Fix");
  expect(dataOfRun(await lab.publish(["--version", "0.1.1", "--json"]))).toMatchObject({ notes: [] });
});

test("a missing licence and README are warned about, and a file of that name is enough", async () => {
  const bare = await openLab();
  const codes = (data: Record<string, unknown>) => (data["warnings"] as { code: string }[]).map(({ code }) => code);
  expect(codes(dataOfRun(await bare.publish(["--json"])))).toEqual(["MISSING_LICENSE", "MISSING_README"]);
  const full = await openLab({ files: { LICENSE: "MIT\n", "README.md": "# PDF\n" } });
  expect(codes(dataOfRun(await full.publish(["--json"])))).toEqual([]);
});

test("the account is found in an earlier release, also below a tag that paks did not make", async () => {
  const lab = await openLab();
  dataOfRun(await lab.publish(["--bump", "patch", "--skip-registry", "--account", "acme", "--json"]));
  await lab.repo.tag("v0.1.2");
  await lab.repo.tag("v0.1.3", "my own words\n");
  const quiet = { environment: { PAKS_TOKEN: "" } };
  const done = await lab.publish(["--version", "0.2.0", "--skip-registry", "--json"], quiet);
  expect(dataOfRun(done)).toMatchObject({ package: "acme/pdf" });
});
