import { spawn } from "node:child_process";
import { checkJson } from "./check-json.ts";
import { paksWordsOf } from "./paks-command.ts";

export interface ProcessOptions {
  readonly cwd: string;
  /** All of it: nothing is inherited but PATH. */
  readonly environment: Readonly<Record<string, string>>;
  readonly input?: string;
  /** Another user, whom the modes of files bind; only root can be one. */
  readonly uid?: number | undefined;
  /** Killed after so many milliseconds: `exit` is null then. */
  readonly timeout?: number;
}

export interface ProcessResult {
  readonly exit: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. What paks prints with `--json` is held against the documented schema. */
export async function runProcess(command: readonly string[], options: ProcessOptions): Promise<ProcessResult> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    // Windows starts no program without the second.
    env: { PATH: process.env["PATH"], SystemRoot: process.env["SystemRoot"], ...options.environment },
    stdio: ["pipe", "pipe", "pipe"],
    ...(options.uid === undefined ? {} : { uid: options.uid, gid: options.uid }),
    ...(options.timeout === undefined ? {} : { timeout: options.timeout, killSignal: "SIGKILL" }),
  });
  const text = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (text.stdout += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (text.stderr += chunk));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  const exit = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  // What was killed printed nothing, or a part.
  const words = paksWordsOf(command);
  if (words !== undefined && exit !== null) checkJson(words, { exit, stdout: text.stdout });
  return { exit, ...text };
}
