import { createReadStream, fstatSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { failUncaught, guardStranded, leave, loseOutput, watchOutputs } from "./output/end-process.ts";
import { openOutput } from "./output/open-output.ts";
import { homeFolder } from "./start/home-folder.ts";
import { version } from "./version.ts";

const argv = process.argv.slice(2);

for (const event of ["uncaughtException", "unhandledRejection"]) process.on(event, failUncaught);

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
    const failure = error as NodeJS.ErrnoException;
    if (failure.code === "EAGAIN") void writeWhenRead(bytes.subarray(written), then);
    else loseOutput(failure);
  }
}

/** To a pipe that is full for the moment, and whose reader may yet leave. */
async function writeWhenRead(bytes: Uint8Array, then: () => void): Promise<void> {
  const stdout = await openOutput(1);
  stdout.on("error", loseOutput).write(bytes, (error) => {
    if (error === null || error === undefined) then();
  });
}

async function run(): Promise<void> {
  const { isatty } = await import("node:tty");
  const [stdout, stderr] = await Promise.all([openOutput(1), openOutput(2)]);
  const { main, readEnvironment, stopped, stranded } = await import("./main.ts");
  watchOutputs({ stdout, stderr });
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
  const done = guardStranded(stop, stranded);
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
  done();
  leave(code, { stdout, stderr });
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
