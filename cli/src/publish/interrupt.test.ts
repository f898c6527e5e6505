import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import { dataOfRun, failureOf, type Lab, openLab, skillText } from "./testing/lab.ts";

const one = ["--bump", "patch", "--json"];
const all = ["publish", "--all", ...one];
const two = { "skills/csv/SKILL.md": skillText("0.1.0", "csv") };

/** A hook that says that it runs and then takes its time: there Ctrl-C is pressed. */
async function pressCtrlCIn(lab: Lab, hook: string, args: readonly string[]) {
  const sign = join(lab.repo.dir, ".git", "hook-runs");
  const once = `#!/bin/sh\n[ -e '${sign}' ] && exit 0\ntouch '${sign}'\nexec sleep 2\n`;
  await writeFile(join(lab.repo.dir, ".git", "hooks", hook), once, { mode: 0o755 });
  const stop = new AbortController();
  const run = lab.paks(args, { signal: stop.signal });
  await expect.poll(() => existsSync(sign), { timeout: 8000, interval: 20 }).toBe(true);
  stop.abort(new PaksError("CANCELLED", "Stopped."));
  return await run;
}

const withoutHooks = (snapshot: string): string => snapshot.replace(/\n?hook-runs/, "");

test.each([
  ["pre-commit", {}, ["publish", ...one]],
  ["post-commit", {}, ["publish", ...one]],
  ["pre-commit", { path: "skills/pdf", files: two }, all],
  ["post-commit", { path: "skills/pdf", files: two }, all],
] as const)("Ctrl-C in %s leaves nothing of this run (%o)", async (hook, options, args) => {
  const lab = await openLab(options);
  const before = await lab.snapshot();
  const run = await pressCtrlCIn(lab, hook, args);
  expect(run.exit).toBe(130);
  expect(failureOf(run)).toMatchObject({
    code: "CANCELLED",
    message: "Stopped. Nothing was left behind: the repository is as it was before.",
    details: { taken_back: true },
  });
  expect(withoutHooks(await lab.snapshot())).toBe(before);
});

test("Ctrl-C between the tags takes back those that were made", async () => {
  const lab = await openLab({ path: "skills/pdf", files: two });
  const before = await lab.snapshot();
  const sign = `[ "$1" = committed ] && grep -q refs/tags/pdf && exec "$(dirname "$0")/slow"\nexit 0\n`;
  await writeFile(join(lab.repo.dir, ".git", "hooks", "reference-transaction"), `#!/bin/sh\n${sign}`, { mode: 0o755 });
  expect((await pressCtrlCIn(lab, "slow", all)).exit).toBe(130);
  expect(withoutHooks(await lab.snapshot())).toBe(before);
});

test.each([
  [{}, ["publish", ...one], ["v0.1.1"]],
  [{ path: "skills/pdf", files: two }, all, ["csv--v0.1.1", "pdf--v0.1.1"]],
] as const)(
  "Ctrl-C during the push says what stays, and the same command goes on (%o)",
  async (options, args, tags) => {
    const lab = await openLab(options);
    const run = await pressCtrlCIn(lab, "pre-push", args);
    expect(run.exit).toBe(130);
    expect(failureOf(run)).toMatchObject({
      code: "CANCELLED",
      message: expect.stringMatching(/ommit and (the )?tags? stay/),
      hint: expect.stringContaining("same command again"),
    });
    expect((await lab.repo.git("tag")).split("\n")).toEqual(tags);
    dataOfRun(await lab.paks(args));
    expect((await lab.remote("tag")).trim().split("\n")).toEqual(tags);
  },
);

test("Ctrl-C while the registry is waited for says that the tag is pushed", async () => {
  const lab = await openLab();
  const stop = new AbortController();
  lab.registry.override = ({ path }) => {
    if (path.startsWith("/api/attempts/")) stop.abort(new PaksError("CANCELLED", "Stopped."));
    return undefined;
  };
  const run = await lab.publish(one, { signal: stop.signal });
  expect(run.exit).toBe(130);
  expect(failureOf(run)).toMatchObject({
    message: "Stopped. (v0.1.1 is pushed.)",
    hint: expect.stringContaining("same command again"),
  });
});

test.each(["edited", "committed", "verified", "tag-made", "tagged"])(
  "a failure that nobody expected at %s is taken back too",
  async (point) => {
    const lab = await openLab();
    const before = await lab.snapshot();
    const run = await lab.publish(one, { environment: { PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:throw` } });
    expect(run.exit).not.toBe(0);
    expect(failureOf(run)).toMatchObject({ details: { taken_back: true } });
    expect(await lab.snapshot()).toBe(before);
  },
);
