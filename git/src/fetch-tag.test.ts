import { afterAll, beforeAll, expect, test } from "vitest";

import { fetchTag, readPakFiles } from "./index.ts";
import { type GitLab, gitLab } from "./testing/index.ts";

let lab: GitLab;
beforeAll(async () => {
  lab = await gitLab();
});
afterAll(async () => {
  expect(await lab.leftovers()).toEqual([]);
  await lab.close();
});

test("a pak in a folder is read as it was tagged", async () => {
  const repo = await lab.repo("acme/mono", {
    "README.md": "r",
    "skills/pdf/SKILL.md": "---\nname: pdf\n---\n",
    "skills/pdf/scripts/run.sh": "echo hi\n",
    "skills/other/SKILL.md": "o",
  });
  await repo.git("update-index", "--chmod=+x", "skills/pdf/scripts/run.sh");
  await repo.git("commit", "-qm", "x");
  await repo.tag("pdf--v1.0.0", "Release v1.0.0\n\nSkill: pdf\n# kept\n");
  await repo.git("push", "-q", "origin", "main", "pdf--v1.0.0");
  const before = lab.server.requests.length;
  const snapshot = await fetchTag(lab.cage, lab.url("acme/mono"), "pdf--v1.0.0");
  expect(snapshot.commit).toBe(await repo.git("rev-parse", "HEAD"));
  expect(snapshot.object).toBe(await repo.git("rev-parse", "refs/tags/pdf--v1.0.0"));
  expect(snapshot.annotation).toMatchObject({
    tagName: "pdf--v1.0.0",
    message: "Release v1.0.0\n\nSkill: pdf\n# kept\n",
  });
  const all = await snapshot.listTree("");
  expect(all?.entries.map(({ path }) => path)).toEqual([
    "README.md",
    "skills/other/SKILL.md",
    "skills/pdf/SKILL.md",
    "skills/pdf/scripts/run.sh",
  ]);
  const pak = await readPakFiles(snapshot, "skills/pdf", lab.cage.limits);
  expect(pak.tree).toBe(await repo.git("rev-parse", "HEAD:skills/pdf"));
  expect(pak.files.map(({ path, executable, bytes }) => [path, executable, Buffer.from(bytes).toString()])).toEqual([
    ["SKILL.md", false, "---\nname: pdf\n---\n"],
    ["scripts/run.sh", true, "echo hi\n"],
  ]);
  expect(lab.server.requests.length - before).toBe(5);
  await snapshot.close();
});
