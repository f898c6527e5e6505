import { isStandaloneTested } from "@paks/cli/testing";
import { test } from "vitest";
import { tortured } from "./torture/commands.ts";
import { expectUnharmed } from "./torture/report.ts";
import { hasStrace } from "./torture/strace.ts";
import { torture } from "./torture/torture.ts";

for (const command of tortured)
  test.skipIf(!hasStrace || (isStandaloneTested && command.killedIn?.isOneOfMany === true))(
    `${command.name}: SIGKILL, EIO, ENOSPC or EACCES at any call leaves the old, the new or nothing, and the next command ends it`,
    { timeout: 3_600_000 },
    async () => {
      expectUnharmed(command.name, await torture(command));
    },
  );
