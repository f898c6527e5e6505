import { spawnSync } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { paksCommand, runProcess } from "@paks/cli/testing";
import { expect, test } from "vitest";
import { tortured, torturedCaches } from "./torture/commands.ts";
import { copyStart, openLab, processOf } from "./torture/lab.ts";
import { expectUnharmed } from "./torture/report.ts";
import { readCache, readState } from "./torture/state.ts";
import { hasStrace, inject, listTargets, runCommand } from "./torture/strace.ts";
import { sample, torture } from "./torture/torture.ts";

const ciCold = tortured.find(({ start }) => start === "clone")!;
const installed = { pdf: "2.0.0", text: "2.0.0" };

for (const command of torturedCaches)
  test.skipIf(!hasStrace)(
    `${command.name}: whatever a call in the cache meets, no install fails, nothing damaged is kept and drafts are swept`,
    { timeout: 3_600_000 },
    async () => {
      expectUnharmed(command.name, await torture(command, ({ call }) => call.includes(" /home/")));
    },
  );

test.skipIf(!hasStrace)(
  "of two processes that write the same entry one is killed: the other installs, and what is kept is whole",
  { timeout: 3_600_000 },
  async () => {
    const lab = await openLab();
    const all = await listTargets(processOf(lab, await copyStart(lab, "clone", "count"), ciCold));
    const kills = all.filter(({ call, fault }) => call.includes(" /home/") && fault === "signal=KILL");
    for (const [index, target] of sample(kills, 6).entries()) {
      const place = await copyStart(lab, "clone", `killed-${index}`);
      // Another project of the same user.
      const other = { ...(await copyStart(lab, "clone", `other-${index}`)), home: place.home, cache: place.cache };
      const [, { exit, stdout }] = await Promise.all([
        inject(processOf(lab, place, ciCold), target),
        runCommand(processOf(lab, other, ciCold)),
      ]);
      expect(exit, stdout).toBe(0);
      expect((await readState(other)).installed).toEqual(installed);
      const { damaged, entries } = await readCache(place);
      expect([damaged, entries], target.call).toEqual([[], 2]);
      expect((await runCommand(processOf(lab, place, ciCold))).exit).toBe(0);
      expect((await readState(place)).installed).toEqual(installed);
    }
  },
);

test("eight installs and a cache that is cleaned all the time: all end well", { timeout: 300_000 }, async () => {
  const lab = await openLab();
  const first = await copyStart(lab, "clone", "project-0");
  const places = [first];
  for (let index = 1; index < 8; index += 1)
    places.push({ ...(await copyStart(lab, "clone", `project-${index}`)), home: first.home, cache: first.cache });
  let isOver = false;
  const clean = async () => {
    while (!isOver) {
      const { exit, stdout, stderr } = await runCommand(processOf(lab, first, { words: ["cache", "clean"] }));
      expect(exit, stdout + stderr).toBe(0);
    }
  };
  const installs = Promise.all(places.map((place) => runCommand(processOf(lab, place, ciCold)))).finally(() => {
    isOver = true;
  });
  const [done] = await Promise.all([installs, clean(), clean()]);
  expect(done.map(({ exit, stdout }) => (exit === 0 ? "well" : stdout))).toEqual(places.map(() => "well"));
  for (const place of places) expect((await readState(place)).installed).toEqual(installed);
  const { damaged, drafts } = await readCache(first);
  expect([damaged, drafts]).toEqual([[], []]);
});

/** A disk of 4 KiB, which the folders of the cache fit on and no file does. */
const onFullDisk = ["unshare", "-Urm", "sh", "-c"];
const mount = 'mount -t tmpfs -o size=4k none "$0" && head -c 4096 /dev/zero > "$0/full"';
const canMount = spawnSync(onFullDisk[0]!, [...onFullDisk.slice(1), mount, "/tmp"]).status === 0;

test.skipIf(!canMount)(
  "with a full disk below the cache a pak is installed from memory, and one warning says so",
  async () => {
    const lab = await openLab();
    const place = await copyStart(lab, "clone", "full");
    await mkdir(place.cache, { recursive: true });
    const { options, words } = processOf(lab, place, ciCold);
    const { exit, stdout, stderr } = await runProcess(
      [...onFullDisk, `${mount} && exec "$@"`, place.cache, ...paksCommand(...words, "--json")],
      options,
    );
    expect(exit, stdout + stderr).toBe(0);
    expect((await readState(place)).installed).toEqual(installed);
    expect(stderr.match(/not kept for the next time: .* cannot be written \(ENOSPC\)/g)).toHaveLength(1);
    expect(stdout).not.toContain(join(place.cache, "store"));
  },
);
