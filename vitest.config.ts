import { defineConfig } from "vitest/config";

/** What runs on both engines: everything that holds an SQL promise, unless its file's name says for which one. */
const onBothEngines = [
  "db/src/**/*.test.ts",
  "indexer/src/**/*.test.ts",
  "api/src/**/*.test.ts",
  "server/src/**/*.test.ts",
];

/**
 * Which tests start the program that users get. They run against paks on Node in `postgres`, and once more against the
 * standalone executable.
 */
const onStandalone = [
  "cli/src/{bin,working-folder}.test.ts",
  "cli/src/commands/{cache-info,config}.test.ts",
  "cli/src/completions/shells.test.ts",
  "cli/src/git-fallback/no-git.test.ts",
  "cli/src/install/{git-proxy,read-only-project,spoiled-places}.test.ts",
  "cli/src/keychain/secret-service.test.ts",
  "cli/src/network/trust.test.ts",
  "cli/src/store/no-home.test.ts",
  "e2e/src/{concurrent-install,frozen-install,torture-install,torture-store}.test.ts",
  "e2e/src/{hostile-registry,hostile-terminal,kill-publish}.test.ts",
];

/** What only the standalone executable promises. */
const onlyStandalone = ["cli/src/standalone.test.ts", "cli/src/git-fallback/standalone-child.test.ts"];

export default defineConfig({
  test: {
    pool: "forks",
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Anything a test leaves running fails the run instead of hanging it.
    teardownTimeout: 10_000,
    projects: [
      {
        extends: true,
        test: {
          name: "postgres",
          include: ["{schema,locks,db,git,objects,targets,indexer,api,server,cli,e2e}/src/**/*.test.ts"],
          exclude: ["**/node_modules/**", "**/*.embedded.test.ts", ...onlyStandalone],
          env: { PAKS_TEST_ENGINE: "postgres" },
        },
      },
      {
        extends: true,
        test: {
          name: "embedded",
          include: onBothEngines,
          exclude: ["**/node_modules/**", "**/*.postgres.test.ts"],
          env: { PAKS_TEST_ENGINE: "embedded" },
        },
      },
      {
        extends: true,
        test: {
          name: "standalone",
          include: [...onStandalone, ...onlyStandalone],
          env: { PAKS_TEST_ENGINE: "embedded", PAKS_TEST_PROGRAM: "standalone" },
        },
      },
    ],
  },
});
