import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { workspaceRoot } from "./executables.ts";
import { run } from "./run.ts";

/**
 * The programs of others that tests and benchmarks run. They are no dependencies of ours: npm installs each at its exact
 * version into `.cache/` of the workspace, which git ignores, from the registry that the user has configured.
 *
 * @param spec name and exact version, as `skills@1.7.4`
 * @returns its `node_modules`
 * @throws what npm said
 */
export async function requireNpmPackage(spec: string): Promise<string> {
  const folder = join(workspaceRoot, ".cache", "npm", spec.replaceAll("/", "+"));
  if (existsSync(folder)) return join(folder, "node_modules");
  // Beside it and renamed: what was killed on its way is never taken for installed.
  const fresh = `${folder}-${process.pid}`;
  try {
    await mkdir(fresh, { recursive: true });
    await writeFile(join(fresh, "package.json"), `{ "private": true }\n`);
    const args = [
      "install",
      "--loglevel=error",
      "--no-audit",
      "--no-fund",
      "--no-package-lock",
      `--prefix=${fresh}`,
      spec,
    ];
    const installed = await run("npm", args, { cwd: fresh, env: environment(), timeout: 600_000 });
    if (installed.exitCode !== 0) throw new Error(`npm could not install ${spec}: ${firstError(installed.stderr)}`);
    await rename(fresh, folder);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
  return join(folder, "node_modules");
}

/** A Node for what asks for 22, while ours promise to run on 20.19: this one where it is new enough. */
export async function requireNode22(): Promise<string> {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 20)) return process.execPath;
  // What the package `node` fetches in an install script, which newer npm does not run unasked.
  const name = `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`;
  const modules = await requireNpmPackage(`${name}@22.23.3`);
  return join(modules, name, "bin", process.platform === "win32" ? "node.exe" : "node");
}

const environment = (): Record<string, string> =>
  Object.fromEntries(Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined));

const firstError = (stderr: string): string =>
  stderr.split("\n").find((line) => line.startsWith("npm error")) ?? stderr.slice(-200);
