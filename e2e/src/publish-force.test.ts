import { afterAll, beforeAll, expect, test } from "vitest";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fetchData, mustEndWell, pushedRepository, skillText } from "./harness/journey.ts";
import { type HostileLab, openHostileLab } from "./hostile/open.ts";

let hostile: HostileLab;
beforeAll(async () => void (hostile = await openHostileLab()));
afterAll(() => hostile.close());

const git = async (dir: string, ...args: string[]) =>
  mustEndWell(`git ${args.join(" ")}`, await hostile.lab.git(dir, ...args)).stdout.trim();

const publish = async (dir: string, ...args: string[]) => await hostile.paks(dir, ["publish", ...args, "--json"]);
const dataOf = (finished: { readonly stdout: string }) => JSON.parse(finished.stdout) as Record<string, unknown>;

interface Release {
  readonly version: string;
}
const listVersions = async (name: string) =>
  (await fetchData<Release[]>(hostile.lab, `/api/skills/acme/${name}/versions`)).map(({ version }) => version);

test("a tag that the registry has looked at and refused is overwritten, and becomes the release", async () => {
  const { dir } = await pushedRepository(hostile.lab, "forced", { "SKILL.md": skillText("forced") });
  await git(dir, "tag", "-a", "-m", "too early", "v0.1.1");
  await git(dir, "push", "-q", "origin", "v0.1.1");
  // Of this tag the registry makes no release, and remembers that it was asked.
  await hostile.paks(dir, ["why-not", ".", "v0.1.1", "--json"]);
  const taken = await publish(dir, "--bump", "patch", "--yes");
  expect(dataOf(taken)).toMatchObject({ error: { code: "TAG_EXISTS" } });
  const forced = mustEndWell("publish --force", await publish(dir, "--bump", "patch", "--force", "--yes"));
  expect(dataOf(forced)).toMatchObject({ version: "0.1.1", state: "indexed", verified: true });
  expect(await listVersions("forced")).toEqual(["0.1.1"]);
});

test("a version that the registry has recorded is not overwritten, here, there or in the registry", async () => {
  const { dir } = await pushedRepository(hostile.lab, "kept", { "SKILL.md": skillText("kept") });
  mustEndWell("publish", await publish(dir, "--bump", "patch", "--yes"));
  await writeFile(join(dir, "more.md"), "more\n");
  await git(dir, "add", "--all");
  await git(dir, "commit", "-qm", "more");
  const refs = async () => [await git(dir, "for-each-ref"), await git(dir, "ls-remote", "origin")].join("\n");
  const before = await refs();
  const run = await publish(dir, "--version", "0.1.1", "--force", "--yes");
  expect(run.exitCode).toBe(6);
  expect(dataOf(run)).toMatchObject({ error: { code: "VERSION_EXISTS" } });
  expect(await refs()).toBe(before);
});

test("a release of an older line is taken, and the newest stays what it was", async () => {
  const { dir } = await pushedRepository(hostile.lab, "lines", { "SKILL.md": skillText("lines") });
  mustEndWell("publish", await publish(dir, "--version", "2.0.0", "--yes"));
  await git(dir, "switch", "-q", "-c", "maintenance", "HEAD~1");
  await git(dir, "push", "-q", "-u", "origin", "maintenance");
  const older = mustEndWell("publish", await publish(dir, "--bump", "patch", "--yes"));
  expect(dataOf(older)).toMatchObject({ version: "0.1.1", branch: "maintenance", verified: true });
  expect(older.stdout).toContain("0.1.1 is lower than 2.0.0");
  const info = mustEndWell("info", await hostile.paks(dir, ["info", "acme/lines", "--json"]));
  expect(dataOf(info)).toMatchObject({ release: { version: "2.0.0" } });
});
