import { createReadStream, fstatSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import type { Output } from "./machine.ts";
import { homeFolder } from "./start/home-folder.ts";
import { isStandalone } from "./start/is-standalone.ts";
import { version } from "./version.ts";

const argv = process.argv.slice(2);
/** stdout could not be written, and that is what the process ends with. */
let isLost = false;
/** stderr could not be written. */
let isMute = false;

for (const event of ["uncaughtException", "unhandledRejection"])
  process.on(event, (error: unknown) => void failUncaught(error));

// No top-level await: the bundle is CommonJS, whose loader is a third faster than that of modules.
void start();

async function start(): Promise<void> {
  const [word] = argv;
  // Asked for by scripts and editors all the time, so nothing that these two do not need is loaded.
  if (argv.length === 1 && (word === "--version" || word === "-V")) writeDirectly(`${version}\n`);
  else if (argv.length === 0 || (argv.length === 1 && (word === "--help" || word === "-h"))) await writeHelp();
  else if (word === "complete" && argv.includes("--")) await writeCompletions();
  else await run();
}

/** What the shells' completions ask at each press of a key: never an error, and no network but the registry's cache. */
async function writeCompletions(): Promise<void> {
  const { runComplete } = await import("./completions/run-complete.ts");
  const at = argv.indexOf("--");
  const next = argv.slice(0, at).includes("--next");
  const words = [...argv.slice(at + 1), ...(next ? [""] : [])];
  const place = { cwd: currentFolder().cwd, home: homeFolder(), platform: process.platform };
  // A registry that did not answer in time may still be connected.
  writeDirectly(await runComplete(words, place), () => process.exit(0));
}

async function writeHelp(): Promise<void> {
  const [{ formatRootHelp }, { commandTable }] = await Promise.all([
    import("./help.ts"),
    import("./commands/table.ts"),
  ]);
  writeDirectly(`${formatRootHelp(commandTable)}\n`);
}

/** To stdout without Node's streams, which take a tenth of a bare start. */
function writeDirectly(text: string, then: () => void = () => undefined): void {
  const bytes = Buffer.from(text);
  let written = 0;
  try {
    while (written < bytes.length) written += writeSync(1, bytes, written);
    then();
  } catch (error) {
    // A pipe that is full for the moment is the streams' business; one that nobody reads is nobody's.
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") process.stdout.write(bytes.subarray(written), () => then());
    else void loseOutput(error as NodeJS.ErrnoException);
  }
}

/** A reader that is gone (`| head`) is no failure. Everything else would be taken for the whole output. */
async function loseOutput(error: NodeJS.ErrnoException): Promise<void> {
  if (error.code === "EPIPE") process.exit(0);
  if (isLost) return;
  isLost = true;
  const { describeLostOutput } = await import("./output/lost-output.ts");
  const { text, exit } = describeLostOutput(error);
  leaveWith(text, exit);
}

/**
 * What no command caught. The runtimes print it as it is, with whatever a stranger's file or host put into the message,
 * and Bun 1.4.4 prints lines of our code with it.
 */
async function failUncaught(error: unknown): Promise<void> {
  if (isLost) return;
  isLost = true;
  const { exitOf, formatError, toPaksError } = await import("./output/errors.ts");
  const failure = toPaksError(error);
  const text = formatError(failure, { verbose: argv.includes("--verbose") });
  leaveWith(`${text}\n`, exitOf(failure));
}

/** Where stderr cannot be written either, the exit code is all that can be said. */
function leaveWith(text: string, exit: number): void {
  if (!isStandalone) {
    process.stderr.on("error", () => undefined).write(text, () => process.exit(exit));
    return;
  }
  try {
    writeSync(2, text);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
  process.exit(exit);
}

/** The runtime's own stream, but for a file, and of Bun only for a terminal. */
async function openOutput(fd: 1 | 2, isTerminal: boolean): Promise<Output> {
  const isOwn = isTerminal || (fd === 2 && !isStandalone);
  const kind = isOwn ? undefined : fstatSync(fd);
  const isPipe = kind?.isFIFO() === true || kind?.isSocket() === true;
  if (isOwn || (isPipe && !isStandalone)) return fd === 1 ? process.stdout : process.stderr;
  if (isPipe) return (await import("./output/pipe-output.ts")).openPipeOutput(fd);
  return (await import("./output/file-output.ts")).openFileOutput(fd);
}

async function run(): Promise<void> {
  const { isatty } = await import("node:tty");
  const [stdout, stderr] = await Promise.all([openOutput(1, isatty(1)), openOutput(2, isatty(2))]);
  const { main, readEnvironment, stopped, stranded } = await import("./main.ts");
  stdout.on("error", (error: NodeJS.ErrnoException) => void loseOutput(error));
  // Nobody can be told; what the command does is not left half done for it.
  stderr.on("error", () => (isMute = true));
  for (const stream of [stdout, stderr]) {
    // Some containers' terminals say that they have no width, and everything would be wrapped after each letter.
    if (stream.columns === 0) Object.assign(stream, { columns: 80 });
  }
  const stop = new AbortController();
  process.on("SIGINT", () => {
    // The second Ctrl-C means now.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(stopped());
  });
  const fail = () => failStranded(stop, stranded);
  process.on("beforeExit", fail);
  const code = await main(argv, {
    ...currentFolder(),
    home: homeFolder(),
    platform: process.platform,
    uid: process.getuid?.(),
    environment: readEnvironment(),
    stdinIsTty: isatty(0),
    stdin: openInput,
    stdout,
    stderr,
    clock: () => new Date(),
    signal: stop.signal,
  });
  process.off("beforeExit", fail);
  leave(code, { stdout, stderr });
}

/** Only this file ends the process, and only when all output is on its way. */
function leave(code: number, { stdout, stderr }: { readonly stdout: Output; readonly stderr: Output }): void {
  process.exitCode = code;
  whenWritten(stdout, (error) => {
    if (error !== null && error !== undefined) void loseOutput(stdout.errored ?? error);
    else if (!isLost) leaveStderr(stderr, () => process.exit(code));
  });
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

/** In none that has a path, `main` says so, and what needs no folder works. */
function currentFolder(): { readonly cwd: string; readonly cwdFailure?: string | undefined } {
  try {
    return { cwd: process.cwd() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { cwd: "", cwdFailure: code };
  }
}

/** A folder is opened by us: of one, Node 20 makes an input that is empty, and Bun 1.4 fails in words of its own. */
const openInput = (): Readable => (fstatSync(0).isDirectory() ? createReadStream("", { fd: 0 }) : process.stdin);

/**
 * A process that has nothing left to wait for ends, with 0, whatever its command was waiting for. The command is told to
 * stop first, so that it puts the terminal and its files in order.
 */
function failStranded(stop: AbortController, stranded: () => Error): void {
  if (stop.signal.aborted) {
    void failUncaught(stop.signal.reason);
    return;
  }
  stop.abort(stranded());
  // Comes back here when that did not help.
  setImmediate(() => undefined);
}
