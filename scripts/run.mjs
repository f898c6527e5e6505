// `npm run <what>` on a clean clone: set up, then run it with the arguments that were given.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { root, setup } from "./setup.mjs";

const programs = {
  start: { file: "server/bin/paks-registry.js", args: ["all"] },
  demo: { file: "e2e/dist/demo.js", args: [] },
  bench: { file: "e2e/dist/bench.js", args: [], standalone: true },
  docs: { file: "e2e/dist/docs.js", args: [] },
  "build:standalone": { file: "scripts/standalone.mjs", args: [] },
  test: { file: "scripts/test.mjs", args: [] },
  "test:tools": {
    file: "node_modules/vitest/vitest.mjs",
    args: ["run", "--project", "postgres", "e2e/src/tools-find-skills.test.ts"],
    env: { PAKS_TEST_TOOLS: "npm" },
  },
};

const [name = "", ...rest] = process.argv.slice(2);
const program = programs[name];
if (!program) {
  process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(programs).join("|")}\n`);
  process.exit(2);
}
await setup();
if (program.standalone) await (await import("./standalone.mjs")).buildStandalone();
const child = spawn(process.execPath, [join(root, program.file), ...program.args, ...rest], {
  stdio: "inherit",
  cwd: process.cwd(),
  env: { ...process.env, ...program.env },
});
// The program decides how to end; passing the signal on is enough.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
