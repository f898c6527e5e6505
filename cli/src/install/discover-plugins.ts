import { posix } from "node:path";
import { type PakTree, readJsonObject } from "./pak-tree.ts";

/** More plugins than any marketplace of one repository has; each costs a file that is read. */
const maxPlugins = 100;
const maxSkills = 1000;

/** Folders among `found` that plugin manifests name: `.claude-plugin/marketplace.json` and `plugin.json`. */
export async function readPluginFolders(tree: PakTree, found: readonly string[]): Promise<ReadonlySet<string>> {
  const manifests = tree.paths.filter(isPluginManifest).slice(0, maxPlugins);
  if (manifests.length === 0) return new Set();
  const files = await tree.read(manifests);
  const roots = new Map<string, string[]>();
  for (const path of manifests) {
    const manifest = readJsonObject(files.get(path));
    const base = posix.dirname(posix.dirname(path));
    if (path.endsWith("/plugin.json")) add(roots, base, skillsOf(manifest));
    else for (const one of readMarketplace(manifest, base)) add(roots, one.root, one.skills);
  }
  const places = indexPlaces(found);
  const named = new Set<string>();
  for (const [root, skills] of roots) {
    for (const folder of [...skills, "skills"].slice(0, maxSkills)) addNamed(named, joinInside(root, folder), places);
  }
  return named;
}

const isPluginManifest = (path: string): boolean =>
  path === ".claude-plugin/marketplace.json" || /(?:^|\/)\.claude-plugin\/plugin\.json$/.test(path);

function add(roots: Map<string, string[]>, root: string, skills: readonly string[]): void {
  roots.set(root, [...(roots.get(root) ?? []), ...skills]);
}

interface Places {
  readonly paks: ReadonlySet<string>;
  /** By the folder that they lie in. */
  readonly inside: ReadonlyMap<string, readonly string[]>;
}

/** Thousands of names are looked up among thousands of folders. */
function indexPlaces(found: readonly string[]): Places {
  const inside = new Map<string, string[]>();
  for (const folder of found) {
    const parent = posix.dirname(folder);
    const others = inside.get(parent);
    if (others) others.push(folder);
    else inside.set(parent, [folder]);
  }
  return { paks: new Set(found), inside };
}

/** A folder that is a pak, or one that holds paks. */
function addNamed(named: Set<string>, folder: string | undefined, { paks, inside }: Places): void {
  if (folder === undefined) return;
  if (paks.has(folder)) named.add(folder);
  else for (const one of inside.get(folder || ".") ?? []) named.add(one);
}

interface Plugin {
  readonly root: string;
  readonly skills: readonly string[];
}

/** Plugins from elsewhere (their source is an object or an address) are not in this repository. */
function readMarketplace(manifest: Record<string, unknown>, base: string): Plugin[] {
  const { metadata, plugins } = manifest;
  const pluginRoot = isRecord(metadata) && typeof metadata["pluginRoot"] === "string" ? metadata["pluginRoot"] : ".";
  if (!Array.isArray(plugins)) return [];
  return plugins.slice(0, maxPlugins).flatMap((plugin: unknown) => {
    if (!isRecord(plugin) || typeof plugin["source"] !== "string") return [];
    const { source } = plugin;
    const skills = skillsOf(plugin);
    // Tools do not agree whether `./x` is below the plugin root or beside it; only folders that are there count.
    const bases = [joinInside(base, pluginRoot), ...(source.startsWith("./") ? [base] : [])];
    const roots = bases.map((from) => (from === undefined ? undefined : joinInside(from, source)));
    return [...new Set(roots)].flatMap((root) => (root === undefined ? [] : [{ root, skills }]));
  });
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

function skillsOf({ skills }: Record<string, unknown>): string[] {
  const all: unknown[] = Array.isArray(skills) ? skills : [skills];
  return all.filter((one) => typeof one === "string").slice(0, maxSkills);
}

/** "" is the root. What leads out of the repository is among no found folders. */
function joinInside(base: string, path: string): string | undefined {
  if (path.startsWith("/") || path.includes("\\")) return undefined;
  const joined = posix.join(base, path).replace(/\/$/, "");
  return joined === "." ? "" : joined;
}
