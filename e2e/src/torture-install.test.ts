import { expect, test } from "vitest";
import { tortured } from "./torture/commands.ts";
import { hasStrace } from "./torture/strace.ts";
import { torture } from "./torture/torture.ts";

for (const command of tortured)
  test.skipIf(!hasStrace)(
    `${command.name}: SIGKILL, EIO, ENOSPC or EACCES at any call leaves the old, the new or nothing, and the next command ends it`,
    { timeout: 3_600_000 },
    async () => {
      const { failures, missed, ...tally } = await torture(command);
      const kinds = Object.entries(tally.met).map(([kind, count]) => `${kind} ${count}`);
      process.stderr.write(
        `${command.name}: ${tally.targets} faults in ${tally.injected} runs, ${missed.length} missed, ${failures.length} failures: ${kinds.toSorted().join(", ")}\n${missed.map((one) => `  missed ${one}\n`).join("")}`,
      );
      expect(failures).toEqual([]);
      // Which call has which number differs a little from run to run.
      expect(missed.length).toBeLessThan(1 + tally.targets * 0.1);
    },
  );
