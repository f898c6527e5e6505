import { PaksError } from "@paks/schema";

/** @param command whose help says more */
export const usageError = (message: string, command?: string): PaksError =>
  new PaksError("USAGE", message, {
    hint: command === undefined ? "See `paks --help`." : `See \`paks ${command} --help\`.`,
  });
