import fs from "node:fs";
import { Worker } from "node:worker_threads";
import { PaksError } from "@paks/schema";
import * as git from "isomorphic-git";
import type { BlobsAnswer, Failure, FetchAnswer, Question, RefsAnswer } from "./protocol.ts";
import { readHistory } from "./read-history.ts";
import { openTransport } from "./transport.ts";

/**
 * A process of its own: the library holds packs and what they inflate to in memory, and one megabyte of a pack can become
 * gigabytes. It ends with the answer to one question.
 */
async function main(): Promise<void> {
  const question = JSON.parse(fs.readFileSync(0, "utf8")) as Question;
  watch(question.limits);
  let broken: PaksError | undefined;
  try {
    await answer(question, (failure) => (broken ??= failure));
  } catch (error) {
    print(failureOf(broken ?? error));
  }
}

/**
 * The heap's limit does not count buffers, and inflating blocks the loop: another thread looks. The clock is for a parent
 * that was killed and cannot end this process any more.
 */
function watch({ memoryBytes, milliseconds }: Question["limits"]): void {
  const code = `const { memoryBytes, milliseconds } = require("node:worker_threads").workerData;
    const end = Date.now() + milliseconds;
    setInterval(() => {
      if (process.memoryUsage.rss() > memoryBytes || Date.now() > end) process.kill(process.pid, "SIGKILL");
    }, 20);`;
  new Worker(code, { eval: true, workerData: { memoryBytes, milliseconds } }).unref();
}

function print(line: RefsAnswer | FetchAnswer | BlobsAnswer | Failure, bytes: readonly Uint8Array[] = []): void {
  writeAll(Buffer.concat([Buffer.from(`${JSON.stringify(line)}\n`), ...bytes]));
}

/** A pipe takes a part at a time. */
function writeAll(bytes: Buffer): void {
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += fs.writeSync(1, bytes, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

async function answer(question: Question, onFailure: (failure: PaksError) => void): Promise<void> {
  const http = openTransport({ ...question, ...question.limits, onFailure });
  if (question.ask === "refs") return print({ listing: await listRefs(question.url, http) });
  if (question.ask === "fetch") {
    const { url, gitDir: gitdir, oid } = question;
    await git.fetch({ fs, http, gitdir, url, remoteRef: oid, depth: 1, singleBranch: true, tags: false });
    return print(await readHistory(gitdir, oid, question.limits));
  }
  const { blobs, bytes } = await readBlobs(question.gitDir, question.oids, question.limits);
  print({ blobs }, bytes);
}

async function listRefs(url: string, http: git.HttpClient): Promise<string> {
  const refs = await git.listServerRefs({ http, url, protocolVersion: 1, symrefs: true, peelTags: true });
  return refs
    .flatMap(({ ref, oid, target, peeled }) => [
      ...(target === undefined ? [] : [`ref: ${target}\t${ref}\n`]),
      `${oid}\t${ref}\n`,
      ...(peeled === undefined ? [] : [`${peeled}\t${ref}^{}\n`]),
    ])
    .join("");
}

async function readBlobs(gitdir: string, oids: readonly string[], limits: Question["limits"]) {
  const cache = {};
  const bytes: Uint8Array[] = [];
  const blobs: [string, number][] = [];
  let total = 0;
  for (const oid of oids) {
    const { type, object } = await git.readObject({ fs, gitdir, oid, format: "content", cache });
    if (type !== "blob")
      throw new PaksError("UNSAFE_MODE", `What is listed as a file is a ${type}.`, {
        details: { oid, rule: "object-type" },
      });
    const content = object as Uint8Array;
    requireSize(oid, content.length, (total += content.length), limits);
    blobs.push([oid, content.length]);
    bytes.push(content);
  }
  return { blobs, bytes };
}

function requireSize(oid: string, size: number, total: number, limits: Question["limits"]): void {
  if (size > limits.fileBytes)
    throw new PaksError("TOO_LARGE", `A file has ${size} bytes; at most ${limits.fileBytes} are allowed.`, {
      details: { oid, size, limit: limits.fileBytes, rule: "file-too-large" },
    });
  if (total > limits.releaseBytes)
    throw new PaksError("TOO_LARGE", `The files have more than ${limits.releaseBytes} bytes together.`, {
      details: { limit: limits.releaseBytes, rule: "release-too-large" },
    });
}

/** Nothing of the library's own words goes on: they repeat what the server said. */
function failureOf(error: unknown): Failure {
  if (error instanceof PaksError) {
    const { code, message, hint, details } = error;
    return { error: { code, message, details: { ...details, ...(hint === undefined ? {} : { hint }) } } };
  }
  const name = nameOf(error);
  if (name === "NotFoundError" || name === "UnhandledError")
    return {
      error: {
        code: "GIT_PROTOCOL_ERROR",
        message: "An object of the repository did not arrive.",
        details: { library: name },
      },
    };
  return {
    error: {
      code: "GIT_PROTOCOL_ERROR",
      message: "What the host sends cannot be read as git.",
      details: { library: name.replaceAll(/[^\w]/g, "").slice(0, 40) },
    },
  };
}

/** The library's errors have a code of their own. */
function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  return "code" in error && typeof error.code === "string" ? error.code : error.name;
}

void main();
