import { writeSync } from "node:fs";
import { version } from "./version.ts";

const argv = process.argv.slice(2);

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
  const [{ runComplete }, { homedir }] = await Promise.all([
    import("./completions/run-complete.ts"),
    import("node:os"),
  ]);
  const at = argv.indexOf("--");
  const next = argv.slice(0, at).includes("--next");
  const words = [...argv.slice(at + 1), ...(next ? [""] : [])];
  writeDirectly(await runComplete(words, { cwd: currentFolder(), home: homedir(), platform: process.platform }));
  // A registry that did not answer in time may still be connected.
  leave(0);
}

async function writeHelp(): Promise<void> {
  const [{ formatRootHelp }, { commandTable }] = await Promise.all([
    import("./help.ts"),
    import("./commands/table.ts"),
  ]);
  writeDirectly(`${formatRootHelp(commandTable)}\n`);
}

/** To stdout without Node's streams, which take a tenth of a bare start. */
function writeDirectly(text: string): void {
  try {
    writeSync(1, text);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // A pipe that is full for the moment is the streams' business; one that nobody reads is nobody's.
    if (code === "EAGAIN") process.stdout.write(text);
    else if (code !== "EPIPE") throw error;
  }
}

async function run(): Promise<void> {
  const [{ main, readEnvironment, stopped }, { homedir }, { isatty }] = await Promise.all([
    import("./main.ts"),
    import("node:os"),
    import("node:tty"),
  ]);
  for (const stream of [process.stdout, process.stderr]) {
    // A reader that is gone (`| head`) is no failure.
    stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
    // Some containers' terminals say that they have no width, and everything would be wrapped after each letter.
    if (stream.columns === 0) stream.columns = 80;
  }
  const stop = new AbortController();
  process.on("SIGINT", () => {
    // The second Ctrl-C means now.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(stopped());
  });
  leave(
    await main(argv, {
      cwd: currentFolder(),
      home: homedir(),
      platform: process.platform,
      uid: process.getuid?.(),
      environment: readEnvironment(),
      stdinIsTty: isatty(0),
      stdin: () => process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
      clock: () => new Date(),
      signal: stop.signal,
    }),
  );
}

/** Only this file ends the process, and only when all output is on its way. */
function leave(code: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

/** "" when the folder was deleted under the shell; every path below it then fails by its own name. */
function currentFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
