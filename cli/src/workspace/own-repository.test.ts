import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gitRepo } from "@paks/git/testing";
import { expect, onTestFinished, test } from "vitest";
import { runPaks, tempFolder } from "../testing/index.ts";

const manifest = "---\nname: mine\ndescription: Mine. Use it for tests.\n---\n# x\n";

/** A project as a clone brings it, beside a repository that the user never named. */
async function open() {
  const folder = await tempFolder();
  const hidden = await gitRepo({ "SKILL.md": manifest }, ["v1.0.0"]);
  onTestFinished(() => hidden.remove());
  const commit = await hidden.git("rev-parse", "v1.0.0");
  const project = join(folder, "project");
  const lib = join(project, "lib");
  await mkdir(lib, { recursive: true });
  await writeFile(join(project, "paks.jsonc"), JSON.stringify({ paks: [`file://${lib}#tag=v1.0.0`] }));
  /** What git takes for a repository. */
  const lay = async (files: Readonly<Record<string, string>>, at = lib) => {
    for (const [name, text] of Object.entries({ HEAD: "ref: refs/heads/main\n", ...files })) {
      await mkdir(join(at, name, ".."), { recursive: true });
      await writeFile(join(at, name), text);
    }
  };
  const install = async () => await runPaks(["install", "--json"], { cwd: project, home: join(folder, "home") });
  return { hidden: join(hidden.dir, ".git"), commit, project, lib, lay, install };
}
type Opened = Awaited<ReturnType<typeof open>>;

const ways: Readonly<Record<string, (opened: Opened) => Promise<unknown>>> = {
  "a link in whose place git looks too": async ({ hidden, lib }) => {
    await rename(lib, `${lib}.old`);
    await symlink(hidden, `${lib}.git`);
  },
  "a link in the folder": async ({ hidden, lib }) => await symlink(hidden, join(lib, ".git")),
  "a file that names another folder": async ({ hidden, lib }) =>
    await writeFile(join(lib, ".git"), `gitdir: ${hidden}\n`),
  "a link to such a file": async ({ hidden, lib, project }) => {
    await writeFile(join(project, "gitfile"), `gitdir: ${hidden}\n`);
    await symlink("../gitfile", join(lib, ".git"));
  },
  "a link to such a file in whose place git looks too": async ({ hidden, lib, project }) => {
    await writeFile(join(project, "gitfile"), `gitdir: ${hidden}\n`);
    await rm(lib, { recursive: true });
    await mkdir(lib);
    await symlink("gitfile", `${lib}.git`);
  },
  "a link to such a file as the repository itself": async ({ hidden, lib, project }) => {
    await writeFile(join(project, "gitfile"), `gitdir: ${hidden}\n`);
    await rm(lib, { recursive: true });
    await symlink("gitfile", lib);
  },
  commondir: async ({ hidden, lay }) => await lay({ commondir: hidden, "refs/x": "", "objects/x": "" }),
  alternates: async ({ hidden, commit, lay }) =>
    await lay({ "objects/info/alternates": join(hidden, "objects"), "refs/tags/v1.0.0": commit }),
  "a link to the objects": async ({ hidden, commit, lib, lay }) => {
    await lay({ "refs/tags/v1.0.0": commit });
    await symlink(join(hidden, "objects"), join(lib, "objects"));
  },
  "a link deep in it": async ({ hidden, commit, lib, lay }) => {
    await lay({ "refs/tags/v1.0.0": commit, "objects/info/x": "" });
    for (const two of ["pack", commit.slice(0, 2)])
      await symlink(join(hidden, "objects", two), join(lib, "objects", two));
  },
};

test.each(Object.entries(ways))(
  "what a clone borrows from a repository that the user never named is not read: %s",
  async (_, borrow) => {
    const opened = await open();
    await borrow(opened);
    const run = await opened.install();
    expect([run.exit, run.json()]).toMatchObject([5, { error: { code: "PROTOCOL_NOT_ALLOWED" } }]);
  },
);

test("a repository that lies in the project as a whole is read, bare or with its files", async () => {
  for (const isBare of [true, false]) {
    const { project, lib, install } = await open();
    const repo = await gitRepo({ "SKILL.md": manifest }, ["v1.0.0"]);
    onTestFinished(() => repo.remove());
    await rename(lib, `${lib}.old`);
    if (isBare) await repo.git("clone", "--quiet", "--bare", repo.dir, lib);
    else await repo.git("clone", "--quiet", "--no-hardlinks", repo.dir, join(project, "lib"));
    const run = await install();
    expect(run.exit, run.stdout).toBe(0);
  }
});
