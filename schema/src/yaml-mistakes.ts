import { escapeText } from "./characters.ts";

const quoteHint = 'Put the whole value in quotes, for example description: "Use when: …".';

/**
 * The library's words for parsers, put for people who wrote the text.
 * @param code of the library's error
 */
export function explainYaml(code: string, message: string): { readonly message: string; readonly hint: string } {
  switch (code) {
    case "BLOCK_AS_IMPLICIT_KEY":
      return { message: "is not valid YAML: a value without quotes holds a colon and a space.", hint: quoteHint };
    case "MULTILINE_IMPLICIT_KEY":
      return {
        message: "is not valid YAML: a line is neither `key: value` nor the continuation of one.",
        hint: "Look for a missing space after the colon, a missing quote, or a wrong indentation.",
      };
    case "TAB_AS_INDENT":
      return { message: "is not valid YAML: a line is indented with a tab.", hint: "Indent with spaces." };
    case "BAD_SCALAR_START":
      return { message: "is not valid YAML: a value begins with a character that YAML reserves.", hint: quoteHint };
    default:
      return {
        message: `is not valid YAML: ${escapeText(message)}.`,
        hint: "Check quotes, brackets and indentation near that line.",
      };
  }
}
