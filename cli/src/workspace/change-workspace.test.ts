import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { changeWorkspace } from "./change-workspace.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
});
const list = (...lines: string[]): string =>
  ["{", '  "paks": [', ...lines, "  ],", '  "features": 1', "}", ""].join("\n");

test("another range takes the place of the one before: its comment and its rank stay, and a rollback goes back there", async () => {
  for (const name of ["csv", "pdf", "text"])
    for (const version of ["0.3.0", "0.3.2"]) await project.registry.add(`acme/${name}`, version);
  const text = (pdf: string, other: string) =>
    list(
      '    "acme/csv@0.3.0",',
      "    // decided in March",
      `    "acme/pdf@${pdf}", // keep me: team decision 42`,
      `    { "source": "acme/text@${other}", /* renamed */ "as": "words" },`,
    );
  await project.write("paks.jsonc", text("0.3.0", "0.3.0"));
  await project.ok("install");
  const before = await project.read("paks.jsonc");
  await project.ok("install", "acme/pdf@0.3.2", "acme/text@0.3.2");
  expect(await project.read("paks.jsonc")).toBe(
    before.replace("acme/pdf@0.3.0", "acme/pdf@0.3.2").replace("acme/text@0.3.0", "acme/text@0.3.2"),
  );
  expect((await project.lock()).paks).toMatchObject({ pdf: { version: "0.3.2" }, words: { version: "0.3.2" } });
  await project.ok("rollback", "pdf");
  await project.ok("rollback", "words");
  expect(await project.read("paks.jsonc")).toBe(before);
});

test("a change that is made again, or after another one of its command, changes nothing more", async () => {
  await project.write("paks.jsonc", list('    "acme/csv", // a', '    "acme/pdf@^1", // b', '    "acme/text" // c'));
  const change = { folder: "pdf", entry: null, add: "acme/pdf@^2", drop: ["acme/pdf@^1"] };
  const other = { folder: "text", entry: null, drop: ["acme/text"] };
  await changeWorkspace(project.cwd, [change, other]);
  const after = list('    "acme/csv", // a', '    "acme/pdf@^2" // b');
  expect(await project.read("paks.jsonc")).toBe(after);
  for (const one of [[change], [other], [change, other]]) await changeWorkspace(project.cwd, one);
  expect(await project.read("paks.jsonc")).toBe(after);
});

test("a pak of a repository keeps its place under another address, and one that takes its folder does not get it", async () => {
  const skill = (name: string) => `---\nname: ${name}\ndescription: Does ${name}.\n---\n`;
  const repo = await gitRepo({ "skills/pdf/SKILL.md": skill("pdf"), "other/pdf/SKILL.md": skill("pdf") });
  onTestFinished(() => repo.remove());
  await project.registry.add("acme/csv", "1.0.0");
  await project.ok("install", `${repo.url}#branch=main&path=skills/pdf`, "acme/csv");
  const before = (await project.read("paks.jsonc")).replace('skills/pdf",', 'skills/pdf", // why');
  expect(before).toContain("// why");
  await project.write("paks.jsonc", before);
  await project.ok("install", `${repo.url}#commit=${await repo.git("rev-parse", "HEAD")}&path=skills/pdf`);
  const after = await project.read("paks.jsonc");
  expect(after).toBe(before.replace(/#[^"]*skills\/pdf/, /#[^"]*/.exec(after)![0]));
  expect(after).toContain("commit=");
  await project.ok("install", `${repo.url}#branch=main&path=other/pdf`, "--force");
  const last = await project.read("paks.jsonc");
  expect(last).not.toContain("// why");
  expect(last.indexOf("acme/csv")).toBeLessThan(last.indexOf("other/pdf"));
});
