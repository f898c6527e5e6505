import { mkdir, readFile, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  type ReleaseDto,
  type ReleaseFile,
  describeFiles,
  formatTagMessage,
  makeArchive,
  sha256Hex,
} from "@paks/schema";
import { gitRepo } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type RunOptions, type StubAnswer, runPaks, serveStub, tempFolder } from "../testing/index.ts";

const manifest = (version: string) => `---
name: pdf
description: Fills PDF forms. Use when a PDF with form fields has to be filled in.
license: Apache-2.0
metadata:
  version: "${version}"
---
# PDF
`;
const filesOf = (version: string): ReleaseFile[] => [
  { path: "SKILL.md", executable: false, bytes: Buffer.from(manifest(version)) },
  { path: "scripts/fill.sh", executable: true, bytes: Buffer.from("echo fill\n") },
];

interface Release {
  readonly dto: ReleaseDto;
  readonly archive: Uint8Array;
}

async function releaseOf(files: ReleaseFile[], over: Partial<ReleaseDto> = {}): Promise<Release> {
  const archive = await makeArchive(files);
  const facts = describeFiles(files);
  const dto: ReleaseDto = {
    account: "acme",
    name: "pdf",
    kind: "skill",
    version: "1.0.0",
    digest: facts.digest,
    tag: "v1.0.0",
    tag_object: "1".repeat(40),
    commit: "2".repeat(40),
    tree: "3".repeat(40),
    repository: "https://git.example/acme/pdf",
    path: "",
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
  return { dto, archive };
}

/** A registry that holds one release and says what it is told to. */
const serveRelease = (release: Release) => serveStub(({ path }) => answerOf(release, path));

function answerOf({ dto, archive }: Release, path: string): StubAnswer {
  if (path.endsWith("/archive")) return { body: Buffer.from(archive), headers: { "content-type": "application/gzip" } };
  if (/\/acme\/pdf\/versions\/[^/]+$/.test(path)) return { body: { data: dto } };
  if (/\/acme\/pdf\/versions(\?|$)/.test(path)) return { body: { data: [dto], meta: {} } };
  return { status: 404, body: { error: { code: "PAK_NOT_FOUND", message: "There is no such pak." } } };
}

let options: RunOptions;
beforeEach(async () => {
  const root = await tempFolder();
  const cwd = join(root, "project");
  const home = join(root, "home");
  await Promise.all([cwd, home].map((folder) => mkdir(folder)));
  options = { cwd, home };
});
const at = (url: string): RunOptions => ({ ...options, environment: { ...options.environment, PAKS_REGISTRY: url } });
const installed = (...path: string[]) => readFile(join(options.cwd, ".agents", "skills", "pdf", ...path), "utf8");
/** Nothing of a refused install may stay: no files, no links, no half-written folder. */
async function expectNothingInstalled() {
  const left = (await readdir(options.cwd, { recursive: true })).filter(
    (path) => !/^\.agents(\/skills(\/\.paks.*)?)?$/.test(path),
  );
  expect(left).toEqual([]);
}

test("a release of the registry is verified, installed and linked for the agent that was named", async () => {
  const stub = await serveRelease(await releaseOf(filesOf("1.0.0")));
  const run = await runPaks(["install", "acme/pdf", "--agent", "claude-code", "--json"], at(stub.url));
  expect(run.exit, run.stderr).toBe(0);
  expect(run.json()).toMatchObject({ installed: [{ action: "installed", name: "pdf", version: "1.0.0" }] });
  expect(await installed("scripts", "fill.sh")).toBe("echo fill\n");
  expect(await readFile(join(options.cwd, ".claude", "skills", "pdf", "SKILL.md"), "utf8")).toBe(manifest("1.0.0"));

  const again = await runPaks(["install", "acme/pdf", "--agent", "claude-code"], at(stub.url));
  expect(again.stdout).toContain("Already there");
});

test("without --agent no folder is made for a tool that is not there", async () => {
  const stub = await serveRelease(await releaseOf(filesOf("1.0.0")));
  expect((await runPaks(["install", "acme/pdf"], at(stub.url))).exit).toBe(0);
  expect((await readdir(options.cwd)).sort()).toEqual([".agents", "paks.jsonc", "paks.lock"]);
});

test("--dir puts a copy into <dir>/<account>/<name>", async () => {
  const stub = await serveRelease(await releaseOf(filesOf("1.0.0")));
  expect((await runPaks(["install", "acme/pdf", "--dir", "skills"], at(stub.url))).exit).toBe(0);
  expect(await readFile(join(options.cwd, "skills", "acme", "pdf", "SKILL.md"), "utf8")).toBe(manifest("1.0.0"));
  const listed = await runPaks(["list", "--dir", "skills", "--json"], at(stub.url));
  expect(listed.json()).toMatchObject({ installed: [{ name: "pdf", state: "intact" }] });
  expect((await runPaks(["remove", "acme/pdf", "--dir", "skills"], at(stub.url))).exit).toBe(0);
});

const other: ReleaseFile[] = [
  { path: "SKILL.md", executable: false, bytes: Buffer.from(`${manifest("1.0.0")}evil\n`) },
];
const tarOf = (path: string): Uint8Array => {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  header.write("00000000002\0", 124);
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return gzipSync(Buffer.concat([header, Buffer.from("x\n".padEnd(512, "\0")), Buffer.alloc(1024)]));
};
const lies: [string, () => Promise<Release>, string][] = [
  [
    "other bytes under the recorded archive hash",
    async () => ({ ...(await releaseOf(filesOf("1.0.0"))), archive: await makeArchive(other) }),
    "INTEGRITY_MISMATCH",
  ],
  [
    "an archive whose content is not the recorded digest",
    async () => releaseOf(other, { digest: describeFiles(filesOf("1.0.0")).digest }),
    "INTEGRITY_MISMATCH",
  ],
  ["another pak than was asked for", async () => releaseOf(filesOf("1.0.0"), { name: "pdf2" }), "INTEGRITY_MISMATCH"],
  [
    "an archive that climbs out of its folder",
    async () => {
      const archive = tarOf("../../../../escaped");
      return {
        archive,
        dto: {
          ...(await releaseOf(filesOf("1.0.0"))).dto,
          archive_sha256: sha256Hex(archive),
          archive_bytes: archive.length,
        },
      };
    },
    "UNSAFE_ARCHIVE",
  ],
];
test.each(lies)("a registry that answers %s changes nothing here", async (_, lie, code) => {
  const stub = await serveRelease(await lie());
  const run = await runPaks(["install", "acme/pdf", "--json"], at(stub.url));
  expect(run.json()).toMatchObject({ error: { code } });
  expect(run.exit).toBe(code === "INTEGRITY_MISMATCH" ? 7 : 5);
  await expectNothingInstalled();
});

test("a registry that answers another version than was asked for is not believed", async () => {
  const stub = await serveRelease(await releaseOf(filesOf("1.0.0")));
  for (const asked of ["acme/pdf@2.0.0", "acme/pdf@^2"]) {
    const run = await runPaks(["install", asked, "--json"], at(stub.url));
    expect(run.json()).toMatchObject({ error: { code: "INTEGRITY_MISMATCH" } });
  }
  await expectNothingInstalled();
});

test("of several paks none is installed when one is not there", async () => {
  const stub = await serveRelease(await releaseOf(filesOf("1.0.0")));
  for (const other of ["acme/nothing", "acme/Bad Name"]) {
    const run = await runPaks(["install", "acme/pdf", other], at(stub.url));
    expect(run.exit).not.toBe(0);
    await expectNothingInstalled();
  }
});

test("an unknown name is said to be unknown, with exit 3, and nothing else is tried", async () => {
  const stub = await serveStub(() => ({ status: 404, body: { error: { code: "PAK_NOT_FOUND", message: "no" } } }));
  const run = await runPaks(["install", "acme/nothing"], at(stub.url));
  expect(run.exit).toBe(3);
  expect(run.stderr).toContain("error[PAK_NOT_FOUND]");
  expect(run.stderr).toContain("hint:");
});

test("local edits survive install and remove, with the file's name in the message", async () => {
  let release = await releaseOf(filesOf("1.0.0"));
  const stub = await serveStub(({ path }) => answerOf(release, path));
  await runPaks(["install", "acme/pdf"], at(stub.url));
  await writeFile(join(options.cwd, ".agents/skills/pdf/SKILL.md"), "mine\n");
  release = await releaseOf(filesOf("1.1.0"), { version: "1.1.0", tag: "v1.1.0" });
  const refused = await runPaks(["install", "acme/pdf"], at(stub.url));
  expect(refused.exit).toBe(6);
  expect(refused.stderr).toContain("SKILL.md");
  expect((await runPaks(["remove", "pdf"], at(stub.url))).exit).toBe(6);
  expect(await installed("SKILL.md")).toBe("mine\n");

  const forced = await runPaks(["install", "acme/pdf", "--force", "--json"], at(stub.url));
  const { installed: rows } = forced.json() as { installed: { backups: string[] }[] };
  expect(await readFile(join(rows[0]!.backups[0]!, "SKILL.md"), "utf8")).toBe("mine\n");
});

test("a git tag installs with the same digest as the registry computes, from a folder of the repository", async () => {
  const files = Object.fromEntries(
    filesOf("1.0.0").map((file) => [`skills/pdf/${file.path}`, Buffer.from(file.bytes)]),
  );
  const repo = await gitRepo({ ...files, "README.md": "many skills\n" }, ["v1.0.0"]);
  onTestFinished(() => repo.remove());
  const allowed = {
    ...options,
    environment: { PAKS_GIT_PROTOCOLS: "https,file", PAKS_GIT_HOSTS: "*", PAKS_ALLOW_PRIVATE_GIT: "1" },
  };
  const run = await runPaks(["install", `${repo.url}#tag=v1.0.0&path=skills/pdf`, "--json"], allowed);
  expect(run.exit, run.stderr + run.stdout).toBe(0);
  const { files: facts } = describeFiles(filesOf("1.0.0").map((file) => ({ ...file, executable: false })));
  expect(run.json()).toMatchObject({
    installed: [
      {
        version: "1.0.0",
        digest: describeFiles(filesOf("1.0.0")).digest,
        origin: { type: "git", tag: "v1.0.0", path: "skills/pdf" },
      },
    ],
  });
  expect((await readdir(join(options.cwd, ".agents/skills/pdf"), { recursive: true })).length).toBe(facts.length + 1);
});

test("a git tag that names its pak installs that one, and no other", async () => {
  const files = {
    "skills/pdf/SKILL.md": manifest("1.0.0"),
    "skills/csv/SKILL.md": manifest("1.0.0").replace("name: pdf", "name: csv"),
  };
  const repo = await gitRepo(files);
  onTestFinished(() => repo.remove());
  const digest = describeFiles([
    { path: "SKILL.md", executable: false, bytes: Buffer.from(files["skills/pdf/SKILL.md"]) },
  ]).digest;
  const trailers = {
    package: "acme/pdf",
    version: "1.0.0",
    repository: "https://git.example/a/b",
    path: "skills/pdf",
    digest,
  };
  const message = {
    kind: "skill",
    name: "pdf",
    description: "x",
    version: "1.0.0",
    published: "2026-11-20T23:00:00Z",
    trailers,
  } as const;
  await repo.tag("pdf--v1.0.0", formatTagMessage(message));
  await repo.tag(
    "pdf--v1.0.1",
    formatTagMessage({ ...message, trailers: { ...trailers, digest: `h1:${"A".repeat(43)}=` } }),
  );
  await repo.git("tag", "csv--v1.0.0");
  const allowed = {
    ...options,
    environment: { PAKS_GIT_PROTOCOLS: "https,file", PAKS_GIT_HOSTS: "*", PAKS_ALLOW_PRIVATE_GIT: "1" },
  };
  const install = async (fragment: string) =>
    (await runPaks(["install", `${repo.url}#${fragment}`, "--json"], allowed)).json();
  expect(await install("tag=pdf--v1.0.0")).toMatchObject({ installed: [{ name: "pdf", digest }] });
  expect(await install("tag=csv--v1.0.0")).toMatchObject({ installed: [{ name: "csv" }] });
  expect(await install("tag=pdf--v1.0.0&path=skills/csv")).toMatchObject({ error: { code: "TRAILER_MISMATCH" } });
  expect(await install("tag=pdf--v1.0.1")).toMatchObject({ error: { code: "TRAILER_MISMATCH" } });
});

test("a folder of this machine installs as it is; one that holds a link is refused", async () => {
  const folder = join(options.cwd, "mine");
  await mkdir(folder);
  await writeFile(join(folder, "SKILL.md"), manifest("1.0.0").replace("name: pdf", "name: mine"));
  const run = await runPaks(["install", "./mine", "--json"], options);
  expect(run.exit, run.stdout).toBe(0);
  expect(run.json()).toMatchObject({ installed: [{ name: "mine", origin: { type: "local", path: folder } }] });

  await symlink("/etc/passwd", join(folder, "passwd"));
  const refused = await runPaks(["install", "./mine", "--json"], options);
  expect(refused.json()).toMatchObject({ error: { code: "SYMLINK_NOT_ALLOWED" } });
});

test("a folder that is called like a pak the registry does not know is offered", async () => {
  const stub = await serveStub(() => ({ status: 404, body: { error: { code: "PAK_NOT_FOUND", message: "no" } } }));
  const cwd = await tempFolder();
  await mkdir(join(cwd, "own", "mine"), { recursive: true });
  const options = { cwd, home: await tempFolder(), environment: { PAKS_REGISTRY: stub.url } };
  const here = await runPaks(["install", "own/mine", "--json"], options);
  expect(here.json()).toMatchObject({
    error: { code: "PAK_NOT_FOUND", hint: "There is a folder of that name here: paks install ./own/mine" },
  });
  const other = await runPaks(["install", "own/other"], options);
  expect(other.stderr).not.toContain("./own/other");
});
