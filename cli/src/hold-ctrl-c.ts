import type { Readable } from "node:stream";

type Terminal = Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };

const ctrlC = 0x03;

/**
 * Lets Ctrl-C wait until the work is done. A terminal sends it to every process at once, and a git that is stopped between
 * two files leaves half of its work; while the terminal is raw, Ctrl-C is a character that only we read.
 */
export async function holdCtrlC<T>(input: Terminal, work: () => Promise<T>): Promise<T> {
  if (input.isTTY !== true || input.setRawMode === undefined) return await work();
  let pressed = false;
  const listen = (chunk: Buffer | string) => (pressed ||= Buffer.from(chunk).includes(ctrlC));
  input.setRawMode(true);
  input.on("data", listen).resume();
  try {
    return await work();
  } finally {
    input.off("data", listen).pause();
    input.setRawMode(false);
    // As if it were pressed now.
    if (pressed) process.emit("SIGINT", "SIGINT");
  }
}
