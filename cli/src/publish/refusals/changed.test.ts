import { changedOfMonorepo } from "./situations.ts";
import { testRefusals } from "./test-refusals.ts";

for (const situation of changedOfMonorepo) testRefusals(situation);
