import { appendFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fetchData, mustEndWell, pushedRepository, skillText } from "./harness/journey.ts";
import { run } from "./harness/run.ts";
import { type HostileLab, openHostileLab } from "./hostile/open.ts";

let hostile: HostileLab;
/** The signer's key and the list of signers that a reader trusts. */
let keys: { readonly key: string; readonly signers: string };

beforeAll(async () => {
  hostile = await openHostileLab();
  const folder = await hostile.lab.folder("keys");
  const key = join(folder, "id_ed25519");
  const made = await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key], { cwd: folder, env: env() });
  mustEndWell("ssh-keygen", made);
  const signers = join(folder, "allowed_signers");
  await writeFile(signers, `ada@example.com ${await readFile(`${key}.pub`, "utf8")}`);
  keys = { key, signers };
});
afterAll(() => hostile.close());

const env = () => hostile.lab.env();
const git = async (dir: string, ...args: string[]) =>
  mustEndWell(`git ${args.join(" ")}`, await hostile.lab.git(dir, ...args));

interface Release {
  readonly version: string;
  readonly changelog?: string | null;
}

/** What stands below `## 0.1.1`: git's own cleanup would take every heading and the code's comment for comments. */
const section = `### Added

- Forms with **several** pages.

### Fixed

#### Windows

\`\`\`sh
# count the pages
pdfinfo form.pdf
\`\`\``;

const changelog = (text: string) =>
  `# Changelog\n\n## [Unreleased]\n\n## [0.1.1] - 2026-11-20\n\n${text}\n\n## [0.1.0]\n\n- First.\n`;

/** A pak whose next release is signed. */
async function signingAuthor(name: string): Promise<{ readonly dir: string; readonly remote: string }> {
  const files = { "SKILL.md": skillText(name), "CHANGELOG.md": changelog(section) };
  const author = await pushedRepository(hostile.lab, name, files);
  await trustSigners(author.dir);
  await git(author.dir, "config", "user.signingKey", keys.key);
  return author;
}

async function trustSigners(dir: string): Promise<void> {
  await git(dir, "config", "gpg.format", "ssh");
  await git(dir, "config", "gpg.ssh.allowedSignersFile", keys.signers);
}

async function publishSigned(name: string): Promise<{ readonly dir: string; readonly remote: string }> {
  const author = await signingAuthor(name);
  const args = ["publish", "--bump", "patch", "--sign", "--yes", "--json"];
  const data = JSON.parse(mustEndWell("publish", await hostile.paks(author.dir, args)).stdout) as object;
  expect(data).toMatchObject({ tag: "v0.1.1", state: "indexed", verified: true });
  return author;
}

const listReleases = (name: string) => fetchData<Release[]>(hostile.lab, `/api/skills/acme/${name}/versions`);

test("git verify-tag accepts what --sign makes, here and in a clone, and the registry has that very object", async () => {
  const { dir, remote } = await publishSigned("signed");
  const clone = join(await hostile.lab.folder("clones"), "signed");
  await git(hostile.lab.root, "clone", "--quiet", remote, clone);
  await trustSigners(clone);
  for (const where of [dir, clone]) {
    const verified = await git(where, "verify-tag", "v0.1.1");
    expect(verified.stderr).toContain('Good "git" signature for ada@example.com with ED25519 key');
  }
  const object = (await git(dir, "rev-parse", "refs/tags/v0.1.1")).stdout.trim();
  const release = await fetchData(hostile.lab, "/api/skills/acme/signed/versions/0.1.1");
  expect(release).toMatchObject({ version: "0.1.1", tag_object: object });
});

test("a signature does not outlive a change of the tag", async () => {
  const { dir } = await publishSigned("changed");
  const { stdout } = await git(dir, "cat-file", "tag", "v0.1.1");
  const file = join(hostile.lab.root, "changed-tag");
  await writeFile(file, stdout.replace("tag v0.1.1\n", "tag v0.1.2\n").replaceAll("0.1.1\n", "0.1.2\n"));
  const object = (await git(dir, "hash-object", "-t", "tag", "-w", file)).stdout.trim();
  await git(dir, "update-ref", "refs/tags/v0.1.2", object);
  expect((await hostile.lab.git(dir, "verify-tag", "v0.1.2")).exitCode).not.toBe(0);
});

test("a signed tag in another repository is refused, whoever asks", async () => {
  const { dir } = await publishSigned("copied");
  const elsewhere = await hostile.lab.newRemote("copied-elsewhere");
  await git(dir, "push", "--quiet", elsewhere, "main", "refs/tags/v0.1.1");
  const stranger = await hostile.newAccount("stranger");
  for (const token of [hostile.token, stranger]) {
    const attempt = await hostile.follow({ repository: elsewhere, tag: "v0.1.1" }, token);
    expect(attempt).toMatchObject({ state: "rejected", code: "TRAILER_MISMATCH" });
    expect(attempt.hint).toBeTruthy();
  }
  expect(await listReleases("copied")).toHaveLength(1);
});

test.each(["v0.1.2", "renamed--v0.1.1", "0.1.1"])("a signed tag under the name %s is refused", async (name) => {
  const pak = `renamed-${name.replaceAll(/[^a-z0-9]/g, "")}`;
  const { dir, remote } = await publishSigned(pak);
  const tag = name.replace("renamed", pak);
  const object = (await git(dir, "rev-parse", "refs/tags/v0.1.1")).stdout.trim();
  await git(dir, "update-ref", `refs/tags/${tag}`, object);
  await git(dir, "push", "--quiet", "origin", `refs/tags/${tag}`);
  const attempt = await hostile.follow({ repository: remote, tag });
  expect(attempt).toMatchObject({ state: "rejected", code: "TRAILER_MISMATCH" });
  expect((await listReleases(pak)).map(({ version }) => version)).toEqual(["0.1.1"]);
});

test("a changelog with ### headings arrives unchanged in the tag, on the API and in info --versions", async () => {
  const { dir } = await publishSigned("told");
  const { stdout } = await git(dir, "cat-file", "tag", "v0.1.1");
  expect(stdout).toContain(`\n\n${section}\n\n`);
  expect(await listReleases("told")).toMatchObject([{ changelog: section }]);
  const info = ["info", "acme/told", "--versions"];
  const shown = mustEndWell("info", await hostile.paks(hostile.lab.home, info)).stdout;
  for (const line of section.split("\n")) expect(shown).toContain(line);
  const data = mustEndWell("info", await hostile.paks(hostile.lab.home, [...info, "--json"])).stdout;
  expect(data).toContain(JSON.stringify(section));
});

test("the same is true of a tag that nobody signs, with CRLF and a message in front", async () => {
  const { dir } = await signingAuthor("plain");
  await writeFile(join(dir, "CHANGELOG.md"), changelog(section).replaceAll("\n", "\r\n"));
  await appendFile(join(dir, "SKILL.md"), "More.\n");
  await git(dir, "commit", "--quiet", "--all", "--message", "more");
  const args = ["publish", "--bump", "patch", "--yes", "--json", "--message", "### Thanks\n\n# to all"];
  mustEndWell("publish", await hostile.paks(dir, args));
  const { stdout } = await git(dir, "cat-file", "tag", "v0.1.1");
  expect(stdout).toContain(`\n\n### Thanks\n\n# to all\n\n${section}\n\n`);
  expect(await listReleases("plain")).toMatchObject([{ changelog: section }]);
});
