import { safe } from "./safe-text.ts";
import type { Sink } from "./printer.ts";
import { truncate } from "./width.ts";

const frames = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
/** Most work is over before this; a spinner that only flashes tells nobody anything. */
const patience = 500;
const clearLine = "\r\u001B[2K";

/** Shows `label` on a terminal while `work` runs; elsewhere only runs it. */
export async function showProgress<T>(
  sink: Sink | undefined,
  label: string,
  work: (step: (label: string) => void) => Promise<T>,
): Promise<T> {
  if (sink?.isTTY !== true) return await work(() => undefined);
  let current = label;
  let frame = 0;
  const draw = () => {
    frame = (frame + 1) % frames.length;
    sink.write(`${clearLine}${frames[frame]} ${truncate(safe(current), (sink.columns ?? 80) - 3)}`);
  };
  let drawing: NodeJS.Timeout | undefined;
  const start = setTimeout(() => {
    draw();
    drawing = setInterval(draw, 80);
  }, patience);
  try {
    return await work((next) => (current = next));
  } finally {
    clearTimeout(start);
    if (drawing !== undefined) {
      clearInterval(drawing);
      sink.write(clearLine);
    }
  }
}
