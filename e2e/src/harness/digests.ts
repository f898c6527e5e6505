import { readFile, readdir, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { type ReleaseFile, describeFiles } from "@paks/schema";
import { run } from "./run.ts";

/** The files below a folder, as a release would hold them. */
export async function readFolder(folder: string): Promise<ReleaseFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.map(async (file) => ({
      path: relative(folder, file).split(sep).join("/"),
      executable: ((await stat(file)).mode & 0o100) !== 0,
      bytes: await readFile(file),
    })),
  );
}

export const describeInstalled = async (folder: string) => describeFiles(await readFolder(folder));

/** The line of docs/formats.md that anyone can type; undefined where GNU coreutils are not installed. */
const coreutilsLine =
  "find . -type f -printf '%P\\0' | LC_ALL=C sort -z | xargs -0r sha256sum -- | sha256sum | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64";

export async function digestByCoreutils(folder: string): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  const env = { PATH: process.env["PATH"] ?? "" };
  const present = await run("sh", ["-c", "command -v basenc"], { cwd: folder, env });
  if (present.exitCode !== 0) return undefined;
  const finished = await run("sh", ["-c", coreutilsLine], { cwd: folder, env });
  return `h1:${finished.stdout.trim()}`;
}
