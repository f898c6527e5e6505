import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";

let project: Project;
beforeEach(async () => {
  project = await makeProject();
  await project.registry.add("acme/pdf", "1.0.0");
});

test.each([
  ["rollback", "pdf"],
  ["pin", "acme/pdf"],
  ["unpin", "pdf"],
])("%s of a pak that is there for all projects says that it needs a project's lock", async (command, name) => {
  await project.registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/pdf", "-g");
  await project.ok("install", "acme/doc");
  const { error, exit } = await project.json<{ error: unknown }>(command, name);
  expect({ error, exit }).toMatchObject({
    exit: 3,
    error: {
      code: "PAK_NOT_FOUND",
      message: `${name} is installed for all projects and not in this one, and only a project has a lock.`,
    },
  });
  expect(await project.json(command, "nothing")).toMatchObject({
    error: { message: "nothing is not installed here." },
  });
});

test("what verify finds outside a project is mended there", async () => {
  const place = join(project.home, ".agents", "skills");
  await project.ok("install", "acme/pdf", "-g", "--agent", "claude-code");
  await rm(join(project.home, ".claude", "skills", "pdf"));
  const hints = async (...flags: string[]) => {
    const { problems } = await project.json<{ problems: { hint: string }[] }>("verify", ...flags);
    return problems.map(({ hint }) => hint);
  };
  expect(await hints("-g")).toEqual(["Make them again: paks install acme/pdf -g."]);
  await rm(join(place, "pdf"), { recursive: true });
  expect(await hints("-g")).toEqual(["Put it back: paks install acme/pdf -g."]);
  await project.ok("install", "acme/pdf", "-g");

  const mine = join(project.cwd, "mine");
  await project.ok("install", "acme/pdf", "--dir", mine);
  await rm(join(mine, "acme", "pdf"), { recursive: true });
  expect(await hints("--dir", mine)).toEqual(["Put it back: paks install acme/pdf --dir …."]);
});

test.each([["verify"], ["audit"], ["list"], ["outdated"], ["update"], ["update pdf"], ["remove pdf"], ["diff pdf"]])(
  "%s --dir of a folder that is not there is no success",
  async (command) => {
    const path = join(project.cwd, "typo");
    const argv = [...command.split(" "), "--dir", "typo"];
    expect(await project.json(...argv)).toMatchObject({
      exit: 3,
      error: { code: "NOT_FOUND", message: `There is no folder ${path}.` },
    });
    await writeFile(path, "");
    expect(await project.json(...argv)).toMatchObject({ exit: 10, error: { code: "UNSAFE_TARGET" } });
  },
);

test.each(["rollback", "pin", "unpin"])(
  "%s of a name that is nowhere says so, also where ~/.agents is a file",
  async (command) => {
    await project.ok("install", "acme/pdf");
    await writeFile(join(project.home, ".agents"), "");
    expect(await project.json(command, "nonsense")).toMatchObject({ exit: 3, error: { code: "PAK_NOT_FOUND" } });
  },
);

test("of a pak that is gone and that nothing asks for, verify names where it came from", async () => {
  await project.registry.add("acme/doc", "1.0.0");
  await project.ok("install", "acme/doc");
  await project.ok("install", "acme/pdf", "--no-save");
  await rm(project.skill("pdf"), { recursive: true });
  const hint = "Put it back: paks install acme/pdf --no-save.";
  expect(await project.json("verify")).toMatchObject({ problems: [{ folder: "pdf", hint }] });
  await project.ok("install", "acme/pdf", "--no-save");
  await project.ok("verify");

  await writeFile(project.skill("pdf", "SKILL.md"), "mine");
  const again = "See what: paks diff pdf. Put it back: paks install acme/pdf --no-save --force, which keeps a copy.";
  expect(await project.json("verify")).toMatchObject({ problems: [{ folder: "pdf", hint: again }] });
  await project.ok("install", "acme/pdf", "--no-save", "--force");
  await project.ok("verify");
});

test("a project with nothing in it leads to what is installed for all projects, when there is something", async () => {
  expect((await project.ok("list")).stdout).toContain('hint: find something with "paks search"');
  await project.ok("install", "acme/pdf", "-g");
  expect((await project.ok("list")).stdout).toContain('"paks list -g"');
  expect((await project.ok("list", "--dir", project.cwd)).stdout).toContain("paks search");
});

test("why says that there is no lock, rather than that it holds nothing", async () => {
  const none = { code: "PAK_NOT_FOUND", message: "There is no paks.lock here, and it says what asks for a pak." };
  expect(await project.json("why", "pdf")).toMatchObject({ exit: 3, error: none });
  await project.write("paks.jsonc", '{ "paks": ["acme/pdf"] }');
  expect(await project.json("why", "pdf")).toMatchObject({ error: { ...none, hint: "Make it: paks install." } });
  await project.ok("install");
  await project.ok("why", "pdf");
});
