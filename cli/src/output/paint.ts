import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** Shapes at the beginning of a line and what they look like. Applied after `safe`, so nobody else's text is ever trusted with an escape. */
const shapes: readonly (readonly [RegExp, Format])[] = [
  [/^ *✓/gmu, "green"],
  [/^ *⚠/gmu, "yellow"],
  [/^ *✗/gmu, "red"],
  [/^error\[[A-Z_]+\]:/gmu, ["red", "bold"]],
  [/^warning:/gmu, "yellow"],
  [/^ *hint:/gmu, "cyan"],
  [/^(?:Usage|Commands|Options|Positionals|Examples|Common options):?$/gmu, "bold"],
];

const colored = (format: Format, text: string): string => styleText(format, text, { validateStream: false });

/** Colours the known marks of a safe text. */
export const paint = (text: string, on: boolean): string =>
  on
    ? shapes.reduce((painted, [shape, format]) => painted.replace(shape, (found) => colored(format, found)), text)
    : text;
