import {
  type Bump,
  bumpVersion,
  compareVersions,
  formatTag,
  isPaksError,
  parseVersion,
  tagVersion,
} from "@paks/schema";
import type { Manifest } from "@paks/schema";
import type { Context } from "../context.ts";
import { findPrepared, readManifestFacts } from "./draft.ts";
import { findTag, tagNames } from "./git-checks.ts";
import type { Gathered } from "./plan.ts";
import { findWritten } from "./version-edit.ts";

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** What there is to choose from. */
export interface VersionMenu {
  readonly current: string | undefined;
  /** Of this pak's tags, here and on the remote; highest first. */
  readonly released: readonly string[];
  readonly choices: readonly Choice[];
}

const custom = "custom";
/** The most frequent first. */
const order: readonly Bump[] = ["patch", "minor", "major", "prerelease"];

/**
 * Asks for the version at the terminal. Nothing is asked, and the usual rule holds, where the answer is known: HEAD is
 * released, or the manifest is to stay as it is and has a version.
 */
export async function askVersion(context: Context, gathered: Gathered): Promise<string | undefined> {
  const { facts, content, options } = gathered;
  const { committed: manifest } = readManifestFacts(facts, content);
  if (!manifest || options.bump !== undefined || options.version !== undefined) return undefined;
  if ((!options.commit && manifest.version !== undefined) || isReleased(gathered, manifest)) return undefined;
  const menu = makeMenu(gathered, manifest);
  const picked = await context.prompts.select({
    message: describe(menu),
    instead: "--bump patch|minor|major|prerelease, or --version",
    options: [...menu.choices, { value: custom, label: "another one …" }],
  });
  if (picked !== custom) return picked;
  const check = (text: string) => checkVersion(gathered, manifest, text);
  return parseVersion(await context.prompts.text({ message: "Version", instead: "--version", check }));
}

const pakOf = ({ facts, options }: Gathered, { name }: Manifest) => ({
  name,
  path: facts.place.path,
  prefix: options.tagPrefix,
});

const refsThere = ({ facts, outside, options }: Gathered) => (options.push ? (outside.refs.value ?? []) : facts.refs);

/** HEAD is what the tag of its version leads to: a run before was ended after the push, or all is done. */
function isReleased(gathered: Gathered, manifest: Manifest): boolean {
  const { version } = manifest;
  if (version === undefined) return false;
  const tag = findTag(refsThere(gathered), formatTag({ ...pakOf(gathered, manifest), version }));
  return tag !== undefined && tag.commit === gathered.facts.status.commit;
}

export function makeMenu(gathered: Gathered, manifest: Manifest): VersionMenu {
  const { facts, content, outside } = gathered;
  const pak = pakOf(gathered, manifest);
  const released = listVersions(tagNames([...facts.refs, ...(outside.refs.value ?? [])]), pak);
  const current = manifest.version;
  const choices: Choice[] = [];
  const add = (value: string, what: string) => {
    if (!choices.some((choice) => choice.value === value)) choices.push({ value, label: `${value}  (${what})` });
  };
  const written = findWritten(content);
  if (written) add(written.version, "already written into the manifest");
  if (current !== undefined && !findTag(refsThere(gathered), formatTag({ ...pak, version: current }))) {
    const isPrepared = findPrepared(content, manifest.name)?.version === current;
    add(current, isPrepared ? "finishes what an earlier run began" : "as in the manifest, not released yet");
  }
  for (const bump of order) {
    const next = nextVersion(current ?? released[0], bump, gathered.options.preid);
    if (next !== undefined) add(next, released.includes(next) ? `${bump}; its tag is taken` : bump);
  }
  return { current, released, choices };
}

function nextVersion(...args: Parameters<typeof bumpVersion>): string | undefined {
  try {
    return bumpVersion(...args);
  } catch (error) {
    // Numbers end somewhere.
    if (isPaksError(error)) return undefined;
    throw error;
  }
}

function listVersions(tags: readonly string[], pak: Parameters<typeof tagVersion>[1]): string[] {
  const versions = new Set(tags.map((tag) => tagVersion(tag, pak)).filter((version) => version !== undefined));
  return [...versions].sort((a, b) => compareVersions(b, a));
}

function describe({ current, released }: VersionMenu): string {
  const more = released.length > 5 ? ` and ${released.length - 5} more` : "";
  const tags = released.length === 0 ? "no tags yet" : `tags: ${released.slice(0, 5).join(", ")}${more}`;
  return `Which version? (now ${current ?? "none in the manifest"}; ${tags})`;
}

/** Why it cannot be this one. */
function checkVersion(gathered: Gathered, manifest: Manifest, text: string): string | undefined {
  try {
    const tag = formatTag({ ...pakOf(gathered, manifest), version: parseVersion(text) });
    const { facts, outside, options } = gathered;
    const taken = options.force !== true && findTag([...facts.refs, ...(outside.refs.value ?? [])], tag);
    return taken ? `The tag ${tag} is taken.` : undefined;
  } catch (error) {
    if (isPaksError(error)) return error.message;
    throw error;
  }
}
