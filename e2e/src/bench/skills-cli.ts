import { readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../harness/lab.ts";
import { requireNode22, requireNpmPackage } from "../harness/npm-packages.ts";
import type { Side } from "./measure.ts";

export const skillsCliVersion = "1.7.4";

export interface SkillsCli {
  readonly node: string;
  /** The file that its `bin` names: `npx` before it would be more than half of what is measured. */
  readonly bin: string;
}

/** @throws where npm cannot install it */
export async function openSkillsCli(): Promise<SkillsCli> {
  const modules = await requireNpmPackage(`skills@${skillsCliVersion}`);
  return { node: await requireNode22(), bin: join(modules, "skills", "bin", "cli.mjs") };
}

interface Added {
  readonly name: string;
  readonly tag: string;
  readonly remote: string;
  /** A copy out of a clone of the tag: what must be there after it, byte by byte. */
  readonly copy: string;
}

/** The npm CLI `skills` asked for one skill at its tag: a clone, discovery, a copy and its own lock file. */
export async function skillsCliSide(lab: Lab, cli: SkillsCli, added: Added): Promise<Side> {
  const { name, tag, remote, copy } = added;
  const cwd = await lab.folder(`skills-cli-${name}`);
  return {
    name: `skills ${skillsCliVersion}`,
    file: cli.node,
    args: [cli.bin, "add", `${remote}#${tag}`, "--skill", name, "--agent", "claude-code", "--yes"],
    cwd,
    // Turns off its requests for security audits too: there is no network in this comparison.
    env: lab.env({ DISABLE_TELEMETRY: "1" }),
    before: () => {
      for (const left of readdirSync(cwd)) rmSync(join(cwd, left), { recursive: true });
    },
    after: () => checkSameFiles(copy, join(cwd, ".claude", "skills", name)),
    mayFail: true,
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
