import type { Output } from "../machine.ts";
import { isStandalone } from "../start/is-standalone.ts";
import { openOutput } from "./open-output.ts";

// How the program ends. With 0 only when the command said so and all output is on its way, or when the reader of stdout is
// gone. Whatever else happens ends with another code, and in words where stderr can be written.

interface Outputs {
  readonly stdout: Output;
  readonly stderr: Output;
}

interface LastWords {
  readonly text: string;
  readonly exit: number;
}

/** Something that is not the command's own end is what the process ends with; the first one counts. */
let isFailing = false;
/** stderr could not be written. */
let isMute = false;
/** The command's, once it is open: what was written there before comes before the last words. */
let openStderr: Output | undefined;

/** From now on an output that fails ends the process, or is not used any more. */
export function watchOutputs({ stdout, stderr }: Outputs): void {
  openStderr = stderr;
  stdout.on("error", loseOutput);
  // Nobody can be told; what the command does is not left half done for it.
  stderr.on("error", () => (isMute = true));
}

/** A reader that is gone (`| head`) is no failure. Everything else would be taken for the whole output. */
export function loseOutput(error: NodeJS.ErrnoException): void {
  if (isFailing) return;
  // A command that has failed has failed all the same.
  if (error.code === "EPIPE") process.exit(process.exitCode ?? 0);
  fail(async () => (await import("./lost-output.ts")).describeLostOutput(error));
}

/**
 * What no command caught. The runtimes print it as it is, with whatever a stranger's file or host put into the message,
 * and Bun 1.4.4 prints lines of our code with it.
 */
export function failUncaught(error: unknown): void {
  fail(async () => {
    const { exitOf, formatError, toPaksError } = await import("./errors.ts");
    const failure = toPaksError(error);
    const text = formatError(failure, { verbose: process.argv.includes("--verbose") });
    return { text: `${text}\n`, exit: exitOf(failure) };
  });
}

/**
 * A process that has nothing left to wait for ends, with 0, whatever its command was waiting for. The command is told to
 * stop first, so that it puts the terminal and its files in order.
 * @returns what is called when the command is done
 */
export function guardStranded(stop: AbortController, stranded: () => Error): () => void {
  const onStranded = () => {
    if (stop.signal.aborted) {
      failUncaught(stop.signal.reason);
      return;
    }
    stop.abort(stranded());
    // Comes back here when that did not help.
    setImmediate(() => undefined);
  };
  process.on("beforeExit", onStranded);
  return () => process.off("beforeExit", onStranded);
}

/** The command's own end. */
export function leave(code: number, { stdout, stderr }: Outputs): void {
  if (isFailing) return;
  process.exitCode = code;
  whenWritten(stdout, (error) => {
    if (error !== null && error !== undefined) loseOutput(stdout.errored ?? error);
    else if (!isFailing) leaveStderr(stderr, () => process.exit(code));
  });
}

function fail(describe: () => Promise<LastWords>): void {
  if (isFailing) return;
  isFailing = true;
  // A process that stops on the way ends with this.
  process.exitCode = 1;
  void tell(describe).catch(() => process.exit(1));
}

async function tell(describe: () => Promise<LastWords>): Promise<void> {
  const { text, exit } = await describe().catch(describeBroken);
  const end = () => process.exit(exit);
  // Where stderr cannot be written either, the exit code is all that can be said.
  if (isMute) end();
  // As long as its reader takes, in both runtimes.
  const stderr = openStderr ?? (await openOutput(2));
  stderr.once("error", end).write(text, end);
}

/** An installation of which a part is missing has perhaps lost what finds the words too. */
function describeBroken(error: unknown): LastWords {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code !== undefined && /^[A-Z_]+$/.test(code) ? ` (${code})` : "";
  const text = `error[INTERNAL]: A part of paks cannot be loaded${reason}, nor what would say more of it.\nhint: Install paks again.\n`;
  return { text, exit: 1 };
}

function leaveStderr(stderr: Output, then: () => void): void {
  // In Bun a stream that has failed never says that it has ended.
  if (isMute) then();
  else whenWritten(stderr.once("error", then), then);
}

/**
 * Bun 1.4 says of an empty write that it is done while what was written before still waits for a slow reader. Node, when
 * told to end a stream that is a socket, would close it for everybody who writes there.
 */
function whenWritten(stream: Output, then: (error?: Error | null) => void): void {
  if (isStandalone) stream.end(then);
  else stream.write("", then);
}
