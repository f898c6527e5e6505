import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import type { Asking, Choice, Given } from "./prompts.ts";

/**
 * The same questions as lines, for a terminal that cannot move a cursor: the one in an editor, which says `TERM=dumb`.
 * What is chosen from has numbers.
 */
export const linePrompts: Asking = {
  confirm: async ({ initialValue, ...given }) =>
    await askUntil(given, `${given.message} (${initialValue ? "Y/n" : "y/N"})`, (line) => {
      if (line === "") return { value: initialValue };
      return /^(?:y(?:es)?|no?)$/i.test(line) ? { value: /^y/i.test(line) } : { complaint: "Answer y or n." };
    }),
  text: async ({ initialValue, validate, ...given }) =>
    await askUntil(given, `${given.message}${initialValue === undefined ? "" : ` (${initialValue})`}`, (line) => {
      const value = line === "" ? (initialValue ?? "") : line;
      const complaint = validate(value);
      return complaint === undefined ? { value } : { complaint };
    }),
  password: async (given) => {
    given.output.write(`${given.message} `);
    const line = await readHidden(given);
    given.output.write("\n");
    return line;
  },
  select: async ({ options, ...given }) => {
    showNumbered(given, options);
    return await askUntil(given, `Number (1 to ${options.length}; enter: 1)`, (line) => chosen(options, line || "1"));
  },
  multiselect: async ({ options, ...given }) => {
    showNumbered(given, options);
    return await askUntil(given, `Numbers, with commas between (1 to ${options.length})`, (line) => {
      const all = line.split(",").map((one) => chosen(options, one.trim()));
      const wrong = all.find((one) => "complaint" in one);
      return wrong ?? { value: all.flatMap((one) => ("value" in one ? [one.value] : [])) };
    });
  },
  isCancel: (answer) => answer === cancelled,
};

const cancelled = Symbol("cancelled");

type Judged<T> = { readonly value: T } | { readonly complaint: string };

function chosen(options: readonly Choice[], line: string): Judged<string> {
  const found = /^\d{1,4}$/.test(line) ? options[Number(line) - 1] : undefined;
  return found === undefined ? { complaint: "That is none of the numbers." } : { value: found.value };
}

function showNumbered({ output, message }: Given, options: readonly Choice[]): void {
  output.write(`${message}\n${options.map(({ label }, at) => `  ${at + 1}: ${label}\n`).join("")}`);
}

async function askUntil<T>(given: Given, question: string, judge: (line: string) => Judged<T>): Promise<T | symbol> {
  for (;;) {
    given.output.write(`${question} `);
    const line = await readLine(given);
    if (typeof line === "symbol") {
      given.output.write("\n");
      return line;
    }
    const judged = judge(line.trim());
    if ("value" in judged) return judged.value;
    given.output.write(`${judged.complaint}\n`);
  }
}

/** The end of the input is no answer. */
async function readLine({ input, signal }: Given): Promise<string | symbol> {
  if (signal.aborted) return cancelled;
  const lines = createInterface({ input, terminal: false });
  return await new Promise((resolve) => {
    const stop = () => lines.close();
    signal.addEventListener("abort", stop, { once: true });
    lines.once("line", (line) => {
      resolve(line);
      lines.close();
    });
    lines.once("close", () => {
      signal.removeEventListener("abort", stop);
      resolve(cancelled);
    });
  });
}

type Terminal = Readable & { readonly isTTY?: boolean; setRawMode?(on: boolean): unknown };

/** A raw terminal shows nothing of what is typed, so that Ctrl-C and the backspace are ours to understand. */
async function readHidden({ input, signal }: Given): Promise<string | symbol> {
  if (signal.aborted) return cancelled;
  const terminal: Terminal = input;
  let typed = "";
  terminal.setRawMode?.(true);
  try {
    return await new Promise((resolve) => {
      const end = (answer: string | symbol) => {
        terminal.off("data", read).off("end", stop).pause();
        signal.removeEventListener("abort", stop);
        resolve(answer);
      };
      const stop = () => end(cancelled);
      const read = (chunk: Buffer | string) => {
        for (const character of String(chunk)) {
          if (character === "\r" || character === "\n") return end(typed);
          if (character === "\u0003" || character === "\u0004") return end(cancelled);
          typed = /[\b\u007f]/.test(character) ? typed.slice(0, -1) : typed + character;
        }
      };
      signal.addEventListener("abort", stop, { once: true });
      terminal.once("end", stop).on("data", read).resume();
    });
  } finally {
    terminal.setRawMode?.(false);
  }
}
