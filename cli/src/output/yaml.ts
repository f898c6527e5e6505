import { formatJson } from "./safe-text.ts";

/** Words that are no text for one YAML reader or another. */
const notText = /^(?:true|false|yes|no|on|off|y|n|null|nan|inf)$/i;
const plain = /^[A-Za-z](?:[\w ./@+-]*[\w./@+-])?$/;

/**
 * A JSON value as block YAML. Only words that no reader takes for something else stand without quotes; the others are
 * JSON strings, which are YAML too, with everything escaped that could disturb a terminal.
 */
export const formatYaml = (value: unknown): string => linesOf(JSON.parse(JSON.stringify(value ?? null))).join("\n");

function linesOf(value: unknown): string[] {
  if (Array.isArray(value)) {
    if (value.length === 0) return ["[]"];
    return value.flatMap((one) => {
      const [first = "", ...rest] = linesOf(one);
      return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
    });
  }
  if (typeof value !== "object" || value === null) return [scalar(value)];
  const entries = Object.entries(value);
  if (entries.length === 0) return ["{}"];
  return entries.flatMap(([key, one]) => {
    const lines = linesOf(one);
    const inline = typeof one !== "object" || one === null || lines[0] === "[]" || lines[0] === "{}";
    return inline ? [`${scalar(key)}: ${lines[0]}`] : [`${scalar(key)}:`, ...lines.map((line) => `  ${line}`)];
  });
}

function scalar(value: unknown): string {
  if (typeof value !== "string") return JSON.stringify(value);
  if (plain.test(value) && !notText.test(value)) return value;
  // A YAML escape holds a whole code point where JSON has two halves.
  return formatJson(value).replaceAll(
    /\\u(d[89ab][0-9a-f]{2})\\u(d[c-f][0-9a-f]{2})/g,
    (_all, high: string, low: string) => {
      const point = 0x10000 + (Number.parseInt(high, 16) - 0xd800) * 0x400 + (Number.parseInt(low, 16) - 0xdc00);
      return `\\U${point.toString(16).padStart(8, "0")}`;
    },
  );
}
