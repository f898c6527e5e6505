import { execFileSync } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { paksInShell, runProcess, tempFolder } from "../testing/index.ts";
import { runPaks } from "../testing/run-paks.ts";
import { shells } from "./scripts.ts";

const has = (program: string): boolean => {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
};

/** A folder on PATH with `paks` in it, and a home in which nobody is asked. */
async function open() {
  const home = await tempFolder();
  const bin = join(home, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "paks"), `#!/bin/sh\nexec ${paksInShell()} "$@"\n`);
  await chmod(join(bin, "paks"), 0o755);
  await writeFile(join(home, "a file.txt"), "");
  await writeFile(join(home, "x@file"), "");
  const environment = { HOME: home, PATH: `${bin}:${process.env["PATH"]}`, PAKS_OFFLINE: "1", TERM: "xterm" };
  return { home, run: (command: string[], input = "") => runProcess(command, { cwd: home, environment, input }) };
}

test("the script of every shell is printed, alone and as JSON", async () => {
  const home = await tempFolder();
  for (const shell of shells) {
    const { stdout } = await runPaks(["completions", shell], { cwd: home, home });
    expect(stdout).toContain("complete");
    const { json } = await runPaks(["completions", shell, "--json"], { cwd: home, home });
    expect(json()).toEqual({ shell, script: stdout });
  }
  expect((await runPaks(["completions", "csh"], { cwd: home, home })).exit).toBe(2);
});

/** As bash itself splits a line: at `=` and `:` too. */
const bashRows: [line: string, words: string[], replies: string[]][] = [
  ["paks doct", ["paks", "doct"], ["doctor"]],
  ["paks agent ", ["paks", "agent", ""], ["list", "show", "default", "add", "remove"]],
  ["paks install --agent claude-code,curs", ["paks", "install", "--agent", "claude-code,curs"], ["claude-code,cursor"]],
  ["paks install --agent=curs", ["paks", "install", "--agent", "=", "curs"], ["cursor"]],
  ["paks search --color=", ["paks", "search", "--color", "="], ["auto", "always", "never"]],
  ["paks validate a", ["paks", "validate", "a"], ["a file.txt"]],
  ["paks install acme/text@", ["paks", "install", "acme/text", "@"], [""]],
  ["paks install ./x@", ["paks", "install", "./x", "@"], ["@file"]],
  ["paks validate x@f", ["paks", "validate", "x", "@f"], ["@file"]],
  ["paks   --quiet   doct", ["paks", "--quiet", "doct"], ["doctor"]],
];
test.runIf(has("bash"))("bash replaces just the part of the word that it completes", async () => {
  const { run } = await open();
  const script = bashRows.map(([line, words]) => {
    const quoted = words.map((word) => `"${word}"`).join(" ");
    return `COMP_LINE="${line}" COMP_POINT=${line.length} COMP_WORDS=(${quoted}) COMP_CWORD=${words.length - 1}
      _paks paks "" ""; printf '<%s>' "\${COMPREPLY[@]}"; echo`;
  });
  const { stdout, stderr } = await run([
    "bash",
    "--norc",
    "-c",
    `eval "$(paks completions bash)"\n${script.join("\n")}`,
  ]);
  const expected = bashRows.map(([, , replies]) => replies.map((one) => `<${one}>`).join(""));
  expect([stdout.trim().split("\n"), stderr.replaceAll(/.*compopt.*\n?/g, "")]).toEqual([expected, ""]);
});

test.runIf(has("bash") && has("script"))(
  "in a terminal, bash completes a command and its flag at the key",
  async () => {
    const { run } = await open();
    const { stdout } = await run(
      ["script", "-qec", "bash --norc --noprofile -i", "/dev/null"],
      'PS1=; eval "$(paks completions bash)"\npaks doct\t--hel\t\nexit\n',
    );
    expect(stdout).toContain("paks doctor");
    expect(stdout).toContain("when something does not work");
  },
);

test.runIf(has("zsh") && has("script"))("in a terminal, zsh completes a command and its flag at the key", async () => {
  const { run } = await open();
  const { stdout } = await run(
    ["script", "-qec", "zsh -f -i", "/dev/null"],
    'PS1=; autoload -Uz compinit && compinit -u -D; eval "$(paks completions zsh)"\npaks doct\t--hel\t\nexit\n',
  );
  expect(stdout).toContain("when something does not work");
});

test.runIf(has("fish"))("fish offers commands with what they do, values of flags, and files", async () => {
  const { run } = await open();
  const asked = ["paks doct", "paks agent ", "paks install --agent claude-code,curs", "paks validate a"];
  const script = asked.map((line) => `complete -C '${line}'; echo ==`).join("; ");
  const { stdout } = await run(["fish", "--no-config", "-c", `paks completions fish | source; ${script}`]);
  const replies = stdout.split("==\n").map((block) =>
    block
      .trim()
      .split("\n")
      .map((line) => line.split("\t")[0]),
  );
  expect(replies[0]).toEqual(["doctor"]);
  expect(new Set(replies[1])).toEqual(new Set(["list", "show", "default", "add", "remove"]));
  expect(replies[2]).toEqual(["claude-code,cursor"]);
  expect(replies[3]?.join()).toContain("a file.txt");
});

test("PowerShell's script takes what a native completer is given, and its -- gets through npm's paks.ps1", async () => {
  const home = await tempFolder();
  const { stdout } = await runPaks(["completions", "powershell"], { cwd: home, home });
  // https://learn.microsoft.com/powershell/module/microsoft.powershell.core/register-argumentcompleter
  expect(stdout).toMatch(/^Register-ArgumentCompleter -Native -CommandName paks -ScriptBlock \{$/m);
  expect(stdout).toMatch(/^ +param\(\$wordToComplete, \$commandAst, \$cursorPosition\)$/m);
  // An empty completion, list item or tip ends the completer with an exception.
  expect(stdout).toMatch(/CompletionResult\]::new\(.*\$value, 'ParameterValue', \$tip\)/);
  // https://github.com/npm/cli/issues/4903: a bare `--` is taken by `paks.ps1` itself.
  expect(stdout).toMatch(/paks complete @next '--' @words/);
});

test.runIf(has("pwsh"))("PowerShell offers commands and values of flags", async () => {
  const { run } = await open();
  const asked = ["paks doct", "paks agent "];
  const script = asked.map(
    (line) => `(TabExpansion2 '${line}' ${line.length}).CompletionMatches.CompletionText -join ','`,
  );
  const { stdout } = await run([
    "pwsh",
    "-NoProfile",
    "-Command",
    `paks completions powershell | Out-String | Invoke-Expression; ${script.join("; ")}`,
  ]);
  expect(stdout.trim().split(/\r?\n/)).toEqual(["doctor", "list,show,default,add,remove"]);
});
