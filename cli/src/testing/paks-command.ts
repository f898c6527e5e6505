import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The workspace's root, found from the source as well as from the bundle in `e2e/dist`. */
function findRoot(from: string): string {
  let folder = dirname(fileURLToPath(from));
  while (!existsSync(join(folder, "pnpm-workspace.yaml"))) folder = dirname(folder);
  return folder;
}

export const workspaceRoot = findRoot(import.meta.url);
/** The file that `bin` of cli/package.json names. */
export const paksOnNode = join(workspaceRoot, "cli", "bin", "paks.js");
/** Made by `npm run build:standalone`. */
export const standaloneFile = join(
  workspaceRoot,
  "cli",
  "standalone",
  process.platform === "win32" ? "paks.exe" : "paks",
);

const programs = {
  node: {
    command: [process.execPath, paksOnNode],
    made: join(workspaceRoot, "cli", "dist", "paks.js"),
    by: "npm run build",
  },
  standalone: {
    command: [standaloneFile],
    made: standaloneFile,
    by: "npm run build:standalone",
  },
} as const;

/** Which of the programs that users get is started: `PAKS_TEST_PROGRAM` of the project in vitest.config.ts. */
const program = process.env["PAKS_TEST_PROGRAM"] === "standalone" ? programs.standalone : programs.node;
/** For what only one of them can do. */
export const isStandaloneTested: boolean = program === programs.standalone;

/** The program with its leading words, which `words` of a command line follow. `npm test` builds it first. */
export function paksCommand(...words: readonly string[]): [string, ...string[]] {
  if (!existsSync(program.made)) throw new Error(`${program.made} is not there: ${program.by}`);
  const [file, ...leading] = program.command;
  return [file, ...leading, ...words];
}

/** The same as words of a shell's script. */
export const paksInShell = (): string =>
  paksCommand()
    .map((word) => `"${word}"`)
    .join(" ");

/** What paks itself is told in a command; `undefined` when it is not paks that it starts. */
export function paksWordsOf(command: readonly string[]): readonly string[] | undefined {
  const leading: readonly string[] = program.command;
  return leading.every((word, index) => command[index] === word) ? command.slice(leading.length) : undefined;
}
