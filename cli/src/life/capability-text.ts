import { type Capabilities, type CapabilityChange, type CapabilityKind, capabilityKinds } from "@paks/schema";
import { safe } from "../output/safe-text.ts";

const words: Readonly<Record<CapabilityKind, string>> = {
  tools: "tools it may use without a question",
  hooks: "commands that run by themselves",
  mcp_servers: "MCP servers",
  scripts: "scripts",
  executables: "programs and archives",
  hosts: "hosts it names",
  unread: "files that may declare more and cannot be read",
};

const mostShown = 12;

/** What is new and what is gone, a line for each kind; nothing when both are equal. */
export function formatCapabilityChange({ added, removed }: CapabilityChange): string[] {
  return [...linesOf(added, "new", "⚠"), ...linesOf(removed, "gone", " ")];
}

function linesOf(of: Capabilities, what: string, mark: string): string[] {
  return capabilityKinds
    .filter((kind) => of[kind].length > 0)
    .map((kind) => {
      const shown = of[kind].slice(0, mostShown).map((one) => safe(one));
      const more = of[kind].length - shown.length;
      return `${mark} ${what} ${words[kind]}: ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    });
}

/** Only kinds that have something: what programs read. */
export const capabilityData = (of: Capabilities): Partial<Capabilities> =>
  Object.fromEntries(capabilityKinds.filter((kind) => of[kind].length > 0).map((kind) => [kind, of[kind]]));

export const capabilityChangeData = ({ added, removed, grown }: CapabilityChange) => ({
  grown,
  added: capabilityData(added),
  removed: capabilityData(removed),
});
