import type { HeldBack } from "../workspace/held-back.ts";
import { safe } from "./safe-text.ts";

/** One sentence for people, also where the reason is an error's own. */
export const heldBackText = ({ pak, version, reason }: HeldBack): string =>
  safe(`${pak} ${version} is passed over: ${reason.replace(/\.$/, "")}.`);

/** One line for each version that is not taken. */
export const formatHeldBack = (heldBack: readonly HeldBack[]): string[] =>
  heldBack.map((one) => `⚠ ${heldBackText(one)}`);
