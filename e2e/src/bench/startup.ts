import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { executables } from "../harness/executables.ts";
import { type Side, measureInTurn, putAway } from "./measure.ts";
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

/** Start-up of the executable that cli/package.json names, against a Node that does nothing, and against npm. */
export async function compareStartup(runs: number): Promise<Comparison[]> {
  const folder = mkdtempSync(join(tmpdir(), "paks-bench-"));
  const home = join(folder, "home");
  const pak = join(folder, "pdf-forms");
  writeFolder(pak, skill);
  const paks = (name: string, ...args: string[]): Side => ({
    name,
    file: process.execPath,
    args: [executables.paks, ...args],
    cwd: pak,
    env: { HOME: home, XDG_CONFIG_HOME: undefined, XDG_CACHE_HOME: undefined },
  });
  const installed = join(folder, "installed");
  const local: Record<string, readonly string[]> = {
    validate: ["validate"],
    // The folder is gone again when the last pak has been removed.
    install: ["install", pak, "--dir", installed],
    list: ["list", "--dir", installed],
    remove: ["remove", "pdf-forms", "--dir", installed],
    create: ["create", "another", "--output", join(folder, "another"), "--no-input"],
  };
  const [bare, npm, version, help, ...commands] = await measureInTurn(
    [
      { name: "node -e 0", file: process.execPath, args: ["-e", "0"] },
      { name: "npm --version", file: "npm", args: ["--version"], cwd: folder },
      paks("paks --version", "--version"),
      paks("paks --help", "--help"),
      ...Object.entries(local).map(([name, args]) => ({
        ...paks(`paks ${name}`, ...args),
        before: () => putAway(folder, join(folder, "another")),
      })),
    ],
    runs,
  );
  if (!bare || !npm || !version || !help || !commands[0]) throw new Error("a side is missing");
  return [
    { what: "paks --version / node -e 0", ours: version, theirs: bare, atMost: 1.6 },
    { what: "paks --help / node -e 0", ours: help, theirs: bare, atMost: 1.6 },
    { what: "paks validate / node -e 0", ours: commands[0], theirs: bare, atMost: 4 },
    ...commands.map((ours) => ({ what: `${ours.name} / npm --version`, ours, theirs: npm, atMost: 1 })),
  ];
}

function writeFolder(folder: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "SKILL.md"), text);
}
