import * as z from "zod/mini";
import { type NameKind, maxNameLengths, nameGrammar, nameGrammarInWords } from "./names.ts";

// Apart from the names themselves: a command that reads a name should not have to load a schema library.
const nameSchema = (kind: NameKind) =>
  z.string().check(
    z.maxLength(maxNameLengths[kind], {
      error: `The ${kind} name is longer than ${maxNameLengths[kind]} characters.`,
      abort: true,
    }),
    z.regex(nameGrammar, `The ${kind} name ${nameGrammarInWords}.`),
  );

/** 1–39 characters. */
export const AccountName = nameSchema("account");
/** 1–64 characters. */
export const PakName = nameSchema("pak");
