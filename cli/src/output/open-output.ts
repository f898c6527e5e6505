import { fstatSync } from "node:fs";
import type { Output } from "../machine.ts";
import { isStandalone } from "../start/is-standalone.ts";

/** The runtime's own stream, but for a file, and of Bun only for a terminal. */
export async function openOutput(fd: 1 | 2): Promise<Output> {
  const own = () => (fd === 1 ? process.stdout : process.stderr);
  if (fd === 2 && !isStandalone) return own();
  // `--version` needs none of it.
  const { isatty } = await import("node:tty");
  if (isatty(fd)) return own();
  const kind = fstatSync(fd);
  const isPipe = kind.isFIFO() || kind.isSocket();
  if (!isPipe) return (await import("./file-output.ts")).openFileOutput(fd);
  return isStandalone ? (await import("./pipe-output.ts")).openPipeOutput(fd) : own();
}
