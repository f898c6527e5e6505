import { homedir } from "node:os";
import { isatty } from "node:tty";
import { version } from "./version.ts";

const argv = process.argv.slice(2);

/** Only this file ends the process. Output is on its way out first; a reader that is gone (`| head`) is no failure. */
function leave(code: number): void {
  process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
}

for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : 1));
}

// Asked for by scripts and editors all the time, so nothing else is loaded for these two.
if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
  process.stdout.write(`${version}\n`);
} else if (argv.length === 0 || (argv.length === 1 && (argv[0] === "--help" || argv[0] === "-h"))) {
  await printHelp();
} else {
  await run();
}

async function printHelp(): Promise<void> {
  const [{ formatRootHelp }, { commandTable }] = await Promise.all([
    import("./help.ts"),
    import("./commands/table.ts"),
  ]);
  process.stdout.write(`${formatRootHelp(commandTable)}\n`);
}

async function run(): Promise<void> {
  const [{ main }, { PaksError }, { readEnvironment }] = await Promise.all([
    import("./main.ts"),
    import("@paks/schema"),
    import("./config.ts"),
  ]);
  const stop = new AbortController();
  process.on("SIGINT", () => {
    // The second Ctrl-C means now.
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new PaksError("CANCELLED", "Stopped."));
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
      fetch: globalThis.fetch,
      signal: stop.signal,
    }),
  );
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
