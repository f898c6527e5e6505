import { execFileSync } from "node:child_process";
import { chmod, chown, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { gitRepo } from "@paks/git/testing";
import { expect, onTestFinished, test } from "vitest";
import { paksCommand, runProcess, serveRegistry, tempFolder } from "../testing/index.ts";

// As processes of their own, of somebody whom the modes of files bind.
const isRoot = process.getuid?.() === 0;
/** A number that no user has. */
const uid = isRoot ? 54_321 : undefined;

/** Which home there is; `undefined`: `HOME` is not set. */
const homes: Readonly<Record<string, (root: string) => Promise<string | undefined>>> = {
  "cannot be written": async (root) => {
    await mkdir(join(root, "home"), { mode: 0o555 });
    return join(root, "home");
  },
  "is not there and cannot be made": async (root) => {
    await mkdir(join(root, "closed"), { mode: 0o555 });
    return join(root, "closed", "home", "me");
  },
  "has a cache that cannot be written": async (root) => {
    const cache = join(root, "home", ".cache", "paks");
    for (const name of ["store", "answers", "code"]) await mkdir(join(cache, name), { recursive: true });
    execFileSync("chmod", ["-R", "555", cache]);
    return join(root, "home");
  },
  // Root alone can be somebody whom the system does not know.
  ...(isRoot && {
    "is not known": () => Promise.resolve(undefined),
    "is empty and not known": () => Promise.resolve(""),
  }),
};

test.runIf(process.platform !== "win32").each(Object.keys(homes))(
  "a home that %s keeps nothing, which is said once, and everything is installed",
  { timeout: 60_000 },
  async (kind) => {
    const root = await tempFolder();
    await chmod(root, 0o755);
    const home = await homes[kind]!(root);
    onTestFinished(() => void execFileSync("chmod", ["-R", "u+w", root]));
    const cwd = join(root, "project");
    await mkdir(join(cwd, ".git"), { recursive: true });
    if (uid !== undefined) await chown(cwd, uid, uid);
    const registry = await serveRegistry();
    for (const name of ["acme/pdf", "acme/more"]) await registry.add(name, "1.0.0");
    const environment = { PAKS_REGISTRY: registry.url, ...(home !== undefined && { HOME: home }) };
    const run = async (command: string) => {
      const words = paksCommand(...command.split(" "), "--no-input");
      const { exit, stdout, stderr } = await runProcess(words, { cwd, environment, uid });
      return { exit, said: exit === 0 ? stderr.trim().split("\n").filter(Boolean) : `${stderr}${stdout}` };
    };
    const once = [expect.stringMatching(/^warning: What is fetched is not kept for the next time: \S+ cannot be/)];
    expect(await run("install acme/pdf acme/more --agent claude-code")).toEqual({ exit: 0, said: once });
    for (const command of ["ci", "install", "info acme/pdf", "outdated", "update", "verify", "list", "cache info"])
      expect(await run(command), command).toEqual({ exit: 0, said: [] });
    await registry.add("acme/pdf", "1.1.0");
    expect(await run("update")).toEqual({ exit: 0, said: once });
  },
);

test.runIf(process.platform !== "win32")(
  "a home that cannot be written keeps nobody from a repository, and what is read of it is gone afterwards",
  { timeout: 60_000 },
  async () => {
    const root = await tempFolder();
    await chmod(root, 0o755);
    const files = { "SKILL.md": "---\nname: pdf\ndescription: x\nlicense: MIT\n---\n" };
    const repo = await gitRepo(files, ["v1.0.0"]);
    onTestFinished(async () => await repo.remove());
    const [cwd, home] = [join(root, "project"), join(root, "home")];
    await mkdir(join(cwd, ".git"), { recursive: true });
    await mkdir(home, { mode: 0o555 });
    await mkdir(join(root, "tmp"));
    if (uid !== undefined) execFileSync("chown", ["-R", `${uid}`, cwd, repo.dir, join(root, "tmp")]);
    const words = paksCommand("install", `${repo.url}#tag=v1.0.0`, "--no-input");
    const environment = { HOME: home, TMPDIR: join(root, "tmp") };
    const done = await runProcess(words, { cwd, environment, uid });
    expect(done.exit, done.stderr).toBe(0);
    expect(done.stderr).toMatch(/^warning: That you named file:\S+ is not kept, .* cannot be written/m);
    expect(await readdir(join(root, "tmp"))).toEqual([]);
    const none = { HOME: home, TMPDIR: home };
    await rm(join(cwd, ".agents"), { recursive: true });
    expect(await runProcess(words, { cwd, environment: none, uid })).toMatchObject({
      exit: 10,
      stderr: expect.stringContaining("home cannot be written (EACCES)") as string,
    });
  },
);
