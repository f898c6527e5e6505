import { Writable } from "node:stream";
import { writeAll } from "./write-all.ts";

/** stdout that is a file: Node's own stream for it does not notice when only a part was written. */
export const openFileOutput = (fd: number): Writable =>
  new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      try {
        writeAll(fd, chunk);
      } catch (error) {
        done(error as Error);
        return;
      }
      done();
    },
  });
