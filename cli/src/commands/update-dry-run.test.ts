import { appendFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
});
const claude = (...path: string[]) => join(project.cwd, ".claude", "skills", ...path);
const wish = (...agents: string[]) => project.write("paks.jsonc", JSON.stringify({ paks: ["acme/pdf"], agents }));

/** What both runs say, the dry one first. */
async function bothRuns() {
  const dry = await project.ok("update", "--dry-run");
  return { dry, real: await project.ok("update") };
}

test("a deleted folder that update would put back is foretold, and stays away", async () => {
  await project.ok("install", "acme/pdf");
  await rm(project.skill("pdf"), { recursive: true });
  const dry = await project.ok("update", "--dry-run");
  expect(dry.stdout).toBe(
    "→ acme/pdf 1.0.0 is put back: its folder is gone\n✓ All else is up to date.\nNothing was changed (--dry-run).\n",
  );
  await expect(readFile(project.skill("pdf", "SKILL.md"))).rejects.toThrow("ENOENT");
  expect((await project.ok("update")).stdout).toContain("✓ Put back acme/pdf 1.0.0: its folder was gone");
});

test("links of tools that a pak is no longer for are named by both runs, and only the real one takes them away", async () => {
  await wish("claude-code");
  await project.ok("install");
  await wish("goose");
  const gone = `no longer in ${join(".claude", "skills", "pdf")}: it is not for that tool any more`;
  const dry = await project.ok("update", "--dry-run");
  expect(dry.stdout).toContain("→ acme/pdf has the files that it had");
  expect(dry.stdout).toContain(gone);
  expect(await readFile(claude("pdf", "SKILL.md"), "utf8")).toContain("1.0.0");
  const real = await project.ok("update");
  expect(real.stdout).toContain(gone);
  await expect(readFile(claude("pdf", "SKILL.md"))).rejects.toThrow("ENOENT");
});

test("what stands in the way of a link, and an edited copy of a tool it is no longer for, is told by both runs", async () => {
  await wish("claude-code");
  await project.ok("install");
  await rm(claude("pdf"));
  await mkdir(claude("pdf"));
  await writeFile(claude("pdf", "mine.md"), "mine");
  const inTheWay = await bothRuns();
  for (const { stderr } of Object.values(inTheWay))
    expect(stderr).toContain(`${claude("pdf")} was edited here; it stays as it is.`);

  await rm(claude("pdf"), { recursive: true });
  await project.ok("install", "--copy");
  await appendFile(claude("pdf", "SKILL.md"), "mine\n");
  await wish("goose");
  const edited = await bothRuns();
  for (const { stderr } of Object.values(edited))
    expect(stderr).toContain(`${claude("pdf")} is a copy that was edited: it stays.`);
});

test("an edited folder that nothing needs any more stays, and neither run says that it goes", async () => {
  const { registry } = project;
  await registry.add("acme/text", "1.0.0");
  await registry.add("acme/csv", "1.0.0");
  await registry.add("acme/report", "1.0.0", { dependencies: { "acme/text": "^1", "acme/csv": "^1" } });
  await project.ok("install", "acme/report");
  await registry.add("acme/report", "1.1.0");
  await appendFile(project.skill("text", "SKILL.md"), "mine\n");
  const { dry, real } = await bothRuns();
  expect(dry.stdout).toContain("→ csv goes: nothing needs it any more");
  expect(real.stdout).toContain("✓ csv goes: nothing needs it any more");
  for (const { stdout, stderr } of [dry, real]) {
    expect(stdout).not.toContain("text goes");
    expect(stderr).toContain("text is no longer asked for, but it was edited: it stays.");
  }
});

test("what would change nothing says nothing more than before", async () => {
  await project.ok("install", "acme/pdf");
  expect((await project.ok("update", "--dry-run")).stdout).toBe("✓ Everything is up to date.\n");
});

test("an edited folder that would get another name is refused by both runs", async () => {
  await project.ok("install", "acme/pdf");
  await appendFile(project.skill("pdf", "SKILL.md"), "mine\n");
  await project.write("paks.jsonc", JSON.stringify({ paks: [{ source: "acme/pdf", as: "paper" }] }));
  for (const argv of [["update", "--dry-run"], ["update"]])
    expect(await project.json(...argv), argv.join(" ")).toMatchObject({ exit: 6, error: { code: "LOCAL_CHANGES" } });
  expect(await project.json("update", "--dry-run", "--force")).toMatchObject({ exit: 0, removed: ["pdf"] });
  expect(await project.json("update", "--force")).toMatchObject({ exit: 0, removed: ["pdf"] });
});
