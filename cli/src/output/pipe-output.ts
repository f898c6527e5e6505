import { write } from "node:fs";
import { Writable } from "node:stream";

type Done = (error?: Error | null) => void;

/**
 * stdout or stderr that is a pipe or a socket, inside Bun. Its own stream makes the file not wait (O_NONBLOCK) and leaves
 * it so, and whoever writes to the same pipe after paks fails with EAGAIN; Node puts it back.
 */
export const openPipeOutput = (fd: number): Writable =>
  new Writable({ write: (chunk: Buffer, _encoding, done) => writeRest(fd, chunk, done) });

function writeRest(fd: number, bytes: Buffer, done: Done): void {
  if (bytes.length === 0) return done();
  // In a thread, so that Ctrl-C is heard while the reader is slow.
  write(fd, bytes, (error, written) => {
    // Somebody else made it so.
    if (error?.code === "EAGAIN") setTimeout(() => writeRest(fd, bytes, done), 5);
    else if (error) done(error);
    else writeRest(fd, bytes.subarray(written), done);
  });
}
