import { allOfMonorepo } from "./situations.ts";
import { testRefusals } from "./test-refusals.ts";

for (const situation of allOfMonorepo) testRefusals(situation);
