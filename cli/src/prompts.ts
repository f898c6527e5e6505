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
  const common = { output: deps.plain === true ? withoutColors(deps.stderr) : deps.stderr, signal: deps.signal };
  const ask = async <T>(
    question: Question,
    show: (asking: Asking, given: Given) => Promise<T | symbol>,
  ): Promise<Exclude<T, symbol>> => {
    requireSomebody(deps, question);
    if (question.about !== undefined) deps.tell(question.about);
    const asking: Asking =
      deps.dumb === true ? (await import("./line-prompts.ts")).linePrompts : await import("@clack/prompts");
    const answer = await show(asking, { ...common, input: deps.stdin(), message: safe(question.message) });
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
