import { type HeldBack, heldBackText } from "../workspace/held-back.ts";
import { safe } from "./safe-text.ts";

/** One line for each version that is not taken. */
export const formatHeldBack = (heldBack: readonly HeldBack[]): string[] =>
  heldBack.map((one) => `⚠ ${safe(heldBackText(one))}`);
