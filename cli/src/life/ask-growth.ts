import { type CapabilityChange, PaksError, noCapabilities } from "@paks/schema";
import type { Context } from "../context.ts";
import { formatCapabilityChange } from "./capability-text.ts";
import { type FileChange, formatFileList } from "./file-changes.ts";
import { noState } from "./state-names.ts";

/** One pak that gets other files. */
export interface Growing {
  readonly name: string;
  readonly folder: string;
  readonly to: string | null;
  readonly states: readonly [from: string, to: string];
  readonly digest: string;
  readonly files: readonly FileChange[] | undefined;
  readonly capabilities: CapabilityChange;
}

export interface GrowthWords {
  readonly question: (name: string) => string;
  readonly refused: string;
  /** Where nobody can answer. */
  readonly hint: string;
}

interface Asking {
  readonly allow: boolean;
  /** Digests that were agreed to: a plan that is made again does not ask again. */
  readonly agreed: Set<string>;
  readonly words: GrowthWords;
}

/** @throws PaksError CAPABILITIES_GROWN when nobody can be asked, CANCELLED */
export async function askAboutGrowth(
  context: Context,
  paks: readonly Growing[],
  { allow, agreed, words }: Asking,
): Promise<void> {
  const grown = paks.filter(({ capabilities, digest }) => capabilities.grown && !agreed.has(digest));
  if (grown.length === 0 || allow) return;
  if (!context.io.interactive) throw refuseGrowth(grown, words);
  for (const pak of grown) {
    const yes = await context.prompts.confirm({
      about: [
        isNew(pak)
          ? `⚠ ${pak.name} ${pak.states[1]} is new here and can do this:`
          : `⚠ ${pak.name} ${pak.states.join(" → ")} can do more than before:`,
        ...formatCapabilityChange(pak.capabilities).map((line) => `  ${line}`),
        ...formatFileList(pak.files ?? [], 20),
      ].join("\n"),
      message: isNew(pak) ? `Install ${pak.name}?` : words.question(pak.name),
      instead: "--allow-new-capabilities",
      initial: false,
    });
    if (!yes) throw new PaksError("CANCELLED", words.refused, { details: { declined: pak.folder } });
    agreed.add(pak.digest);
  }
}

/** Nothing of it was installed, so there is nothing that it could do more than. */
const isNew = ({ states }: Growing): boolean => states[0] === noState;

function refuseGrowth(grown: readonly Growing[], { hint }: GrowthWords): PaksError {
  const lines = grown.flatMap(({ name, capabilities }) =>
    formatCapabilityChange({ ...capabilities, removed: noCapabilities }).map((line) => `${name}: ${line.slice(2)}`),
  );
  return new PaksError("CAPABILITIES_GROWN", `${sayGrowth(grown)} ${lines.join("; ")}.`, {
    hint,
    details: {
      paks: grown.map(({ name, folder, to, capabilities }) => ({ name, folder, to, added: capabilities.added })),
    },
  });
}

function sayGrowth(grown: readonly Growing[]): string {
  const [fresh, known] = [grown.filter(isNew), grown.filter((pak) => !isNew(pak))];
  const namesOf = (paks: readonly Growing[]) => paks.map(({ name, states }) => `${name} ${states[1]}`).join(", ");
  const are =
    fresh.length > 1 ? "are new here, and nobody agreed to what they" : "is new here, and nobody agreed to what it";
  return [
    ...(known.length > 0 ? [`${namesOf(known)} can do more than what is installed.`] : []),
    ...(fresh.length > 0 ? [`${namesOf(fresh)} ${are} can do.`] : []),
  ].join(" ");
}
