import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type GitLab, type GitRepo, gitLab } from "@paks/git/testing";
import { type ReleaseDto, describeFiles, makeArchive, sha256Hex } from "@paks/schema";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RunOptions, runPaks, serveStub, tempFolder } from "../testing/index.ts";

const skill = "---\nname: pdf\ndescription: Fills PDF forms, and says so at length.\n---\n";
const files = [
  { path: "SKILL.md", executable: false, bytes: Buffer.from(skill) },
  { path: "scripts/fill.sh", executable: false, bytes: Buffer.from("echo fill\n") },
];

let lab: GitLab;
let repo: GitRepo;
let commit: string;
let options: RunOptions;
/** Requests for an archive. */
let archives = 0;

beforeAll(async () => {
  lab = await gitLab();
  repo = await lab.repo(
    "skills",
    { "pdf/SKILL.md": skill, "pdf/scripts/fill.sh": "echo fill\n", "big.txt": "x".repeat(200_000) },
    ["v1.0.0"],
  );
  commit = await repo.git("rev-parse", "HEAD");
  await repo.write({ "pdf/SKILL.md": `${skill}later\n` });
  await repo.commit("Second");
  await repo.git("push", "-q", "origin", "main");
});
afterAll(() => lab.close());

beforeEach(async () => {
  const root = await tempFolder();
  const [cwd, home] = [join(root, "project"), join(root, "home")];
  await Promise.all([cwd, home].map((folder) => mkdir(folder)));
  options = { cwd, home };
});

/** A registry with one release, which never gives out its archive. */
async function serveRelease(over: Partial<ReleaseDto> = {}): Promise<void> {
  const archive = await makeArchive(files);
  const facts = describeFiles(files);
  const dto: ReleaseDto = {
    account: "acme",
    name: "pdf",
    kind: "skill",
    version: "1.0.0",
    digest: facts.digest,
    tag: "v1.0.0",
    tag_object: commit,
    commit,
    tree: "3".repeat(40),
    repository: `${lab.server.url}/skills.git`,
    path: "pdf",
    archive_sha256: sha256Hex(archive),
    archive_bytes: archive.length,
    file_count: files.length,
    total_bytes: facts.bytes,
    evidence: "token",
    released_at: "2026-11-20T23:00:00.000Z",
    yanked: false,
    manifest: {},
    warnings: [],
    ...over,
  };
  const stub = await serveStub(({ path }) => {
    if (path.endsWith("/archive")) archives += 1;
    if (/\/acme\/pdf\/versions\/[^/]+$/.test(path)) return { body: { data: dto } };
    if (/\/acme\/pdf\/versions(\?|$)/.test(path)) return { body: { data: [dto], meta: {} } };
    return { status: 404, body: { error: { code: "PAK_NOT_FOUND", message: "There is no such pak." } } };
  });
  options = { ...options, environment: { PAKS_REGISTRY: stub.url, PAKS_GIT_PROTOCOLS: "http,https,ssh,file" } };
}
const fromGit = async (...more: string[]) => {
  const run = await runPaks(["install", "acme/pdf", "--json", "--from", "git", ...more], options);
  return { exit: run.exit, json: run.json() as { error?: { code: string; hint?: string } } };
};
const nothing = async () => expect((await readdir(options.cwd)).filter((one) => one !== ".agents")).toEqual([]);

test("--from git brings the same bytes from the recorded commit, and no others of the repository", async () => {
  await serveRelease();
  const before = lab.server.requests.length;
  expect((await fromGit()).exit).toBe(0);
  expect(await readFile(join(options.cwd, ".agents/skills/pdf/SKILL.md"), "utf8")).toBe(skill);
  const bytes = lab.server.requests.slice(before).reduce((sum, one) => sum + one.responseBytes, 0);
  expect(bytes).toBeLessThan(20_000);
});

test("--from git goes to git for what is locked as well, says what it asks git for, and asks for no archive", async () => {
  await serveRelease();
  expect((await fromGit()).exit).toBe(0);
  for (const folder of [join(options.cwd, ".agents"), join(options.home, ".cache")])
    await rm(folder, { recursive: true });
  archives = 0;
  const run = await runPaks(["install", "--from", "git", "--verbose"], options);
  expect(run.exit, run.stderr).toBe(0);
  expect(run.stderr).toContain(`git: commit ${commit} of ${lab.server.url}/skills.git`);
  expect(archives).toBe(0);
  expect(await readFile(join(options.cwd, ".agents/skills/pdf/SKILL.md"), "utf8")).toBe(skill);
  // Also where the store has it: git was named.
  await rm(join(options.cwd, ".agents"), { recursive: true });
  const before = lab.server.requests.length;
  expect((await runPaks(["install", "--from", "git"], options)).exit).toBe(0);
  expect(lab.server.requests.length).toBeGreaterThan(before);
});

test("--from git means nothing where there is only one way, and says so", async () => {
  await serveRelease();
  const run = await runPaks(["install", `${lab.server.url}/skills#tag=v1.0.0`, "--from", "git", "--json"], options);
  expect(run.json()).toMatchObject({ error: { code: "USAGE", message: expect.stringContaining("--from git is for") } });
});

test("a locked commit that is gone from its repository is said to be that, with the way on", async () => {
  await serveRelease();
  const install = (...more: string[]) => runPaks([...more, "--json"], options);
  expect((await install("install", `${lab.server.url}/skills.git#branch=main&path=pdf`)).exit).toBe(0);
  const lock = join(options.cwd, "paks.lock");
  const gone = "0".repeat(39) + "1";
  await writeFile(lock, (await readFile(lock, "utf8")).replace(/"commit": "[0-9a-f]{40}"/, `"commit": "${gone}"`));
  for (const folder of [join(options.cwd, ".agents"), join(options.home, ".cache")])
    await rm(folder, { recursive: true });
  const run = await install("ci");
  expect(run.exit).toBe(3);
  const { error } = run.json() as { error: { code: string; message: string; hint: string } };
  expect(error).toMatchObject({ code: "REF_NOT_FOUND", hint: expect.stringContaining("paks install --upgrade") });
  expect(error.message).toBe(`The commit that paks.lock has is gone from ${lab.server.url}/skills.git: ${gone}.`);
});

test("other bytes at the recorded commit than the registry recorded are refused", async () => {
  await serveRelease({ digest: describeFiles([{ ...files[0]!, bytes: Buffer.from("x") }]).digest });
  expect(await fromGit()).toMatchObject({ exit: 7, json: { error: { code: "INTEGRITY_MISMATCH" } } });
  await nothing();
});

test("a commit that is gone, and a tag that leads elsewhere since, are refused", async () => {
  await serveRelease({ commit: "0".repeat(39) + "1" });
  expect(await fromGit()).toMatchObject({ exit: 7, json: { error: { code: "TAG_MOVED" } } });
  await serveRelease({ commit: "0".repeat(39) + "1", tag: "v9.0.0" });
  expect(await fromGit()).toMatchObject({ exit: 3, json: { error: { code: "TAG_NOT_FOUND" } } });
  await nothing();
});

test.each([
  ["a file of this machine", () => ({ repository: repo.url })],
  ["ssh, which would use the user's keys", () => ({ repository: "ssh://git@127.0.0.1/x" })],
  ["a helper of git", () => ({ repository: "ext::sh -c touch /tmp/x" })],
  ["an option of git", () => ({ repository: "--upload-pack=touch" })],
  ["credentials", () => ({ repository: "https://user:pw@127.0.0.1/x" })],
])("a registry cannot send the user to %s", async (_name, over) => {
  await serveRelease(over());
  const { exit, json } = await fromGit();
  expect(exit).toBeGreaterThanOrEqual(5);
  expect(json.error?.code).toMatch(
    /^(?:PROTOCOL_NOT_ALLOWED|INVALID_REPOSITORY_URL|CREDENTIALS_IN_URL|REGISTRY_UNAVAILABLE)$/,
  );
  await nothing();
});

test("a name that the registry does not know is looked for nowhere else; github: is offered", async () => {
  await serveRelease();
  const before = lab.server.requests.length;
  const run = await runPaks(["install", "acme/other", "--json"], options);
  expect(run.exit).toBe(3);
  expect(run.json()).toMatchObject({
    error: { code: "PAK_NOT_FOUND", hint: expect.stringContaining("paks install github:acme/other") },
  });
  expect(lab.server.requests.length).toBe(before);
});
