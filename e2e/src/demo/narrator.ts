import { styleText } from "node:util";

/** Tells the demo's story: titles, the commands as typed, what they said. */
export interface Narrator {
  title(text: string): void;
  command(text: string): void;
  output(text: string): void;
  fact(name: string, value: string): void;
  end(text: string): void;
}

export function narrate(stream: NodeJS.WriteStream): Narrator {
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    stream.isTTY ? styleText(format, text) : text;
  let step = 0;
  return {
    title: (text) => {
      step += 1;
      stream.write(`\n${style("bold", `${step}. ${text}`)}\n`);
    },
    command: (text) => stream.write(`${style("cyan", `   $ ${text}`)}\n`),
    output: (text) => {
      for (const line of text.trimEnd().split("\n")) if (line.trim() !== "") stream.write(`     ${line}\n`);
    },
    fact: (name, value) => stream.write(`     ${name.padEnd(16)} ${value}\n`),
    end: (text) => stream.write(`\n${style("green", text)}\n`),
  };
}
