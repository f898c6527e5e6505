import { fresh } from "./situations.ts";
import { testRefusals } from "./test-refusals.ts";

for (const situation of fresh) testRefusals(situation);
