import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startRegistryProcess } from "../harness/registry-process.ts";
import type { Comparison } from "./report.ts";

const promisedSeconds = 5;

/** From the start of `paks-registry all` to its first answer, on an empty and on an existing data directory. */
export async function measureRegistryStart(): Promise<Comparison[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "paks-bench-registry-"));
  const second = { name: "one second", times: [1000], median: 1000 };
  const fresh = await startOnce(dataDir);
  const existing: number[] = [];
  for (let run = 0; run < 5; run += 1) existing.push(await startOnce(dataDir));
  existing.sort((a, b) => a - b);
  return [
    {
      what: "first answer, new data directory / 1 s",
      ours: { name: "fresh", times: [fresh], median: fresh },
      theirs: second,
    },
    {
      what: "first answer, existing directory / 1 s",
      ours: { name: "existing", times: existing, median: existing[2]! },
      theirs: second,
      atMost: promisedSeconds,
    },
  ];
}

async function startOnce(dataDir: string): Promise<number> {
  const started = performance.now();
  const registry = await startRegistryProcess({ dataDir, env: { PATH: process.env["PATH"] ?? "", HOME: dataDir } });
  const took = performance.now() - started;
  await registry.stop();
  return took;
}
