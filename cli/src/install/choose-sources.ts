import { PaksError, isPaksError, parseSource } from "@paks/schema";
import type { Context } from "../context.ts";
import { type SourceOptions, withOptions } from "./source-options.ts";

export interface SourceFlags extends Omit<SourceOptions, "path"> {
  readonly path?: readonly string[] | undefined;
}

/** A text for each pak that is named: each source with each folder. */
export function nameEach(texts: readonly string[], { path: paths, ...options }: SourceFlags): string[] {
  if (paths === undefined || paths.length === 0) return texts.map((text) => withOptions(text, options));
  if (new Set(paths).size < paths.length) throw new PaksError("USAGE", "--path names a folder twice.");
  return texts.flatMap((text) => paths.map((path) => withOptions(text, { ...options, path })));
}

/** Far more sources than anybody answers questions about. */
const mostQuestions = 20;

/**
 * Does the work; where a source turns out to hold several paks and somebody sits at the terminal, asks which ones are
 * meant and does it again with those. Nothing was changed then: all sources are fetched before anything is placed.
 * @throws PaksError AMBIGUOUS_MANIFEST when nobody can be asked; what the work throws
 */
export async function choosingPaks<T>(
  context: Context,
  texts: readonly string[],
  work: (texts: readonly string[]) => Promise<T>,
): Promise<T> {
  let named = texts;
  for (let asked = 0; ; asked++) {
    try {
      return await work(named);
    } catch (error) {
      const text = asked < mostQuestions ? ambiguousSource(error, named) : undefined;
      if (text === undefined || !context.io.interactive) throw await explained(context, error, named);
      const chosen = await askWhich(context, text, error as PaksError);
      named = named.flatMap((one) => (one === text ? chosen : [one]));
    }
  }
}

/** Loaded only for the one failure that it says more about. */
async function explained(context: Context, error: unknown, texts: readonly string[]): Promise<unknown> {
  if (!isPaksError(error, "PAK_NOT_FOUND")) return error;
  return await (await import("../near-name.ts")).namingNear(context, error, texts);
}

/** Which of the texts it was, when that is plain. */
function ambiguousSource(error: unknown, texts: readonly string[]): string | undefined {
  if (!isPaksError(error, "AMBIGUOUS_MANIFEST") || !Array.isArray(error.details?.["paths"])) return undefined;
  const { source } = error.details;
  return texts.length === 1 ? texts[0] : texts.find((text) => text === source);
}

async function askWhich(context: Context, text: string, { details, message }: PaksError): Promise<string[]> {
  const { paths, sources } = details as { paths: string[]; sources?: string[] };
  const { listSourcePaks } = await import("./fetch-source.ts");
  const listed = await context.progress("Reading what they are for", () => listSourcePaks(text, context));
  const chosen = await context.prompts.selectMany({
    message: `${message.replace(/: [^:]*$/, "")}. Which ones?`,
    instead: "--path <folder>, once for each",
    options: paths.map((path) => {
      const pak = listed.find((one) => one.path === path);
      return {
        value: path,
        label: shorten(pak ? `${pak.name}  ${pak.problem ?? pak.description}` : path, context.io.columns - 10),
      };
    }),
  });
  // An address of a browser has its folder already.
  const hasFolder = (source: ReturnType<typeof parseSource>) => source.type === "git" && source.tree !== undefined;
  return chosen.map((path) =>
    hasFolder(parseSource(text)) ? (sources?.[paths.indexOf(path)] ?? text) : withOptions(text, { path }),
  );
}

const shorten = (text: string, length: number): string =>
  text.length > length ? `${text.slice(0, Math.max(length - 1, 20))}…` : text;
