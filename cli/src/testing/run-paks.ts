import { Readable, Writable } from "node:stream";
import type { Environment } from "../config.ts";
import type { Machine, Output } from "../machine.ts";
import { main } from "../main.ts";
import type { Fetch } from "../network/fetch.ts";
import { checkJson } from "./check-json.ts";

export interface RunOptions {
  readonly cwd: string;
  /** An empty folder of the test's own; the CLI keeps its config, tokens and cache below it. */
  readonly home: string;
  /** Added to an otherwise empty environment in which tokens are kept in the file. */
  readonly environment?: Environment;
  /** An array: what is typed at the first question, at the second … */
  readonly stdin?: string | readonly string[];
  readonly fetch?: Fetch;
  readonly clock?: () => Date;
  readonly signal?: AbortSignal;
  /** Pretends that stdin and stderr are terminals. */
  readonly terminal?: boolean;
  /** Pretends that stdout is one too. */
  readonly stdoutIsTerminal?: boolean;
  /** Width of stdout; what the program assumes when absent. */
  readonly columns?: number;
}

export interface RunResult {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
  /** stdout as the one JSON value it must be. */
  json(): unknown;
}

/**
 * Runs a command in this process: the real `main` with streams and an environment of the test's own. What it prints
 * with `--json` is held against the documented schema.
 */
export async function runPaks(argv: readonly string[], options: RunOptions): Promise<RunResult> {
  const stdout = sink(options.stdoutIsTerminal === true, options.columns);
  const stderr = sink(options.terminal === true);
  const exit = await main(argv, machineOf(options, stdout.stream, stderr.stream));
  checkJson(argv, { exit, stdout: stdout.text() });
  return { exit, stdout: stdout.text(), stderr: stderr.text(), json: () => JSON.parse(stdout.text()) as unknown };
}

function machineOf(options: RunOptions, stdout: Output, stderr: Output): Machine {
  const typed = typeof options.stdin === "string" ? undefined : options.stdin?.values();
  const nextInput = (): string | undefined => (typeof options.stdin === "string" ? options.stdin : typed?.next().value);
  return {
    cwd: options.cwd,
    home: options.home,
    platform: process.platform,
    uid: process.getuid?.(),
    environment: { PATH: process.env["PATH"], HOME: options.home, PAKS_KEYCHAIN: "file", ...options.environment },
    stdinIsTty: options.terminal === true,
    stdin: () => {
      const text = nextInput();
      return Readable.from(text === undefined ? [] : [Buffer.from(text)]);
    },
    stdout,
    stderr,
    clock: options.clock ?? (() => new Date()),
    fetch: options.fetch,
    signal: options.signal ?? new AbortController().signal,
  };
}

function sink(isTTY: boolean, columns?: number): { stream: Output; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write: (chunk: Buffer | string, _encoding, done) => {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return {
    stream: Object.assign(stream, { isTTY, ...(columns === undefined ? {} : { columns }) }),
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}
