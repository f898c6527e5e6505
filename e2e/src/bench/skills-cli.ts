import { readdirSync, readFileSync, statSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import type { Lab } from "../harness/lab.ts";
import { requireNode22, requireNpmPackage } from "../harness/npm-packages.ts";
import { measureInTurn, putAway, type Side } from "./measure.ts";
import type { Third } from "./report.ts";

const version = "1.7.4";

interface Added {
  readonly name: string;
  readonly tag: string;
  readonly remote: string;
  /** The same with paks. */
  readonly paks: Side;
  /** The files of the tag: what must be there after it, byte by byte. */
  readonly copy: string;
}

/** In turn with paks again, and never a number for what it has not done. */
export async function compareWithSkillsCli(lab: Lab, runs: number, added: Added): Promise<Third> {
  const name = `skills ${version}`;
  try {
    const [ours, theirs] = await measureInTurn([added.paks, await skillsCliSide(lab, added)], runs);
    return { name, ours: ours!, theirs: theirs! };
  } catch (error) {
    return { name, notMeasured: (error instanceof Error ? error.message : String(error)).split("\n", 1)[0]! };
  }
}

/** The npm CLI `skills` asked for one skill at its tag: a clone, discovery, a copy and its own lock file. */
async function skillsCliSide(lab: Lab, { name, tag, remote, copy }: Added): Promise<Side> {
  const modules = await requireNpmPackage(`skills@${version}`);
  const cwd = await mkdtemp(join(lab.root, "skills-cli-"));
  return {
    name: "skills add",
    file: await requireNode22(),
    // The file that its `bin` names: the start of `npx` before it would be more than half of what is measured.
    args: [
      join(modules, "skills", "bin", "cli.mjs"),
      ...["add", `${remote}#${tag}`, "--skill", name, "--agent", "claude-code", "--yes"],
    ],
    cwd,
    // Turns off its requests for security audits too: there is no network in this comparison.
    env: lab.env({ DISABLE_TELEMETRY: "1", NODE_COMPILE_CACHE: join(lab.root, "skills-cli-cache") }),
    before: () => putAway(lab.root, ...readdirSync(cwd).map((left) => join(cwd, left))),
    after: () => checkSameFiles(copy, join(cwd, ".claude", "skills", name)),
  };
}

function checkSameFiles(expected: string, actual: string): void {
  const [wanted, found] = [expected, actual].map((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((path) => !path.startsWith(".git") && statSync(join(folder, path)).isFile())
      .toSorted(),
  ) as [string[], string[]];
  if (wanted.join("\n") !== found.join("\n")) throw new Error(`it installed ${found.length} of ${wanted.length} files`);
  const different = wanted.find((path) => !readFileSync(join(expected, path)).equals(readFileSync(join(actual, path))));
  if (different !== undefined) throw new Error(`it installed other bytes of ${different}`);
}
