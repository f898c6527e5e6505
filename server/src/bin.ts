import { readConfig } from "./config.ts";
import { openLog } from "./log.ts";
import { main } from "./main.ts";

const print = (stream: NodeJS.WriteStream) => (text: string) => void stream.write(`${text}\n`);

// Whoever reads has gone away, as `| head` does; the work goes on.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

process.exitCode = await main(process.argv.slice(2), {
  print: print(process.stdout),
  printError: print(process.stderr),
  readConfig,
  openLog,
});
