import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Failure, failureOf, type Lab, openLab, skillText } from "../testing/lab.ts";

interface Row {
  readonly path: string;
  readonly state: string;
  readonly error?: Failure;
}

const file = (name: string) => `skills/${name}/SKILL.md`;
const openMonorepo = async (): Promise<Lab> =>
  await openLab({
    path: "skills/pdf",
    files: Object.fromEntries(["a", "b", "c"].map((name) => [file(name), skillText("0.1.0", name)])),
  });
const patch = ["publish", "--all", "--bump", "patch", "--json"];

async function refuseTagOf(lab: Lab, name: string): Promise<void> {
  const script = `#!/bin/sh\ncase "$1" in refs/tags/${name}--*) echo no >&2; exit 1;; esac\n`;
  await writeFile(join(lab.bare, "hooks", "update"), script, { mode: 0o755 });
}

test("a refused tag is said to be taken back only when this run had made it", async () => {
  const lab = await openMonorepo();
  await lab.paks(patch, { environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "tagged:end" } });
  await lab.repo.git("tag", "-d", "c--v0.1.1");
  await refuseTagOf(lab, "b");
  const { releases } = (await lab.paks(patch)).json() as { releases: Row[] };
  const failed = releases.filter(({ state }) => state === "failed");
  expect(failed).toMatchObject([
    { path: "skills/b", error: { code: "PUSH_REJECTED", details: { taken_back: false } } },
  ]);
  expect(failed[0]?.error?.message).not.toContain("taken back");
  expect(failed[0]?.error?.message).toContain("stays");
  expect(await lab.repo.git("tag", "--list", "b--*")).toBe("b--v0.1.1");
  await rm(join(lab.bare, "hooks", "update"));
  expect((await lab.paks(patch)).exit).toBe(0);
});

test("a manifest that cannot be put back keeps no other from it, and each is named with its path", async () => {
  const lab = await openMonorepo();
  const hook = join(lab.repo.dir, ".git", "hooks", "pre-commit");
  const script = `#!/bin/sh\necho more >> ${file("a")}\nrm ${file("b")}\nexit 1\n`;
  await writeFile(hook, script, { mode: 0o755 });
  const failure = failureOf(await lab.paks(patch));
  expect(failure).toMatchObject({ code: "HOOK_REFUSED", details: { taken_back: false } });
  for (const name of ["a", "b"]) expect(failure.message).toContain(join(lab.repo.dir, file(name)));
  expect(failure.message).not.toContain(file("c"));
  expect(failure.hint?.split("git restore")).toHaveLength(2);
  expect(await lab.repo.git("status", "--porcelain")).toBe(` M ${file("a")}\n D ${file("b")}`);
});

test("a commit that bumps one of several paks names that one and its version", async () => {
  const lab = await openMonorepo();
  await lab.paks(["publish", "a", "b", "--bump", "patch", "--json"], {
    environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: "committed:end" },
  });
  await lab.paks(["publish", "a", "c", "--bump", "patch", "--json"]);
  expect(await lab.repo.git("log", "-2", "--format=%s")).toBe(
    "chore: bump version of c to 0.1.1\nchore: bump versions of 2 paks",
  );
});
