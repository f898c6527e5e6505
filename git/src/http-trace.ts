import { open } from "node:fs/promises";

/** The head of one answer that git's HTTP transport received. */
export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Heads are small; a host that sends more is not worth reading further. */
const traceBytes = 256 * 1024;

/**
 * git prints an HTTP failure as its number and nothing else, and a page of HTML as "couldn't find remote ref". What
 * the host really said (Retry-After, Location, Content-Type) stands in the trace of its transport, so every remote
 * command writes one (`GIT_TRACE_CURL`, heads only) and no second request is needed to tell failures apart.
 * @returns the answers in order, without the interim ones (1xx) and those of a proxy
 */
export async function readHttpTrace(path: string): Promise<HttpAnswer[]> {
  return parseHttpTrace(await readStart(path));
}

/** Each header stands on a line of its own behind git's own prefix, so no value can forge another line. */
export function parseHttpTrace(text: string): HttpAnswer[] {
  const answers: { status: number; headers: Record<string, string>; ofProxy: boolean }[] = [];
  let asksProxy = false;
  for (const [, way, line] of text.matchAll(/^[\d:.]+ [\w.-]+:\d+ +(<= Recv|=> Send) header: (.*)$/gm)) {
    if (way === "=> Send") {
      if (/^[A-Z]+ \S+ HTTP\//.test(line!)) asksProxy = line!.startsWith("CONNECT ");
      continue;
    }
    const status = /^HTTP\/[\d.]+ (\d{3})/.exec(line!)?.[1];
    if (status !== undefined) answers.push({ status: Number(status), headers: {}, ofProxy: asksProxy });
    const header = /^([A-Za-z0-9-]+):[ \t]*(.*?)[ \t\r]*$/.exec(line!);
    const answer = answers.at(-1);
    if (status === undefined && header && answer) answer.headers[header[1]!.toLowerCase()] = header[2]!;
  }
  return answers
    .filter(({ status, ofProxy }) => status >= 200 && !ofProxy)
    .map(({ status, headers }) => ({ status, headers }));
}

async function readStart(path: string): Promise<string> {
  const file = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (!file) return "";
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(traceBytes), 0, traceBytes, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

/**
 * Seconds until the host wants to be asked again: Retry-After as a number, or as a date measured by the host's own
 * clock. `undefined` when it does not say.
 */
export function retryAfterSeconds({ headers }: HttpAnswer): number | undefined {
  const text = headers["retry-after"];
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  const seconds = Math.ceil((Date.parse(text) - Date.parse(headers["date"] ?? "")) / 1000);
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}
