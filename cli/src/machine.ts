import type { Readable, Writable } from "node:stream";
import type { Environment } from "./config.ts";
import type { Fetch } from "./network/fetch.ts";

/** The process as `main` sees it; tests pass one of their own. */
export interface Machine {
  /** "" where the system does not say it; `cwdFailure` is its code for that. */
  readonly cwd: string;
  readonly cwdFailure?: string | undefined;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  /** Numeric user id; `undefined` on Windows. */
  readonly uid: number | undefined;
  readonly environment: Environment;
  readonly stdinIsTty: boolean;
  /** Opened only by what reads it: an open stdin keeps a process alive. */
  readonly stdin: () => Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: () => Date;
  /** Absent: the network as the configuration describes it. */
  readonly fetch?: Fetch | undefined;
  /** Aborted by Ctrl-C with a `CANCELLED` error as its reason, and when what a command waits for cannot come any more. */
  readonly signal: AbortSignal;
}

export type Output = Writable & { readonly isTTY?: boolean | undefined; readonly columns?: number | undefined };
