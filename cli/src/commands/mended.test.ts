import { chmod, lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0", { files: { "fill.sh!": "echo fill\n" } });
  await project.registry.add("acme/csv", "1.0.0");
});

interface Done {
  readonly installed: { readonly folder: string; readonly action: string; readonly mended: string[] }[];
}
const link = () => join(project.cwd, ".claude", "skills", "pdf");

test("ci names the links that it puts back, beside folders that are in place, and is silent about the others", async () => {
  await project.ok("install", "acme/pdf", "acme/csv", "--agent", "claude-code");
  expect((await project.ok("ci")).stdout).toBe("✓ 2 paks as in paks.lock, verified; all were there\n");
  await rm(link());
  const shown = join(".claude", "skills", "pdf");
  expect((await project.ok("ci")).stdout).toBe(
    `✓ Put right pdf: ${shown}\n✓ 2 paks as in paks.lock, verified; 1 put right\n`,
  );
  expect((await lstat(link())).isSymbolicLink()).toBe(true);
  await rm(link());
  const { installed } = await project.json<Done>("ci");
  expect(installed).toMatchObject([
    { folder: "csv", action: "unchanged", mended: [] },
    { folder: "pdf", action: "unchanged", mended: [link()] },
  ]);
  expect((await project.ok("ci")).stdout).toContain("all were there");
});

test.runIf(process.platform !== "win32")("ci names the files that it makes executable again", async () => {
  await project.ok("install", "acme/pdf");
  await chmod(project.skill("pdf", "fill.sh"), 0o644);
  const run = await project.ok("ci");
  expect(run.stdout).toBe(
    `✓ Put right pdf: ${join(".agents", "skills", "pdf", "fill.sh")}\n✓ 1 pak as in paks.lock, verified; 1 put right\n`,
  );
  expect((await lstat(project.skill("pdf", "fill.sh"))).mode & 0o111).not.toBe(0);
});

test("what a pak gets with its folder is not put right: the pak is told to be installed", async () => {
  await project.ok("install", "acme/pdf", "--agent", "claude-code");
  await rm(project.skill("pdf"), { recursive: true });
  await rm(link());
  const run = await project.ok("ci");
  expect(run.stdout).toContain("Put back acme/pdf 1.0.0");
  expect(run.stdout).not.toContain("ut right");
});
