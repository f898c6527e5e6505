import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataOfRun, openLab } from "./testing/lab.ts";

interface Style {
  readonly style: string;
  /** With `0.1.0` where the version stands. */
  readonly manifest: string;
  readonly side?: string;
  /** What has to become of the file that holds the version, when it is more than the number. */
  readonly after?: string;
}

const about = "description: Fills in PDF forms and reads them. Use it when somebody hands over a form.\n";
const body = "---\n\n# PDF forms\n\nversion: 0.1.0 of this text stays, and so does `metadata:`.\n";
const manifest = (fields: string) => `---\nname: pdf\n${about}license: MIT\n${fields}${body}`;
const crlf = (text: string) => text.replaceAll("\n", "\r\n");

const styles: readonly Style[] = [
  { style: "double quotes and a comment", manifest: manifest('metadata:\n  version: "0.1.0" # kept\n') },
  {
    style: "single quotes among comments",
    manifest: manifest("metadata:\n  # before\n  version: '0.1.0'\n  # behind\n"),
  },
  {
    style: "plain, not the first key",
    manifest: manifest("metadata:\n    author: acme\n    version: 0.1.0\n    z: '1'\n"),
  },
  { style: "brackets on one line", manifest: manifest('metadata: { "author": acme, "version": "0.1.0" }\n') },
  { style: "the top level", manifest: manifest("version: 0.1.0 # here\n") },
  { style: "a folded block scalar", manifest: manifest("metadata:\n  version: >-\n    0.1.0\n  author: acme\n") },
  { style: "a literal block scalar", manifest: manifest("metadata:\n  version: |\n    0.1.0\n") },
  {
    style: "metadata before everything else",
    manifest: `---\nmetadata:\n  version: 0.1.0\nlicense: MIT\n${about}name: pdf\n${body}`,
  },
  { style: "CRLF", manifest: crlf(manifest('metadata:\n  version: "0.1.0" # kept\n')) },
  { style: "a byte order mark", manifest: `\uFEFF${manifest("metadata:\n  version: 0.1.0\n")}` },
  {
    style: "a byte order mark, CRLF and no line at the end",
    manifest: `\uFEFF${crlf(manifest("metadata:\n  version: '0.1.0'\n")).trimEnd()}`,
  },
  { style: "trailing blanks and odd spaces", manifest: manifest('metadata:  \n  version   :    "0.1.0"   \n') },
  {
    style: "a skill.yaml",
    manifest: manifest(""),
    side: "# ours\nkeywords: [pdf]\n\nversion: '0.1.0' # the one\ncategories:\n- documents\n",
  },
  {
    style: "a skill.yaml with CRLF",
    manifest: crlf(manifest("")),
    side: crlf('keywords:\n  - pdf\nversion: "0.1.0"\n'),
  },
  { style: "no version, no metadata", manifest: manifest(""), after: manifest('metadata:\n  version: "0.1.1"\n') },
  {
    style: "no version in metadata",
    manifest: manifest("metadata:\n  # who\n  author: acme\n"),
    after: manifest('metadata:\n  # who\n  version: "0.1.1"\n  author: acme\n'),
  },
  { style: "no version, CRLF", manifest: crlf(manifest("")), after: crlf(manifest('metadata:\n  version: "0.1.1"\n')) },
];

test.each(styles)("$style: publish changes the version and no other byte", async ({ manifest: text, side, after }) => {
  const files = { "SKILL.md": text, ...(side === undefined ? {} : { "skill.yaml": side }) };
  const lab = await openLab({ files: { ...files, "notes.md": "version: 0.1.0\r\n" } });
  await lab.repo.git("config", "core.autocrlf", "false");
  const isBumped = after === undefined;
  dataOfRun(await lab.publish([...(isBumped ? ["--bump", "patch"] : ["--version", "0.1.1"]), "--json"]));

  const changed = side === undefined ? "SKILL.md" : "skill.yaml";
  const before = side ?? text;
  // The first is the one in the front matter: what the body says of versions stands behind it.
  const expected: Record<string, string> = { ...files, [changed]: after ?? before.replace("0.1.0", "0.1.1") };
  for (const [file, bytes] of Object.entries(expected)) {
    expect(await lab.remote("show", `v0.1.1:${file}`)).toBe(bytes);
    expect(await readFile(join(lab.repo.dir, file), "utf8")).toBe(bytes);
  }
  expect(await lab.repo.git("diff", "--name-only", "HEAD~")).toBe(changed);
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
});

test("where git turns line ends, the work tree keeps CRLF and the commit LF, each with the version alone changed", async () => {
  const text = manifest('metadata:\n  version: "0.1.0" # kept\n');
  const lab = await openLab({ files: { "SKILL.md": text } });
  await lab.repo.git("config", "core.autocrlf", "true");
  await lab.repo.git("rm", "-q", "--cached", "-r", ".");
  await lab.repo.git("reset", "-q", "--hard");
  expect(await readFile(join(lab.repo.dir, "SKILL.md"), "utf8")).toBe(crlf(text));
  dataOfRun(await lab.publish(["--bump", "patch", "--json"]));
  const after = text.replace("0.1.0", "0.1.1");
  expect(await lab.remote("show", "v0.1.1:SKILL.md")).toBe(after);
  expect(await readFile(join(lab.repo.dir, "SKILL.md"), "utf8")).toBe(crlf(after));
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
});
