import type { PaksError } from "@paks/schema";
import type { Result } from "../command.ts";
import { formatError, formatErrorBody } from "./errors.ts";
import { paint } from "./paint.ts";
import { formatJson, safe } from "./safe-text.ts";

/** The part of a stream that printing needs. */
export interface Sink {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  write(text: string): unknown;
}

export interface PrinterOptions {
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color: "auto" | "always" | "never";
}

/** The one place that prints. Data goes to stdout, everything else to stderr. */
export interface Printer {
  readonly result: (result: Result) => void;
  readonly error: (error: PaksError) => void;
  readonly warn: (text: string) => void;
  readonly note: (text: string) => void;
  readonly debug: (text: string) => void;
  /** What a question is about, above it: also where little is to be said. */
  readonly ask: (text: string) => void;
}

export function openPrinter(options: PrinterOptions): Printer {
  const colors = (sink: Sink) => (options.color === "auto" ? sink.isTTY === true : options.color === "always");
  const print = (sink: Sink, text: string) => {
    if (text !== "") sink.write(`${paint(safe(text, { multiline: true }), colors(sink))}\n`);
  };
  // A command looks for its project more than once.
  const told = new Set<string>();
  return {
    result: ({ data, text, next = "" }) => {
      if (options.json) options.stdout.write(`${formatJson(data)}\n`);
      else print(options.stdout, options.quiet || next === "" ? text : `${text}\n${next}`);
    },
    error: (error) => {
      if (options.json) options.stdout.write(`${formatJson(formatErrorBody(error))}\n`);
      if (!options.json || options.verbose) print(options.stderr, formatError(error, options));
    },
    warn: (text) => {
      if (told.has(text)) return;
      told.add(text);
      print(options.stderr, `warning: ${text}`);
    },
    note: (text) => {
      if (!options.quiet) print(options.stderr, text);
    },
    debug: (text) => {
      if (options.verbose) print(options.stderr, `  ${text}`);
    },
    ask: (text) => print(options.stderr, text),
  };
}
