import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compareFetch } from "./fetch.ts";
import { compareCi, compareInstall } from "./install.ts";
import { compareMonorepo, comparePublish } from "./publish.ts";
import { measureRegistryStart } from "./registry-start.ts";
import { type Comparison, formatComparison, header, holds } from "./report.ts";
import { compareStartup } from "./startup.ts";

const usage = `npm run bench [-- startup|publish|monorepo|fetch|install|ci|registry …]   (all when none is named)

  Medians of whole processes, all sides in turn in one run. Absolute times depend on the machine; the ratios are what
  is promised. Ends with 1 when a promised ratio does not hold. \`install\` measures the npm CLI \`skills\` as a third
  side, which npm installs into .cache/ and which promises nothing. Where others use the CPU, the side that does more by
  itself waits longer for it: \`chrt -f 10 npm run bench\` (Linux, as root) measures as if nobody else were there.`;

const benches: Record<string, () => Promise<Comparison[]>> = {
  startup: () => compareStartup(20),
  publish: () => comparePublish(10),
  monorepo: () => compareMonorepo(5),
  fetch: () => compareFetch(5),
  install: () => compareInstall(10),
  ci: () => compareCi(5),
  registry: () => measureRegistryStart(),
};

async function main(args: readonly string[]): Promise<number> {
  const unknown = args.filter((name) => !Object.hasOwn(benches, name));
  if (unknown.length > 0) {
    process.stdout.write(`${usage}\n`);
    return args.includes("--help") ? 0 : 2;
  }
  let failed = 0;
  process.stdout.write(`${header}
`);
  for (const [name, bench] of Object.entries(benches)) {
    if (args.length > 0 && !args.includes(name)) continue;
    for (const comparison of await bench()) {
      process.stdout.write(`${formatComparison(comparison)}\n`);
      if (!holds(comparison)) failed += 1;
    }
  }
  return failed === 0 ? 0 : 1;
}

/** In a folder of its own, which is deleted at the end: see `putAway`. */
async function inOwnFolder(work: () => Promise<number>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), "paks-bench-"));
  for (const name of ["TMPDIR", "TEMP", "TMP"]) process.env[name] = folder;
  try {
    return await work();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await inOwnFolder(() => main(process.argv.slice(2)));
