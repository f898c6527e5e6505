import { mkdir, readFile, rm, stat } from "node:fs/promises";
import { type GitLab, gitLab } from "@paks/git/testing";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { type Project, makeProject } from "../life/testing/project.ts";
import { runPaks } from "../testing/index.ts";

const skill = (words: string, version = "1.0.0") =>
  `---\nname: pdf\ndescription: Does it. Use it for tests.\nversion: "${version}"\n---\n# ${words}\n`;

type Fields = Record<string, unknown>;
type Entry = Fields & { resolved: Fields };

let project: Project;
let lab: GitLab;
/** What a lock says of the repository that the tampered ones name: of a real install. */
let evilEntry: Entry;
beforeEach(async () => {
  project = await makeProject();
  lab = await gitLab();
  onTestFinished(() => lab.close());
  await lab.repo("evil", { "SKILL.md": skill("evil") }, ["v1.0.0"]);
  const other = await makeProject();
  await runPaks(["install", `${lab.url("evil").url}#tag=v1.0.0`], optionsOf(other));
  evilEntry = (await other.lock()).paks["pdf"] as unknown as Entry;
});

const protocols = { PAKS_GIT_PROTOCOLS: "https,http" };
const optionsOf = ({ options }: Project, cwd = options.cwd, home = options.home) => ({
  ...options,
  cwd,
  home,
  environment: { ...options.environment, ...protocols },
});
const run = async (...argv: string[]) => {
  const done = await runPaks([...argv, "--json"], optionsOf(project));
  const { error } = done.json() as { error?: { code: string; message: string; hint?: string } };
  return { exit: done.exit, code: error?.code, message: error?.message, hint: error?.hint, stderr: done.stderr };
};
const good = async (...argv: string[]) => {
  const done = await run(...argv);
  expect(done.exit, JSON.stringify(done)).toBe(0);
};
const evilBytes = (): Fields => ({ digest: evilEntry["digest"], files: evilEntry["files"] });
const change = async (edit: (entry: Entry) => Entry) =>
  await project.editLock((paks) => {
    paks["pdf"] = edit(paks["pdf"] as Entry);
  });
const readingCommands = [["install"], ["install", "--frozen"], ["update"], ["outdated"], ["verify"], ["audit"], ["ci"]];

/** As somebody who has just cloned the project on a new machine. */
async function onANewMachine(): Promise<void> {
  await rm(project.skill(), { recursive: true, force: true });
  await rm(project.home, { recursive: true });
  await mkdir(project.home);
}
async function installedWords(): Promise<string> {
  const path = project.skill("pdf", "SKILL.md");
  return await stat(path).then(
    () => readFile(path, "utf8"),
    () => "nothing",
  );
}

const gitFields = (fields: Fields): Entry["resolved"] => ({ ...evilEntry.resolved, ...fields });
const resolvedElsewhere: readonly (readonly [what: string, edit: (entry: Entry) => Entry])[] = [
  ["another kind of source", (entry) => ({ ...entry, ...evilBytes(), resolved: gitFields({}) })],
  [
    "another account and repository",
    (entry) => ({
      ...entry,
      ...evilBytes(),
      resolved: {
        ...entry.resolved,
        account: "nobody",
        repository: evilEntry.resolved["repository"],
        commit: evilEntry.resolved["commit"],
        archive: undefined,
      },
    }),
  ],
  ["a folder of the project", (entry) => ({ ...entry, resolved: { type: "local", path: "evil" } })],
  [
    "a version outside the range",
    (entry) => ({ ...entry, version: "2.0.0", resolved: { ...entry.resolved, version: "2.0.0" } }),
  ],
  [
    "a package of npm",
    (entry) => ({
      ...entry,
      resolved: {
        type: "npm",
        registry: "https://registry.npmjs.org",
        package: "evil",
        version: "1.0.0",
        integrity: `sha512-${"A".repeat(86)}==`,
        path: "",
      },
    }),
  ],
];
for (const [what, edit] of resolvedElsewhere)
  test(`a lock that resolved a registry's pak to ${what} is refused by whoever reads it`, async () => {
    await project.registry.add("acme/pdf", "1.0.0");
    await good("install", "acme/pdf@1.0.0");
    await change(edit);
    for (const command of readingCommands)
      expect(await run(...command), command.join(" ")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
    expect(await installedWords()).toContain("# pdf 1.0.0");
    await onANewMachine();
    expect(await run("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
    expect(await run("install")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
    expect(await installedWords()).toBe("nothing");
  });

test("list shows what is there although the lock contradicts itself", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf@1.0.0");
  await change((entry) => ({ ...entry, resolved: gitFields({}) }));
  const listed = await run("list");
  expect(listed).toMatchObject({ exit: 0 });
  expect(listed.stderr).toContain("paks.lock contradicts itself about pdf");
});

test("a lock whose state before is another pak is refused", async () => {
  await project.registry.add("acme/pdf", "1.0.0");
  await good("install", "acme/pdf");
  await project.registry.add("acme/pdf", "1.1.0");
  await good("update");
  await change((entry) => ({ ...entry, previous: { ...evilEntry } }));
  expect(await run("rollback", "pdf")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
});

/** Facts of a git source, all of the evil repository, put behind the good one's source. */
const inGit: readonly (readonly [what: string, resolved: () => Fields])[] = [
  ["repository", () => ({ repository: evilEntry.resolved["repository"] })],
  ["tag", () => ({ tag: "v2.0.0" })],
  ["tag, which became a branch", () => ({ tag: undefined, branch: "main" })],
  ["tag, which became a commit", () => ({ tag: undefined })],
  ["folder", () => ({ path: "skills/evil" })],
];
for (const [what, fields] of inGit)
  test(`a lock of a git source with another ${what} is refused`, async () => {
    await lab.repo("good", { "skills/pdf/SKILL.md": skill("good") }, ["v1.0.0"]);
    await good("install", `${lab.url("good").url}#tag=v1.0.0&path=skills/pdf`);
    const { commit, tree } = evilEntry.resolved;
    await change((entry) => ({ ...entry, ...evilBytes(), resolved: { ...entry.resolved, commit, tree, ...fields() } }));
    for (const command of readingCommands)
      expect(await run(...command), command.join(" ")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
    await onANewMachine();
    expect(await run("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
    expect(await installedWords()).toBe("nothing");
  });

test("a commit that the locked tag does not lead to is refused, also where the repository gives it out", async () => {
  // As the large hosts give out the commits of forks through the address of the original.
  const repo = await lab.repo("good", { "SKILL.md": skill("good") }, ["v1.0.0"]);
  await good("install", `${lab.url("good").url}#tag=v1.0.0`);
  await repo.write({ "SKILL.md": skill("evil") });
  const commit = await repo.commit("of a fork");
  await repo.git("push", "-q", "origin", "main");
  const tree = await repo.git("rev-parse", "HEAD^{tree}");
  await change((entry) => ({ ...entry, ...evilBytes(), resolved: { ...entry.resolved, commit, tree } }));
  await onANewMachine();
  for (const command of [["ci"], ["install"], ["install", "--frozen"]])
    expect(await run(...command)).toMatchObject({ exit: 7, code: "TAG_MOVED" });
  expect(await installedWords()).toBe("nothing");
});

test("a tree that its tag does not have is refused where the repository is asked anyway", async () => {
  await lab.repo("good", { "SKILL.md": skill("good") }, ["v1.0.0"]);
  await good("install", `${lab.url("good").url}#tag=v1.0.0`);
  await change((entry) => ({ ...entry, resolved: { ...entry.resolved, tree: "a".repeat(40) } }));
  await onANewMachine();
  expect(await run("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
  expect(await installedWords()).toBe("nothing");
});

for (const command of ["ci", "install"])
  test(`a version that never existed is not installed by ${command} from a repository that only the lock names`, async () => {
    await lab.repo("later", { "SKILL.md": skill("evil", "1.0.7") }, ["v1.0.7"]);
    const other = await makeProject();
    await runPaks(["install", `${lab.url("later").url}#tag=v1.0.7`], optionsOf(other));
    const { resolved, digest, files } = (await other.lock()).paks["pdf"] as unknown as Entry;
    const { repository, commit } = resolved;
    await project.registry.add("acme/pdf", "1.0.0");
    await good("install", "acme/pdf");
    await change((entry) => ({
      ...entry,
      version: "1.0.7",
      digest,
      files,
      resolved: { ...entry.resolved, version: "1.0.7", tag: "v1.0.7", repository, commit, archive: undefined },
    }));
    await onANewMachine();
    expect(await run(command)).toMatchObject({ exit: 3, code: "VERSION_NOT_FOUND" });
    expect(await installedWords()).toBe("nothing");
  });

test("a dependency that nothing in the lock names is refused by ci, said by verify and goes with install", async () => {
  await project.registry.add("acme/text", "1.0.0");
  await project.registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1" } });
  await project.registry.add("acme/evil", "1.0.0");
  await good("install", "acme/pdf", "acme/evil");
  await project.editLock((paks) => (paks["evil"]!["source"] = null));
  await project.write("paks.jsonc", '{"paks": ["acme/pdf"]}');
  expect(await run("ci")).toMatchObject({ exit: 7, code: "LOCKFILE_MISMATCH" });
  const verified = await runPaks(["verify"], optionsOf(project));
  expect(verified.exit).toBe(9);
  expect(verified.stdout).toContain("evil is in paks.lock, and nothing asks for it");
  await good("install");
  expect(Object.keys((await project.lock()).paks)).toEqual(["pdf", "text"]);
  await good("verify");
});
