import { expect, test } from "vitest";
import { failureOf, type Lab, openLab, skillText } from "./testing/lab.ts";
import { pushFromElsewhere } from "./testing/elsewhere.ts";

const down = "\u001B[B";
const enter = "\r";
/** A person who answers the questions in this order. */
const answering = (...stdin: string[]) => ({ terminal: true, stdin });

/** The label behind each mark of the menu; terminals' colours and moves left out. */
const plain = (text: string): string => text.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, "");

const tagsOf = async (lab: Lab) => (await lab.remote("tag")).trim().split("\n");

test("the menu shows where the pak is, what comes next and the tags that there are", async () => {
  const lab = await openLab();
  for (const tag of ["v0.0.8", "v0.0.9", "v0.1.0", "v0.2.0-beta.1"]) await lab.repo.tag(tag, "x\n");
  await lab.repo.write({ "more.md": "more\n" });
  await lab.repo.commit("More");
  const run = await lab.publish([], answering("\u0003"));
  expect(run.exit).toBe(130);
  const shown = plain(run.stderr);
  expect(shown).toContain("Which version? (now 0.1.0; tags: 0.2.0-beta.1, 0.1.0, 0.0.9, 0.0.8)");
  for (const choice of ["1.0.0  (major)", "0.2.0  (minor)", "0.1.1  (patch)", "0.1.1-0  (prerelease)", "another one"])
    expect(shown).toContain(choice);
});

test.each([
  { what: "the version in the manifest", typed: [enter], version: "0.1.0" },
  { what: "the next one after it", typed: [down + enter], version: "0.1.1" },
  { what: "another one", typed: [down.repeat(5) + enter, `3.0.0-rc.1${enter}`], version: "3.0.0-rc.1" },
])("who chooses $what gets that", async ({ typed, version }) => {
  const lab = await openLab();
  const run = await lab.publish([], answering(...typed, "y"));
  expect({ exit: run.exit, stderr: run.exit === 0 ? "" : run.stderr }).toEqual({ exit: 0, stderr: "" });
  expect(await tagsOf(lab)).toEqual([`v${version}`]);
});

test("a version that cannot be is refused at the question, with the reason", async () => {
  const lab = await openLab();
  await lab.repo.tag("v0.5.0", "x\n");
  const typed = [down.repeat(5) + enter, `0.5.0${enter}\u0003`];
  const run = await lab.publish([], answering(...typed));
  expect(plain(run.stderr)).toContain("The tag v0.5.0 is taken.");
  expect(run.exit).toBe(130);
  expect(await tagsOf(lab)).toEqual([""]);
});

test("the confirmation shows version, changed file, tag, remote, branch and account", async () => {
  const lab = await openLab({ path: "skills/pdf" });
  const run = await lab.publish(["--bump", "patch"], answering("n"));
  expect(run.exit).toBe(130);
  for (const part of ["acme/pdf 0.1.0 → 0.1.1", "changes SKILL.md", "pdf--v0.1.1", "branch main on origin", "as acme"])
    expect(run.stderr).toContain(part);
});

test("on one terminal the summary and its warnings are shown once", async () => {
  const lab = await openLab();
  const run = await lab.publish(["--bump", "patch"], { ...answering("y"), stdoutIsTerminal: true });
  expect(run.exit).toBe(0);
  const all = plain(run.stderr + run.stdout);
  for (const part of ["acme/pdf 0.1.0 → 0.1.1", "MISSING_LICENSE", "h1:"]) expect(all.split(part)).toHaveLength(2);
  expect(plain(run.stdout)).toContain("✓ tagged v0.1.1");
});

test("a summary that goes into a file is whole", async () => {
  const lab = await openLab();
  const run = await lab.publish(["--bump", "patch"], answering("y"));
  expect(run.stdout).toContain("acme/pdf 0.1.0 → 0.1.1");
});

test("what stands in the way of any version is told before anything is asked", async () => {
  const lab = await openLab();
  await pushFromElsewhere(lab);
  const run = await lab.publish([], answering());
  expect(run.stderr).not.toContain("Which version?");
  expect(run.stderr).toContain("BEHIND_UPSTREAM");
});

test("who goes on after an interrupted run finds its version at the top", async () => {
  const lab = await openLab();
  const ended = { environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "committed:end" } };
  await lab.publish(["--bump", "minor"], ended);
  const run = await lab.publish([], answering(enter, "y"));
  expect(plain(run.stderr)).toContain("0.2.0  (finishes what an earlier run began)");
  expect(await tagsOf(lab)).toEqual(["v0.2.0"]);
  expect(await lab.repo.git("rev-list", "--count", "HEAD")).toBe("2");
});

test("a version that was only written into the manifest is on the menu", async () => {
  const lab = await openLab();
  await lab.repo.write({ "SKILL.md": skillText("0.7.0") });
  const run = await lab.publish([], answering(enter, "y"));
  expect(plain(run.stderr)).toContain("0.7.0  (already written into the manifest)");
  expect(await tagsOf(lab)).toEqual(["v0.7.0"]);
});

test("what is released already is not asked about again", async () => {
  const lab = await openLab();
  expect((await lab.publish(["--json"])).exit).toBe(0);
  const again = await lab.publish([], answering());
  expect(again.exit).toBe(0);
  expect(again.stdout).toContain("already published");
});

test.each([[["--yes"]], [["--dry-run"]]])("%j asks for no version", async (args) => {
  const lab = await openLab();
  expect((await lab.publish(args, answering())).exit).toBe(0);
});

test("without a terminal and a version anywhere, the choices are told", async () => {
  const lab = await openLab({ files: { "SKILL.md": skillText(undefined) } });
  const failure = failureOf(await lab.publish(["--json"]));
  expect(failure.hint).toMatch(/--bump patch.*--version/);
});
