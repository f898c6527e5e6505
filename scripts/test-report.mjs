// What vitest's own JSON report leaves out: the project that a test ran in.
import { writeFileSync } from "node:fs";

export default class TestReport {
  onTestRunEnd(modules) {
    const tests = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => ({
        project: module.project.name,
        name: `${module.relativeModuleId}: ${test.fullName}`,
        state: test.result().state,
      })),
    );
    const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
    // A file that cannot be loaded, a hook that fails: nothing that they hold has run.
    const broken = suites.filter((one) => one.errors().length > 0).length;
    writeFileSync(process.env.PAKS_TEST_REPORT, JSON.stringify({ tests, broken }));
  }
}
