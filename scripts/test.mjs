// Runs every test on a real Postgres of its own and on the embedded database, those that start the built program also
// against the standalone executable, then prints the counts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
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
if (missing !== undefined) {
  process.stderr.write(`test: not against the standalone executable: ${missing}\n`);
  if (projects.includes("standalone")) process.exit(1);
}

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
      `--reporter=${join(root, "scripts", "test-report.mjs")}`,
      ...(missing === undefined ? [] : ["--project=!standalone"]),
      ...words,
    ],
    {
      cwd: root,
      stdio: "inherit",
      env: {
        ...process.env,
        PAKS_TEST_DATABASE_URL: postgres.url,
        PAKS_TEST_REPORT: report,
        NO_COLOR: process.env.CI ? "1" : (process.env.NO_COLOR ?? ""),
      },
    },
  );
  status = result.status ?? 1;
} finally {
  await postgres.stop();
}

if (!existsSync(report)) {
  // vitest has said why it did not begin.
  rmSync(folder, { recursive: true, force: true });
  process.exit(1);
}
const { tests: results, broken } = JSON.parse(readFileSync(report, "utf8"));
const count = (state) => results.filter((one) => one.state === state).length;
const nameOf = ({ project, name }) => (project === "standalone" ? `${name} (standalone)` : name);
// What one engine passes over and another run passes has run on this machine. The standalone is another program.
const passed = new Set(results.filter(({ state }) => state === "passed").flatMap((one) => [one.name, nameOf(one)]));
const others = results.filter(({ state }) => state !== "passed" && state !== "failed").map(nameOf);
const skipped = [...new Set(others)].filter((name) => !passed.has(name));
if (skipped.length > 0)
  process.stdout.write(`\nnot run on this machine:\n${skipped.map((name) => `  ${name}\n`).join("")}`);
const failed = count("failed") + broken || (status === 0 ? 0 : 1);
process.stdout.write(
  `\n${count("passed")} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}\n`,
);
rmSync(folder, { recursive: true, force: true });
process.exit(status === 0 && count("passed") > 0 ? 0 : 1);
