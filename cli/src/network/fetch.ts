import { PaksError } from "@paks/schema";

export interface FetchInit {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
  /** There is no other way: who asks decides about each address that an answer leads to. */
  readonly redirect?: "manual";
  /** All of the request is on its way: time for what need not wait for the answer. */
  readonly onSent?: (() => void) | undefined;
}

export interface FetchBody extends AsyncIterable<Uint8Array> {
  /** Reads no further and lets the connection go. */
  cancel(): Promise<void>;
}

export interface FetchAnswer {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  /** As it was sent: nothing is decompressed. */
  readonly body: FetchBody | null;
}

/**
 * One HTTP request. The part of Node's own `fetch` that paks uses, which therefore fits this type. A failure below
 * HTTP is an error with a system's `code` or the signal's reason.
 */
export type Fetch = (url: string, init?: FetchInit) => Promise<FetchAnswer>;

/** All of a body. @throws PaksError TOO_LARGE; else what the connection broke with */
export async function readBody({ body }: FetchAnswer, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body ?? []) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new PaksError("TOO_LARGE", `The answer is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}
