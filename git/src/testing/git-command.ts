import { spawn } from "node:child_process";
import { devNull } from "node:os";

/** What a test's git sees: nothing of the machine's or the developer's configuration. */
export const testGitEnv = (): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: devNull,
  LC_ALL: "C",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: devNull,
  GIT_TERMINAL_PROMPT: "0",
});

/** Runs git for a test and returns what it printed; throws with its stderr when it fails. */
export function testGit(
  dir: string,
  args: readonly string[],
  options: { input?: Uint8Array | string; env?: Record<string, string> } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("git", args, { cwd: dir, env: { ...testGitEnv(), ...options.env }, stdio: "pipe" });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => undefined); // git may end before it has read everything
    child.stdin.end(options.input ?? "");
    child.on("error", reject);
    child.on("close", (code) => {
      const text = Buffer.concat(out).toString("utf8");
      if (code === 0) resolve(text);
      else reject(new Error(`git ${args.join(" ")} → ${code}\n${Buffer.concat(err).toString("utf8")}`));
    });
  });
}
