import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runPaks, tempFolder } from "../testing/index.ts";

const run = async (cwd: string, ...command: string[]) =>
  await runPaks([...command, "--json"], { cwd, home: await tempFolder() });

test.each([
  ["a link", async (path: string) => await symlink("real.jsonc", path)],
  ["a folder", async (path: string) => await mkdir(path)],
])("nobody is told to delete a paks.jsonc that is %s, and list does not keep silent about it", async (what, make) => {
  const cwd = await tempFolder();
  const path = join(cwd, "paks.jsonc");
  await writeFile(join(cwd, "real.jsonc"), '{ "paks": ["./x"] }');
  await make(path);
  for (const command of ["install", "ci"]) {
    const { error } = (await run(cwd, command)).json() as { error: { code: string; message: string; hint: string } };
    expect([error.code, error.message]).toEqual(["MANIFEST_INVALID", expect.stringContaining(`${path} is ${what};`)]);
    expect(error.hint).not.toContain("delete");
  }
  const listed = await run(cwd, "list");
  expect([listed.exit, listed.stderr]).toEqual([0, expect.stringContaining(`${path} is ${what};`)]);
});

test("where nothing is installed, list says that paks.jsonc is not JSON", async () => {
  const cwd = await tempFolder();
  await writeFile(join(cwd, "paks.jsonc"), '{ "paks": [');
  expect((await run(cwd, "list")).stderr).toContain("here it stops being JSON");
});

test("a lock that is a link is no file of ours, and says what it is", async () => {
  const cwd = await tempFolder();
  await symlink("elsewhere", join(cwd, "paks.lock"));
  expect((await run(cwd, "list")).json()).toMatchObject({
    error: { code: "INTEGRITY_MISMATCH", message: expect.stringContaining("is a link") },
  });
});

test("a lock and a paks.jsonc with a byte order mark are read alike", async () => {
  const cwd = await tempFolder();
  await mkdir(join(cwd, "x"));
  await writeFile(join(cwd, "x", "SKILL.md"), "---\nname: x\ndescription: x\n---\n");
  expect((await run(cwd, "install", "./x")).exit).toBe(0);
  for (const name of ["paks.jsonc", "paks.lock"])
    await writeFile(join(cwd, name), `\uFEFF${await readFile(join(cwd, name), "utf8")}`);
  await rm(join(cwd, ".agents"), { recursive: true });
  const ci = await run(cwd, "ci");
  expect(ci.exit, ci.stdout).toBe(0);
});

test("a pak that cannot be installed is listed with the reason", async () => {
  const cwd = await tempFolder();
  await writeFile(join(cwd, "SKILL.md"), "no front matter");
  const options = { cwd, home: await tempFolder() };
  expect((await runPaks(["install", "--list", "."], options)).stdout).toMatch(
    /–\s+–\s+\.\s+✗ cannot be installed: The file/,
  );
});
