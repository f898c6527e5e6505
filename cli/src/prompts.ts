import type { Readable, Writable } from "node:stream";
import { PaksError } from "@paks/schema";
import type { Prompts, Question } from "./context.ts";
import { holdCtrlC } from "./hold-ctrl-c.ts";
import { safe } from "./output/safe-text.ts";

export interface PromptDeps {
  readonly interactive: boolean;
  readonly stdin: () => Readable;
  readonly stderr: Writable;
  /** Without colours. */
  readonly plain?: boolean;
  /** A terminal that cannot move a cursor. */
  readonly dumb?: boolean;
  readonly signal: AbortSignal;
  readonly tell: (about: string) => void;
}

/** Questions on the terminal. The library that draws them loads with the first one. */
export function openPrompts(deps: PromptDeps): Prompts {
  const output = deps.plain === true ? withoutColors(deps.stderr) : deps.stderr;
  const ask = async <T>(
    question: Question,
    show: (asking: Asking, given: Given) => Promise<T | symbol>,
  ): Promise<Exclude<T, symbol>> => {
    requireSomebody(deps, question);
    if (question.about !== undefined) deps.tell(question.about);
    const asking: Asking =
      deps.dumb === true ? (await import("./line-prompts.ts")).linePrompts : await import("@clack/prompts");
    const input = deps.stdin();
    const watched = watchInput(input, deps.signal);
    const { signal } = watched;
    const answer = await show(asking, { output, input, signal, message: safe(question.message) }).finally(() =>
      watched.forget(),
    );
    deps.signal.throwIfAborted();
    if (asking.isCancel(answer)) throw new PaksError("CANCELLED", "Stopped; nothing was changed.");
    return answer as Exclude<T, symbol>;
  };
  return {
    confirm: async (question) =>
      await ask(question, async (asking, given) =>
        asking.confirm({ ...given, initialValue: question.initial ?? false }),
      ),
    text: async (question) =>
      await ask(question, async (asking, given) =>
        asking.text({
          ...given,
          ...(question.initial === undefined ? {} : { initialValue: question.initial }),
          validate: (text) => question.check?.(text ?? ""),
        }),
      ),
    password: async (question) => await ask(question, async (asking, given) => asking.password({ ...given })),
    select: async (question) => {
      const options = question.options.map((option) => ({ value: option.value as string, label: safe(option.label) }));
      const picked = await ask(question, async (asking, given) => asking.select({ ...given, options }));
      return question.options.find((option) => option.value === picked)!.value;
    },
    selectMany: async (question) => {
      const options = question.options.map((option) => ({ value: option.value as string, label: safe(option.label) }));
      const picked = await ask(question, async (asking, given) =>
        asking.multiselect({ ...given, options, required: true, maxItems: 15 }),
      );
      return question.options.filter((option) => picked.includes(option.value)).map((option) => option.value);
    },
    undisturbed: async (work) => (deps.interactive ? await holdCtrlC(deps.stdin(), work) : await work()),
  };
}

/**
 * Says when nobody can answer any more, or `stop` is aborted. The library that draws (1.9) does not look whether Node's
 * reader of lines, which it reads keys by, has stopped reading: at Ctrl-D on an empty line, at the end of the input, and
 * when a program that Ctrl-Z stopped goes on. With nothing left to wait for, the process would end in the middle of its
 * question, with 0.
 */
function watchInput(input: Readable, stop: AbortSignal): { readonly signal: AbortSignal; forget(): void } {
  const ended = new AbortController();
  const end = () => ended.abort();
  let isCtrlD = false;
  // Comes here before it comes to the reader, which then stops at once or not at all.
  const lookAtKey = (_: unknown, key: { readonly ctrl?: boolean; readonly name?: string } | undefined) => {
    isCtrlD = key?.ctrl === true && key.name === "d";
    queueMicrotask(() => (isCtrlD = false));
  };
  let waiting: NodeJS.Immediate | undefined;
  const lookAtPause = () => {
    // Later, because the reader stops also for an answer.
    waiting = setImmediate(isCtrlD ? end : () => input.resume());
  };
  if (stop.aborted || input.readableEnded) end();
  stop.addEventListener("abort", end, { once: true });
  input.on("keypress", lookAtKey).on("pause", lookAtPause).once("end", end).once("error", end);
  const forget = () => {
    stop.removeEventListener("abort", end);
    input.off("keypress", lookAtKey).off("pause", lookAtPause).off("end", end).off("error", end);
    clearImmediate(waiting);
  };
  return { signal: ended.signal, forget };
}

/** The library that draws decides about colours by the environment alone. Where the cursor goes stays. */
const withoutColors = (output: Writable): Writable =>
  Object.create(output, {
    write: {
      value: (chunk: unknown, ...rest: []) =>
        output.write(typeof chunk === "string" ? chunk.replaceAll(colors, "") : chunk, ...rest),
    },
  }) as Writable;

const colors = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

export interface Choice {
  readonly value: string;
  readonly label: string;
}

/** The part of `@clack/prompts` that is used; a symbol is an answer that was not given. */
export interface Asking {
  confirm(given: Given & { readonly initialValue: boolean }): Promise<boolean | symbol>;
  text(
    given: Given & {
      readonly initialValue?: string;
      readonly validate: (text: string | undefined) => string | undefined;
    },
  ): Promise<string | symbol>;
  password(given: Given): Promise<string | symbol>;
  select(given: Given & { readonly options: Choice[] }): Promise<string | symbol>;
  multiselect(
    given: Given & { readonly options: Choice[]; readonly required: true; readonly maxItems: number },
  ): Promise<string[] | symbol>;
  isCancel(answer: unknown): answer is symbol;
}

export interface Given {
  readonly message: string;
  readonly input: Readable;
  readonly output: Writable;
  readonly signal: AbortSignal;
}

function requireSomebody({ interactive }: PromptDeps, question: Question): void {
  if (interactive) return;
  throw new PaksError("USAGE", `This needs an answer, and nobody is there to give it: ${question.message}`, {
    hint: `Answer on the command line: ${question.instead}`,
  });
}
