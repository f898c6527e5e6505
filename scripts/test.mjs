// Runs every test on a real Postgres of its own and on the embedded database, those that start the built program also
// against the standalone executable, then prints the counts.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./setup.mjs";
import { buildStandalone } from "./standalone.mjs";
import { startPostgres } from "./test-postgres.mjs";

const words = process.argv.slice(2);
/** What follows each `--project`; all of them when there is none. */
const projects = words.flatMap((word, index) =>
  word === "--project" ? [words[index + 1]] : word.startsWith("--project=") ? [word.slice("--project=".length)] : [],
);
const asked = projects.length === 0 || projects.some((name) => name === "standalone" || /[*!]/.test(name));
const { missing } = asked ? await buildStandalone() : {};
if (missing !== undefined) process.stderr.write(`test: not against the standalone executable: ${missing}\n`);

const folder = mkdtempSync(join(tmpdir(), "paks-test-"));
const report = join(folder, "report.json");
const postgres = await startPostgres();
process.stderr.write(`test: ${postgres.description}\n`);

let status;
try {
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const result = spawnSync(
    process.execPath,
    [
      vitest,
      "run",
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...(missing === undefined ? [] : ["--project=!standalone"]),
      ...words,
    ],
    {
      cwd: root,
      stdio: "inherit",
      env: {
        ...process.env,
        PAKS_TEST_DATABASE_URL: postgres.url,
        NO_COLOR: process.env.CI ? "1" : (process.env.NO_COLOR ?? ""),
      },
    },
  );
  status = result.status ?? 1;
} finally {
  await postgres.stop();
}

const summary = JSON.parse(readFileSync(report, "utf8"));
const results = summary.testResults.flatMap((file) =>
  file.assertionResults.map((one) => ({
    name: `${file.name.slice(root.length)}: ${one.fullName}`,
    status: one.status,
  })),
);
// What one engine passes over and the other runs has run on this machine.
const passed = new Set(results.filter((one) => one.status === "passed").map((one) => one.name));
const skipped = results.filter((one) => !["passed", "failed"].includes(one.status) && !passed.has(one.name));
if (skipped.length > 0)
  process.stdout.write(`\nnot run on this machine:\n${skipped.map((one) => `  ${one.name}\n`).join("")}`);
const failed = summary.numFailedTests + (status !== 0 && summary.numFailedTests === 0 ? 1 : 0);
process.stdout.write(
  `\n${summary.numPassedTests} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}\n`,
);
rmSync(folder, { recursive: true, force: true });
process.exit(status === 0 && summary.numPassedTests > 0 ? 0 : 1);
