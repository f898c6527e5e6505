import { afterAll, beforeAll, expect, test } from "vitest";

import { type GitPoint, fetchPoint, listRefs, parseRefs, readPakFiles } from "./index.ts";
import { type GitLab, gitLab } from "./testing/index.ts";

let lab: GitLab;
let first: string;
let second: string;
let onBranch: string;

const manifest = (text: string) => `---\nname: pdf\ndescription: ${text}\n---\n`;

beforeAll(async () => {
  lab = await gitLab();
  const repo = await lab.repo("skills", { "SKILL.md": manifest("one") }, ["v1.0.0"]);
  first = await repo.git("rev-parse", "HEAD");
  await repo.write({ "SKILL.md": manifest("two") });
  second = await repo.commit("Second");
  await repo.git("push", "-q", "origin", "main");
  // A branch whose name is a tag's, and one with a slash.
  await repo.git("checkout", "-q", "-b", "v1.0.0");
  await repo.write({ "SKILL.md": manifest("branch") });
  onBranch = await repo.commit("Third");
  await repo.git("push", "-q", "origin", "refs/heads/v1.0.0", "refs/heads/v1.0.0:refs/heads/feature/x");
  await repo.git("push", "-q", "origin", "refs/heads/v1.0.0:refs/heads/refs/heads/odd");
});
afterAll(() => lab.close());

async function commitAt(point: GitPoint, name = "skills"): Promise<string> {
  const snapshot = await fetchPoint(lab.cage, lab.url(name), point);
  try {
    expect((await readPakFiles(snapshot, "", lab.cage.limits)).files).toHaveLength(1);
    return snapshot.commit;
  } finally {
    await snapshot.close();
  }
}
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: { code: string }) => error.code,
  );

test("a tag, a branch, a commit and the default branch each lead to their commit, whatever is called alike", async () => {
  expect(await commitAt({ type: "tag", name: "v1.0.0" })).toBe(first);
  expect(await commitAt({ type: "branch", name: "v1.0.0" })).toBe(onBranch);
  expect(await commitAt({ type: "branch", name: "feature/x" })).toBe(onBranch);
  expect(await commitAt({ type: "commit", oid: first })).toBe(first);
  expect(await commitAt({ type: "head" })).toBe(second);
  expect(await lab.leftovers()).toEqual([]);
});

test("a branch or commit that is not there is REF_NOT_FOUND and leaves nothing behind", async () => {
  expect(await codeOf(commitAt({ type: "branch", name: "nowhere" }))).toBe("REF_NOT_FOUND");
  expect(await codeOf(commitAt({ type: "commit", oid: "0".repeat(39) + "1" }))).toBe("REF_NOT_FOUND");
  // Completed by git to refs/heads/refs/heads/odd, which was not asked for.
  expect(await codeOf(commitAt({ type: "branch", name: "odd" }))).toBe("REF_NOT_FOUND");
  expect(await lab.leftovers()).toEqual([]);
});

test.each<GitPoint>([
  { type: "branch", name: "--upload-pack=touch x" },
  { type: "branch", name: "../x" },
  { type: "branch", name: "refs/heads/main" },
  { type: "branch", name: "HEAD" },
  { type: "commit", oid: "HEAD" },
  { type: "commit", oid: "--output=x" },
])("%j is refused before git sees it", async (point) => {
  const requests = lab.server.count();
  expect(await codeOf(commitAt(point))).toBe("INVALID_PARAMETER");
  expect(lab.server.count()).toBe(requests);
});

test("one question lists tags, branches and the default branch", async () => {
  const refs = await listRefs(lab.cage, lab.url("skills"));
  expect(refs.head).toEqual({ commit: second, branch: "main" });
  expect(refs.tags).toEqual([{ tag: "v1.0.0", object: first, commit: undefined }]);
  expect(refs.branches.map(({ branch }) => branch).toSorted()).toEqual(["feature/x", "main", "v1.0.0"]);
});

test("names that no ref of ours can have are left out of a listing", () => {
  const oid = "1".repeat(40);
  const lines = ["refs/heads/-x", "refs/heads/a..b", "refs/heads/\u001b[31m", "refs/remotes/x/HEAD", "refs/heads/HEAD"];
  const text = `ref: refs/heads/\u001b]0;x\tHEAD\n${lines.map((name) => `${oid}\t${name}\n`).join("")}`;
  expect(parseRefs(text)).toEqual({ tags: [], branches: [], head: undefined });
});

test("a host that gives out only what its refs lead to still serves a commit at the tip of a branch", async () => {
  const strict = await gitLab({ filters: false, oldProtocol: true });
  try {
    const repo = await strict.repo("old", { "SKILL.md": manifest("one") });
    const tip = await repo.git("rev-parse", "HEAD");
    const snapshot = await fetchPoint(strict.cage, strict.url("old"), { type: "commit", oid: tip });
    expect((await readPakFiles(snapshot, "", strict.cage.limits)).files).toHaveLength(1);
    await snapshot.close();
    await repo.write({ "SKILL.md": manifest("two") });
    await repo.commit("Second");
    await repo.git("push", "-q", "origin", "main");
    expect(await codeOf(fetchPoint(strict.cage, strict.url("old"), { type: "commit", oid: tip }))).toBe(
      "REF_NOT_FOUND",
    );
  } finally {
    await strict.close();
  }
});
