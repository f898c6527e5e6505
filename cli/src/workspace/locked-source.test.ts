import { mkdir, rm } from "node:fs/promises";
import { type GitLab, type GitRepo, gitLab } from "@paks/git/testing";
import type { LockedPak } from "@paks/schema";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";
import { findStray } from "./locked-source.ts";

const skill = (name: string) => `---\nname: ${name}\ndescription: Does it. Use it for tests.\n---\n# ${name}\n`;

let project: Project;
let lab: GitLab;
let repo: GitRepo;
beforeEach(async () => {
  project = await makeProject();
  lab = await gitLab();
  onTestFinished(() => lab.close());
  repo = await lab.repo("skills", { "skills/pdf/SKILL.md": skill("pdf") }, [
    "v1.0.0",
    "pdf--v1.1.0",
    "v2.0.0-beta.1",
    "odd",
  ]);
  await repo.git("checkout", "-q", "-b", "feature/x");
  await repo.git("push", "-q", "origin", "feature/x");
});

const forms: readonly (readonly [what: string, source: (url: string, commit: string) => string])[] = [
  ["nothing named", (url) => url],
  ["a folder", (url) => `${url}#path=skills/pdf`],
  ["a tag", (url) => `${url}#tag=odd`],
  ["a bare tag", (url) => `${url}#v1.0.0`],
  ["a branch", (url) => `${url}#branch=feature/x`],
  ["a bare branch", (url) => `${url}#main`],
  ["a commit", (url, commit) => `${url}#commit=${commit}&path=skills/pdf`],
  ["a bare commit", (url, commit) => `${url}#${commit}`],
  ["a range", (url) => `${url}#version=^1&path=skills/pdf`],
  ["a channel", (url) => `${url}#version=beta`],
  ["a version", (url) => `${url}#version=1.0.0`],
  ["a browser's address", (url) => `${url}/tree/feature/x/skills/pdf`],
  ["a browser's address of a repository", (url) => `${url}/tree/v1.0.0`],
  ["a browser's address without a name", (url) => `${url}/tree/HEAD/skills/pdf`],
];
for (const [what, source] of forms)
  test(`what install writes for ${what} is taken by ci on another machine`, async () => {
    const options = { ...project.options, environment: { ...project.options.environment, PAKS_GIT_PROTOCOLS: "http" } };
    const text = source(lab.url("skills").url, await repo.git("rev-parse", "main"));
    const first = await runPaks(["install", text], options);
    expect(first.exit, first.stderr).toBe(0);
    await rm(project.skill(), { recursive: true });
    await rm(project.home, { recursive: true });
    await mkdir(project.home);
    const second = await runPaks(["ci"], options);
    expect(second.exit, second.stderr).toBe(0);
  });

const npm = { type: "npm", registry: "https://registry.npmjs.org", integrity: `sha512-${"A".repeat(86)}==` } as const;
const npmOf = (source: string, version: string, path = "", name = "@acme/skills"): LockedPak =>
  entryOf(source, { ...npm, package: name, version, path }, version);
const localOf = (source: string, path: string) => entryOf(source, { type: "local", path }, null);
const entryOf = (source: string, resolved: LockedPak["resolved"], version: string | null): LockedPak => ({
  source,
  resolved,
  version,
  digest: `h1:${"A".repeat(43)}=`,
  files: 1,
  dependencies: {},
  agents: [],
  mode: "link",
});

test.each([
  npmOf("npm:@acme/skills", "3.0.0"),
  npmOf("npm:@acme/skills@next", "3.0.0-rc.1", "skills/pdf"),
  npmOf("npm:@acme/skills@^1", "1.2.0"),
  npmOf("npm:@acme/skills@1.2.0#path=a", "1.2.0", "a"),
  localOf("./skills/ours", "skills/ours"),
  localOf("./skills/../ours/", "ours"),
  localOf("/home/me/project/ours", "ours"),
  localOf("../project/ours", "ours"),
  localOf("./skills", "skills/ours"),
  localOf("./lib/", "lib/skills/ours"),
  localOf("/home/me/project/lib", "lib/skills/ours"),
])("%j is what its source asks for", (entry) => expect(findStray(entry)).toBeUndefined());

test.each([
  npmOf("npm:@acme/skills", "3.0.0", "", "@evil/skills"),
  npmOf("npm:@acme/skills@^1", "2.0.0"),
  npmOf("npm:@acme/skills@1.2.0", "1.2.1"),
  npmOf("npm:@acme/skills@1.2.0#path=a", "1.2.0", "b"),
  localOf("./skills/ours", "skills/evil"),
  localOf("./ours", "skills/ours"),
  localOf("./skills/ours", "skills"),
  localOf("./skills", "skills-of-others/ours"),
  localOf(".", "ours"),
  localOf("/home/me/project/ours", "evil"),
  localOf("acme/pdf", "ours"),
  localOf("ext::sh -c x", "ours"),
])("%j is not", (entry) => expect(findStray(entry)).toBeDefined());
