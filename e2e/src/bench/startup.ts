import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Side, measureInTurn, putAway } from "./measure.ts";
import { type Program, programs } from "./programs.ts";
import type { Comparison } from "./report.ts";

const skill = `---
name: pdf-forms
description: Fills PDF forms from structured data. Use when a PDF with form fields has to be filled in.
license: Apache-2.0
metadata:
  version: "1.0.0"
---
# Filling PDF forms
`;

/** Start-up of our programs against a Node that does nothing, and against npm. */
export async function compareStartup(runs: number): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), "paks-bench-"));
  writeFolder(join(folder, "pdf-forms"), skill);
  const others = [
    { name: "node -e 0", file: process.execPath, args: ["-e", "0"] },
    { name: "npm --version", file: "npm", args: ["--version"], cwd: folder },
  ];
  const ours = programs().map((program) => ({ program, sides: paksSides(folder, program) }));
  const [bare, npm, ...all] = await measureInTurn([...others, ...ours.flatMap(({ sides }) => sides)], runs);
  if (!bare || !npm) throw new Error("a side is missing");
  return ours.flatMap(({ program, sides }, at) => {
    const [version, help, validate, ...commands] = all.slice(at * sides.length, (at + 1) * sides.length);
    if (!version || !help || !validate) throw new Error("a side is missing");
    const most = atMost[program.name]!;
    return [
      { what: `paks --version ${program.name} / node -e 0`, ours: version, theirs: bare, atMost: most.start },
      { what: `paks --help ${program.name} / node -e 0`, ours: help, theirs: bare, atMost: most.start },
      { what: `paks validate ${program.name} / node -e 0`, ours: validate, theirs: bare, atMost: most.validate },
      ...commands.map((one) => ({ what: `${one.name} / npm --version`, ours: one, theirs: npm, atMost: 1 })),
    ];
  });
}

/** Of a bare Node. The standalone is faster than any program that Node starts can be. */
const atMost: Readonly<Record<string, { readonly start: number; readonly validate: number }>> = {
  standalone: { start: 0.7, validate: 2 },
  "on Node": { start: 1.6, validate: 4 },
};

/** `--version`, `--help`, `validate`, and commands that change only files of this machine. */
function paksSides(folder: string, program: Program): Side[] {
  const pak = join(folder, "pdf-forms");
  const home = join(folder, `home ${program.name}`);
  const installed = join(folder, `installed ${program.name}`);
  const another = join(folder, "another");
  const commands: readonly (readonly string[])[] = [
    ["--version"],
    ["--help"],
    ["validate"],
    // The folder is gone again when the last pak has been removed.
    ["install", pak, "--dir", installed],
    ["list", "--dir", installed],
    ["remove", "pdf-forms", "--dir", installed],
    ["create", "another", "--output", another, "--no-input"],
  ];
  return commands.map((words) => ({
    name: `paks ${words[0]} ${program.name}`,
    file: program.file,
    args: [...program.args, ...words],
    cwd: pak,
    env: { HOME: home, XDG_CONFIG_HOME: undefined, XDG_CACHE_HOME: undefined },
    before: () => putAway(folder, another),
  }));
}

function writeFolder(folder: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "SKILL.md"), text);
}
