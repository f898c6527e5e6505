import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isStandaloneTested, paksCommand, runProcess, tempFolder } from "../testing/index.ts";

test("compiled code is told of where there is some, or where the program makes it", async () => {
  const home = await tempFolder();
  const info = async () => {
    const { exit, stdout } = await runProcess(paksCommand("cache", "info"), { cwd: home, environment: { HOME: home } });
    expect(exit).toBe(0);
    return /^compiled code .*$/m.exec(stdout)?.[0] ?? "";
  };
  expect(await info()).toMatch(isStandaloneTested ? /^$/ : /makes the next start faster/);
  await mkdir(join(home, ".cache/paks/code/b1"), { recursive: true });
  await writeFile(join(home, ".cache/paks/code/b1/list"), "x");
  expect(await info()).toMatch(isStandaloneTested ? /1, 1 bytes; of paks on Node/ : /makes the next start faster/);
});
