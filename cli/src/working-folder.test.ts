import { expect, test } from "vitest";
import { isStandaloneTested, paksInShell, runPaks, runProcess, tempFolder } from "./testing/index.ts";

const windows = process.platform === "win32";

/** `paks` in a script of the shell. */
async function inShell(script: string) {
  const home = await tempFolder();
  const environment = { HOME: home, PAKS_KEYCHAIN: "file" };
  return await runProcess(["bash", "-c", `paks() { ${paksInShell()} "$@"; }\n${script}`], { cwd: home, environment });
}

const commands = ["list", "install ./x", "status", "remove x", "doctor"];

// Bun 1.4 ends before it comes to our code, with words of its own.
test.skipIf(windows || isStandaloneTested)(
  "in a folder that was deleted every command says so, with the way out",
  async () => {
    for (const command of commands) {
      const run = await inShell(`mkdir g && cd g && rmdir ../g && paks ${command}`);
      expect(run.stderr, command).toContain("error[NO_WORKING_FOLDER]: The folder that you are in was deleted.");
      expect(run.stderr).toContain("hint: ");
      expect(run.exit).toBe(10);
    }
    expect((await inShell("mkdir g && cd g && rmdir ../g && paks --version")).exit).toBe(0);
    expect((await inShell("mkdir g && cd g && rmdir ../g && paks complete -- ''")).exit).toBe(0);
  },
);

test.runIf(isStandaloneTested && !windows)(
  "in a folder that was deleted the standalone executable says so",
  async () => {
    for (const command of commands) {
      const run = await inShell(`mkdir g && cd g && rmdir ../g && paks ${command}`);
      const words = /^error: The current working directory was deleted[^\n]*cd into a different directory[^\n]*\n$/;
      expect(run, command).toEqual({ exit: 1, stdout: "", stderr: expect.stringMatching(words) as string });
    }
  },
);

// As above.
test.skipIf(process.platform !== "linux" || isStandaloneTested)(
  "a folder whose path is longer than the system allows is refused by what it is",
  async () => {
    // Removed by the shell: Node cannot name it.
    const deep = `trap "cd; rm -r aaa*" EXIT; for _ in {1..18}; do mkdir ${"a".repeat(250)} && cd ${"a".repeat(250)}; done`;
    for (const command of commands) {
      const run = await inShell(`${deep}; paks ${command}`);
      expect(run.stderr, command).toContain("error[NO_WORKING_FOLDER]: The folder that you are in lies too deep");
      expect(run.exit).toBe(10);
    }
    expect((await inShell(`${deep}; paks --version; paks complete -- ""`)).exit).toBe(0);
  },
);

test.skipIf(process.platform !== "linux")("a folder whose name is not UTF-8 is refused by what it is", async () => {
  for (const command of commands) {
    const run = await inShell(`mkdir $'a\\xff' && cd $'a\\xff' && paks ${command}`);
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
