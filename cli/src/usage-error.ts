import { PaksError } from "@paks/schema";

/**
 * @param command whose help says more
 * @param hint said before that
 */
export const usageError = (message: string, command?: string, hint?: string): PaksError => {
  const help = command === undefined ? "See `paks --help`." : `See \`paks ${command} --help\`.`;
  return new PaksError("USAGE", message, { hint: hint === undefined ? help : `${hint} ${help}` });
};
