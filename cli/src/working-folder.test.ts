import { expect, test } from "vitest";
import { builtCli, runPaks, runProcess, tempFolder } from "./testing/index.ts";

const windows = process.platform === "win32";

/** `$paks` in a script of the shell. */
async function inShell(script: string) {
  const home = await tempFolder();
  const environment = { HOME: home, PAKS_KEYCHAIN: "file", paks: `${process.execPath} ${builtCli()}` };
  return await runProcess(["bash", "-c", script], { cwd: home, environment });
}

const commands = ["list", "install ./x", "status", "remove x", "doctor"];

test.skipIf(windows)("in a folder that was deleted every command says so, with the way out", async () => {
  for (const command of commands) {
    const run = await inShell(`mkdir g && cd g && rmdir ../g && $paks ${command}`);
    expect(run.stderr, command).toContain("error[NO_WORKING_FOLDER]: The folder that you are in was deleted.");
    expect(run.stderr).toContain("hint: ");
    expect(run.exit).toBe(10);
  }
  expect((await inShell("mkdir g && cd g && rmdir ../g && $paks --version")).exit).toBe(0);
  expect((await inShell("mkdir g && cd g && rmdir ../g && $paks complete -- ''")).exit).toBe(0);
});

test.skipIf(process.platform !== "linux")("a folder whose name is not UTF-8 is refused by what it is", async () => {
  for (const command of commands) {
    const run = await inShell(`mkdir $'a\\xff' && cd $'a\\xff' && $paks ${command}`);
    expect(run.stderr, command).toContain("error[NO_WORKING_FOLDER]");
    expect(run.stderr).toContain("not valid UTF-8");
    expect(run.exit).toBe(10);
  }
});

test("a folder that has the replacement character in its name is a folder", async () => {
  const cwd = await tempFolder();
  const { mkdir } = await import("node:fs/promises");
  await mkdir(`${cwd}/a\uFFFD`);
  expect((await runPaks(["list"], { cwd: `${cwd}/a\uFFFD`, home: cwd })).exit).toBe(0);
});
