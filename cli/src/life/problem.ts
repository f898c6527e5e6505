import { type ErrorCode, type PaksError, errorCodes } from "@paks/schema";
import { safe } from "../output/safe-text.ts";

/** One thing that is not as it should be with one pak, or with the project when there is no folder. */
export interface Problem {
  readonly code: ErrorCode;
  readonly folder: string | null;
  readonly name: string | null;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Files, links. */
  readonly paths?: readonly string[] | undefined;
}

/** Gravest first: other bytes than recorded, a mistake, gone, not as asked for, could not be asked. */
const gravity = [7, 1, 5, 6, 3, 4, 9, 10, 8];

/** The exit code of the gravest problem; 0 when there is none. */
export function exitOfProblems(problems: readonly Pick<Problem, "code">[]): number {
  const exits = problems.map(({ code }) => errorCodes[code].exit);
  return gravity.find((exit) => exits.includes(exit)) ?? exits[0] ?? 0;
}

const mostPaths = 10;

export const problemData = ({ code, folder, name, message, hint, paths }: Problem) => ({
  code,
  folder,
  name,
  message,
  hint: hint ?? null,
  paths: paths ?? [],
});

/** What to do about several of them is said once, with the first. */
export function withHintsOnce<T extends { readonly hint?: string | undefined }>(list: readonly T[]): T[] {
  const told = new Set<string>();
  return list.map((one) => {
    if (one.hint === undefined || told.has(one.hint)) return { ...one, hint: undefined };
    told.add(one.hint);
    return one;
  });
}

export function formatProblem({ code, name, folder, message, hint, paths = [] }: Problem): string {
  const about = name ?? folder;
  return [
    `✗ ${about === null ? "" : `${safe(about)}: `}${safe(message)} [${code}]`,
    ...paths.slice(0, mostPaths).map((path) => `    ${safe(path)}`),
    ...(paths.length > mostPaths ? [`    … and ${paths.length - mostPaths} more`] : []),
    ...(hint === undefined ? [] : [`  hint: ${safe(hint)}`]),
  ].join("\n");
}

/** An error that concerns one pak; the command goes on with the others. */
export const problemOf = (error: PaksError, about: Pick<Problem, "folder" | "name">): Problem => ({
  ...about,
  code: error.code,
  message: error.message,
  hint: error.hint,
});
