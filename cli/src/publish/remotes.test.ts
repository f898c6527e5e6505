import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { RunResult } from "../testing/index.ts";
import { commitElsewhere, hook, ownHook } from "./refusals/refusal.ts";
import { type Failure, type Lab, openLab, skillText } from "./testing/lab.ts";

interface Trouble {
  readonly what: string;
  readonly config?: readonly (readonly [string, string])[];
  readonly begin: (lab: Lab) => Promise<void>;
  readonly repair: (lab: Lab) => Promise<void>;
  /**
   * `taken back`: as before, exit 6. `kept`: nobody knows, exit 8, commit and tags stay. `half`: the branch is out and
   * the tags are not, exit 6. `done`: only the answer was lost.
   */
  readonly ends: "taken back" | "kept" | "half" | "done";
  readonly code?: string;
  /** What the remote has then, all of it or up to its first group of tags; only of `kept` it is not plain. */
  readonly arrives?: "nothing" | "first group";
  /** A commit of somebody else's is below ours at the end. */
  readonly isRebased?: true;
}

const removeHook = (name: string) => async (lab: Lab) => await rm(join(lab.bare, "hooks", name));
const calm = async (lab: Lab) => lab.server.setFaults(undefined);
const pull = async (lab: Lab) => void (await lab.repo.git("pull", "-q", "--rebase"));

/** Somebody else pushes at the moment of a hook of the author's own. */
const race = (name: string) => async (lab: Lab) => {
  const made = await commitElsewhere(lab);
  await ownHook(lab, name, `env -i PATH="$PATH" git --git-dir='${lab.bare}' update-ref refs/heads/main ${made}`);
};
const pullWithout = (name: string) => async (lab: Lab) => {
  await rm(join(lab.repo.dir, ".git", "hooks", name));
  await pull(lab);
};

/** The listings before the push are answered; from the first push on this happens. */
const fromPushOn = (fault: Parameters<Lab["server"]["setFaults"]>[0]) => async (lab: Lab) => {
  let pushed = false;
  lab.server.setFaults((request) => {
    pushed ||= request.service === "push";
    return pushed ? fault?.(request) : undefined;
  });
};

const protectTags = 'case "$1" in refs/tags/*) echo protected >&2; exit 1;; esac';
const oneByOne = [["receive.advertiseAtomic", "false"]] as const;

const troubles: readonly Trouble[] = [
  {
    ...{ what: "rejects by its pre-receive hook", ends: "taken back", code: "PUSH_REJECTED" },
    begin: (lab) => hook(lab, "pre-receive", "exit 1"),
    repair: removeHook("pre-receive"),
  },
  {
    ...{ what: "protects its tags", ends: "taken back", code: "PUSH_REJECTED" },
    begin: (lab) => hook(lab, "update", protectTags),
    repair: removeHook("update"),
  },
  {
    ...{ what: "moved on between the checks and the push", ends: "taken back", code: "BEHIND_UPSTREAM" },
    ...{ begin: race("post-commit"), repair: pullWithout("post-commit"), isRebased: true },
  },
  {
    ...{ what: "moves on in the middle of the push", ends: "taken back", code: "PUSH_REJECTED or BEHIND_UPSTREAM" },
    ...{ begin: race("pre-push"), repair: pullWithout("pre-push"), isRebased: true },
  },
  {
    ...{ what: "takes one ref at a time, and no tag", ends: "half", code: "PUSH_REJECTED", config: oneByOne },
    begin: (lab) => hook(lab, "update", protectTags),
    repair: removeHook("update"),
  },
  {
    ...{ what: "takes one ref at a time, and no branch", ends: "taken back", code: "PUSH_REJECTED", config: oneByOne },
    begin: (lab) => hook(lab, "update", 'case "$1" in refs/heads/*) exit 1;; esac'),
    repair: removeHook("update"),
  },
  {
    ...{ what: "dies before it gets the push, and stays dead", ends: "kept", code: "GIT_HOST_UNAVAILABLE" },
    ...{ arrives: "nothing" as const },
    begin: fromPushOn(() => ({ type: "status", status: 503 })),
    repair: calm,
  },
  {
    ...{ what: "dies before it gets the push, and is back at once", ends: "kept", code: "GIT_HOST_UNAVAILABLE" },
    ...{ arrives: "nothing" as const },
    begin: fromPushOn(({ service }) => (service === "push" ? { type: "status", status: 503 } : undefined)),
    repair: calm,
  },
  {
    ...{ what: "dies in the middle of its answer, and stays dead", ends: "kept", code: "GIT_HOST_UNAVAILABLE" },
    ...{ arrives: "first group" as const },
    begin: fromPushOn(({ service }) =>
      service === "push" ? { type: "truncate", bytes: 20 } : { type: "status", status: 503 },
    ),
    repair: calm,
  },
  {
    ...{ what: "dies after it took the push, and stays dead", ends: "kept", code: "GIT_HOST_UNAVAILABLE" },
    ...{ arrives: "first group" as const },
    begin: fromPushOn(({ service }) => (service === "push" ? { type: "cut" } : { type: "status", status: 503 })),
    repair: calm,
  },
  {
    ...{ what: "dies after it took the push, and is back at once", ends: "done" },
    begin: fromPushOn(({ service }) => (service === "push" ? { type: "cut" } : undefined)),
    repair: calm,
  },
  {
    ...{ what: "dies in a hook behind its refs, and is back at once", ends: "done" },
    begin: async (lab) => {
      await hook(lab, "post-receive", "sleep 0.2; exit 1");
      await fromPushOn(({ service }) => (service === "push" ? { type: "truncate", bytes: 20 } : undefined))(lab);
    },
    repair: calm,
  },
];

interface Author {
  readonly who: string;
  readonly names: readonly string[];
  readonly args: readonly string[];
  readonly subject: string;
}

/** Four paks are two groups of tags. */
const authors: readonly Author[] = [
  { who: "one pak", names: ["pdf"], args: ["skills/pdf"], subject: "chore: bump version to 0.1.1" },
  { who: "four paks", names: ["a", "b", "c", "pdf"], args: ["--all"], subject: "chore: bump versions of 4 paks" },
];

const open = async ({ names }: Author, config: Trouble["config"]): Promise<Lab> =>
  await openLab({
    path: "skills/pdf",
    files: Object.fromEntries(names.map((name) => [`skills/${name}/SKILL.md`, skillText("0.1.0", name)])),
    serverConfig: config ?? [],
  });

const failuresOf = (run: RunResult): Failure[] => {
  const answer = run.json() as { error?: Failure; releases?: { error?: Failure }[] };
  return answer.error ? [answer.error] : (answer.releases ?? []).flatMap(({ error }) => error ?? []);
};

/** One version commit, each tag and release once, and both sides the same. */
async function expectFinished(lab: Lab, { names, subject }: Author, below: readonly string[]): Promise<void> {
  expect((await lab.repo.git("log", "--format=%s")).split("\n")).toEqual([subject, ...below]);
  const tags = names.map((name) => `${name}--v0.1.1`);
  expect((await lab.repo.git("tag")).split("\n")).toEqual(tags);
  const format = "--format=%(objectname) %(refname)";
  const here = await lab.repo.git("for-each-ref", format, "refs/heads", "refs/tags");
  expect((await lab.remote("for-each-ref", format)).trim()).toBe(here);
  const head = await lab.repo.git("rev-parse", "HEAD");
  for (const tag of tags) expect(await lab.repo.git("rev-parse", `${tag}^{commit}`)).toBe(head);
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
  expect(lab.registry.releases.map(({ tag }) => tag).toSorted()).toEqual(tags);
}

const matrix = authors.flatMap((author) => troubles.map((trouble) => ({ ...author, ...trouble, author })));

test.each(matrix)("$who, a remote that $what: $ends, and a rerun after the repair finishes", async (row) => {
  const lab = await open(row.author, row.config);
  await row.begin(lab);
  const before = await lab.snapshot();
  const args = ["publish", ...row.args, "--bump", "patch", "--json"];
  const run = await lab.paks(args);
  const failures = failuresOf(run);
  // Of several groups only the first was sent: behind an answer that was lost nothing more is.
  const refused = row.ends === "done" ? row.names.slice(3) : row.names;
  const exit = row.ends === "taken back" || row.ends === "half" ? 6 : refused.length > 0 ? 8 : 0;
  expect(run.exit, run.stdout).toBe(exit);
  expect(failures).toHaveLength(refused.length);
  for (const { code, hint } of failures) {
    expect(row.code ?? "GIT_HOST_UNAVAILABLE").toContain(code);
    expect(hint, run.stdout).toBeTruthy();
  }
  // A tag that was refused alone is taken back, the commit that is out stays.
  const tagsStay = row.ends === "kept" || row.ends === "done";
  const takenBack = failures.map(({ details }) => details?.["taken_back"]);
  expect(takenBack).toEqual(failures.map(() => !tagsStay));
  await (row.ends === "taken back" ? expectTakenBack : expectKept)(lab, row, before);

  await row.repair(lab);
  const again = await lab.paks(args);
  expect({ exit: again.exit, failures: failuresOf(again) }, again.stdout).toEqual({ exit: 0, failures: [] });
  await expectFinished(lab, row.author, row.isRebased ? ["elsewhere", "First"] : ["First"]);
});

type Row = (typeof matrix)[number];

/** By name, as `snapshot` puts them together. */
const partsOf = (snapshot: string): Map<string, string> =>
  new Map(
    snapshot.split(/^== /m).flatMap((part) => (part === "" ? [] : [part.split(/\n(.*)/s, 2) as [string, string]])),
  );

/** Everything is as it was, here and there. */
async function expectTakenBack(lab: Lab, { isRebased }: Row, snapshot: string): Promise<void> {
  const [before, after] = [partsOf(snapshot), partsOf(await lab.snapshot())];
  expect(before.size).toBe(10);
  const [main = "", subject] = (await lab.remote("log", "-1", "--format=%H%n%s", "main")).split("\n");
  expect(subject).toBe(isRebased ? "elsewhere" : "First");
  // What somebody else did to the remote meanwhile is not ours to take back.
  if (isRebased) before.set("remote", `${main} commit\trefs/heads/main\n`);
  expect(after).toEqual(before);
}

/** Exactly what was to be done is done here, as far as it got, and nothing else; there is what has arrived. */
async function expectKept(lab: Lab, row: Row, snapshot: string): Promise<void> {
  const [before, after] = [partsOf(snapshot), partsOf(await lab.snapshot())];
  expect(before.size).toBe(10);
  for (const same of ["head", "stash", "config", "git folder"]) expect(after.get(same)).toBe(before.get(same));
  expect(after.get("files")).toBe(bumped(before.get("files")!));
  expect(await lab.repo.git("status", "--porcelain")).toBe("");
  expect((await lab.repo.git("log", "--format=%s")).split("\n")).toEqual([row.subject, "First"]);
  const tags = row.ends === "half" ? [] : row.names.map((name) => `${name}--v0.1.1`);
  expect(await lab.repo.git("tag")).toBe(tags.join("\n"));
  expect(after.get("remote")).toBe(await remoteOf(lab, row, before.get("remote")!));
}

/** The version in each manifest, and no other byte. */
const bumped = (files: string): string =>
  files.replaceAll(/(?<=SKILL\.md: )\S+/g, (bytes) =>
    Buffer.from(Buffer.from(bytes, "base64").toString("utf8").replace('"0.1.0"', '"0.1.1"')).toString("base64"),
  );

/** The refs that have arrived, which are what they are here. */
async function remoteOf(lab: Lab, { ends, arrives, names }: Row, before: string): Promise<string> {
  if (arrives === "nothing") return before;
  const tags = ends === "half" ? [] : names.slice(0, 3).map((name) => `refs/tags/${name}--v0.1.1`);
  const refs = await lab.repo.git("for-each-ref", "refs/heads/main", ...tags);
  expect(refs.split("\n")).toHaveLength(1 + tags.length);
  return `${refs}\n`;
}

test("a remote that dies between two groups keeps the first, and says which of them nobody knows", async () => {
  const author = authors[1]!;
  const lab = await open(author, []);
  let pushes = 0;
  lab.server.setFaults(({ service }) => {
    if (service === "push") pushes += 1;
    return pushes > 1 ? { type: "status", status: 503 } : undefined;
  });
  const args = ["publish", "--all", "--bump", "patch", "--json"];
  const run = await lab.paks(args);
  expect(run.exit).toBe(8);
  const { releases } = run.json() as { releases: { tag: string; state: string; error?: Failure }[] };
  expect(releases.map(({ state }) => state)).toEqual(["indexed", "indexed", "indexed", "failed"]);
  expect(releases[3]?.error).toMatchObject({ code: "GIT_HOST_UNAVAILABLE", details: { taken_back: false } });
  expect((await lab.repo.git("tag")).split("\n")).toHaveLength(4);
  await calm(lab);
  expect((await lab.paks(args)).exit).toBe(0);
  await expectFinished(lab, author, ["First"]);
});

test("of several tags the protected one is refused alone, once it is allowed the same command releases it", async () => {
  const author = authors[1]!;
  for (const config of [[], oneByOne]) {
    const lab = await open(author, config);
    const update = join(lab.bare, "hooks", "update");
    await writeFile(update, '#!/bin/sh\ncase "$1" in refs/tags/b--*) exit 1;; esac\n', { mode: 0o755 });
    const args = ["publish", "--all", "--bump", "patch", "--json"];
    const run = await lab.paks(args);
    expect(run.exit).toBe(6);
    expect(failuresOf(run)).toMatchObject([{ code: "PUSH_REJECTED", details: { taken_back: true } }]);
    expect((await lab.remote("tag")).trim().split("\n")).toEqual(["a--v0.1.1", "c--v0.1.1", "pdf--v0.1.1"]);
    await rm(update);
    expect((await lab.paks(args)).exit).toBe(0);
    await expectFinished(lab, author, ["First"]);
  }
});
