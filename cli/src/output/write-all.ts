import { writeSync } from "node:fs";

/** Every byte to a file descriptor: one write may take only a part of them, on a disk that is nearly full. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(fd, bytes, at);
}
