import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { type GitLab, gitLab } from "@paks/git/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isStandaloneTested, paksCommand, runProcess, tempFolder } from "../testing/index.ts";

/** The built program without git on PATH, with the child process that it ships. */
let lab: GitLab;
beforeAll(async () => {
  lab = await gitLab();
});
afterAll(() => lab.close());

const manifest = "---\nname: pdf\ndescription: Reads and fills forms in PDF files.\n---\n";

async function open() {
  const home = await tempFolder();
  const [cwd, empty] = [join(home, "project"), join(home, "empty")];
  await Promise.all([cwd, empty].map((folder) => mkdir(folder)));
  const environment = { PATH: empty, HOME: home, PAKS_KEYCHAIN: "file", PAKS_GIT_PROTOCOLS: "http,ssh" };
  return {
    paks: (...args: string[]) => runProcess(paksCommand(...args), { cwd, environment }),
    read: (path: string) => readFile(join(cwd, path), "utf8"),
    scratch: () => readdir(join(home, ".cache", "paks", "git")),
  };
}

test("the CLI without git on PATH installs from a repository, and says what it cannot reach", async () => {
  const repo = await lab.repo("skills", { "skills/pdf/SKILL.md": manifest, "README.md": "x\n" }, ["v1.0.0"]);
  const commit = await repo.git("rev-parse", "HEAD");
  await repo.write({ "skills/pdf/SKILL.md": `${manifest}second\n` });
  await repo.commit("Second");
  await repo.git("push", "-q", "origin", "main");
  const { paks, read, scratch } = await open();
  const done = await paks("install", `${lab.server.url}/skills.git#v1.0.0`, "--json");
  expect(done.stderr).toBe("");
  expect(JSON.parse(done.stdout)).toMatchObject({ installed: [{ name: "pdf", version: "1.0.0", origin: { commit } }] });
  expect(await read(".agents/skills/pdf/SKILL.md")).toBe(manifest);
  const refused = await paks("install", "git@127.0.0.1:acme/skills.git", "--json");
  expect(refused.exit).toBe(10);
  expect(refused.stdout).toContain("GIT_MISSING");
  expect(await scratch()).toEqual([]);
}, 60_000);

// git-fallback.test.ts has it for Node, in the same words.
test.runIf(isStandaloneTested)(
  "the CLI without git on PATH outlives a gibibyte of zeros in a small pack, and keeps nothing of it",
  async () => {
    const raw = await lab.raw("bomb");
    const zeros = { mode: "100644", name: "zeros", oid: await raw.zeroBlob(1024 * 1024 * 1024) };
    await raw.ref("refs/heads/main", await raw.release("refs/tags/v1.0.0", [zeros]));
    const { paks, scratch } = await open();
    const { exit, stdout } = await paks("install", `${lab.server.url}/bomb.git#v1.0.0`, "--json");
    expect([exit, JSON.parse(stdout)]).toEqual([
      5,
      expect.objectContaining({ error: expect.objectContaining({ code: "REPOSITORY_TOO_COMPLEX" }) as unknown }),
    ]);
    expect(await scratch()).toEqual([]);
  },
  90_000,
);
