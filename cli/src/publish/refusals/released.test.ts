import { released } from "./situations.ts";
import { testRefusals } from "./test-refusals.ts";

for (const situation of released) testRefusals(situation);
