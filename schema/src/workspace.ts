import type { Node } from "jsonc-parser";
import { appendTo, hasComment, removeChild, renderList, replaceNode } from "./jsonc-lists.ts";
import { parsePakName } from "./names.ts";
import { isTaken } from "./origin.ts";
import { checkPath } from "./paths.ts";
import { type Workspace, aliasOf, workspaceFileNames } from "./workspace-files.ts";
import {
  type Found,
  type TextRule,
  fieldOf,
  isJsonObject,
  optionalField,
  readList,
  readText,
  refuseFound,
} from "./shape.ts";
import { requireNoneLost } from "./workspace-keys.ts";
import { listAt, parseText, refuser, valueAt, valueOf } from "./workspace-text.ts";

const mostSources = 10_000;

/**
 * Reads `paks.jsonc`: JSON with comments and commas at the end of lists. A key that is nearly one which is not there is
 * refused.
 * @throws PaksError MANIFEST_INVALID with `details` path and place or line
 */
export function parseWorkspace(text: string, path: string): Workspace {
  const tree = parseText(text, path);
  const root: Found = { value: valueOf(tree), place: "", refuse: refuser(path) };
  // Older files call the list of sources `packs` and the list of tools `targets`.
  const { paks, packs, disabled, agents, targets, registry, ...extra } = root.value as Record<string, unknown>;
  if (Object.keys(extra).length > 0) requireNoneLost(Object.keys(root.value as object), path);
  const known: Found = { ...root, value: { paks: paks ?? packs, disabled, agents: agents ?? targets, registry } };
  return {
    ...readSources(fieldOf(known, "paks")),
    disabled: readTexts(fieldOf(known, "disabled")),
    // `"*"` alone means every tool that is found, which is what no list means.
    ...(isEvery(agents ?? targets) ? {} : optionalField(known, "agents", readTexts)),
    ...optionalField(known, "registry", (field) => readText(field, { max: 2048 })),
    extra,
  };
}

const isEvery = (value: unknown): boolean => value === "*" || (Array.isArray(value) && value.includes("*"));

const readTexts = (found: Found): string[] =>
  found.value === undefined ? [] : readList(found, mostSources).map((one) => readText(one));

/** What every system can have as a folder, and no other place than its own. */
const aliasRule: TextRule = {
  fits: (name) => isTaken(parsePakName, name) && checkPath(name) === undefined,
  else: "is not a name that a pak's folder can have",
};

/** Each a source, or `{ "source": …, "as": … }` with the folder that it is to have. */
function readSources(found: Found): Pick<Workspace, "paks" | "aliases"> {
  if (found.value === undefined) return { paks: [] };
  const entries = readList(found, mostSources).map(readSource);
  const aliases = new Map<string, string | undefined>();
  for (const { source, as, at } of entries) {
    if (aliases.has(source) && aliases.get(source) !== as) throw refuseFound(at, "is there already under another name");
    aliases.set(source, as);
  }
  const named = [...aliases].flatMap(([source, as]) => (as === undefined ? [] : [[source, as] as const]));
  const paks = entries.map(({ source }) => source);
  return named.length === 0 ? { paks } : { paks, aliases: Object.fromEntries(named) };
}

interface Entry {
  readonly source: string;
  readonly as?: string;
  readonly at: Found;
}

function readSource(at: Found): Entry {
  if (!isJsonObject(at.value)) return { source: readText(at), at };
  const unknown = Object.keys(at.value).find((key) => key !== "source" && key !== "as");
  // Left out silently, what somebody asks for there would not be done.
  if (unknown !== undefined) throw refuseFound(fieldOf(at, unknown), "is not known here");
  return {
    source: readText(fieldOf(at, "source")),
    ...optionalField(at, "as", (field) => readText(field, aliasRule)),
    at,
  };
}

/**
 * The text with one more source at the end of its list, or with another name for one that is there. Nothing else of it
 * changes; what is there already as it should be changes nothing.
 * @param as the folder that it is to have; absent: the pak's own name
 * @throws PaksError MANIFEST_INVALID
 */
export function addToWorkspace(text: string, source: string, as?: string): string {
  const start = text.trim() === "" ? newWorkspace : text;
  const { tree, lists, workspace } = listsOf(start);
  const [list] = lists;
  const entry = list?.children?.[indexIn(list, source)];
  if (entry) return aliasOf(workspace, source) === as ? text : renameEntry(start, entry, { source, as });
  const rendered = renderEntry({ source, as });
  if (list === undefined) return appendTo(start, tree, renderList(start, "paks", rendered));
  return appendTo(start, list, () => rendered);
}

/**
 * The text with one source in the place of others that asked for the same pak: of the first of them only the source
 * changes, so it keeps its comments and its rank. Where none of them is there, or the source is already, as
 * `removeFromWorkspace` and `addToWorkspace` do it.
 * @throws PaksError MANIFEST_INVALID
 */
export function replaceInWorkspace(text: string, olds: readonly string[], { source, as }: Asked): string {
  if (text.trim() === "") return addToWorkspace(text, source, as);
  const others = olds.filter((old) => old !== source);
  const [list] = listsOf(text).lists;
  const entry = list?.children?.find((child) => others.includes(sourceIn(child)));
  const isThere = list !== undefined && indexIn(list, source) >= 0;
  const put = entry && !isThere ? replaceNode(text, sourceNode(entry), JSON.stringify(source)) : text;
  return addToWorkspace(others.reduce(removeFromWorkspace, put), source, as);
}

/**
 * The text with the registry in which names are looked up; without a change when it names one.
 * @throws PaksError MANIFEST_INVALID
 */
export function nameRegistry(text: string, registry: string): string {
  const start = text.trim() === "" ? newWorkspace : text;
  const { tree } = listsOf(start);
  if (valueAt(tree, "registry") !== undefined) return text;
  return appendTo(start, tree, () => `"registry": ${JSON.stringify(registry)}`);
}

/** An entry of the list. */
export interface Asked {
  readonly source: string;
  /** The folder that it is to have; absent: the pak's own name. */
  readonly as: string | undefined;
}

const renderEntry = ({ source, as }: Asked): string =>
  as === undefined ? JSON.stringify(source) : `{ "source": ${JSON.stringify(source)}, "as": ${JSON.stringify(as)} }`;

function renameEntry(text: string, entry: Node, rendered: Asked): string {
  const name = rendered.as === undefined ? undefined : valueAt(entry, "as");
  if (name) return replaceNode(text, name, JSON.stringify(rendered.as));
  // Comments inside it stay: only the field comes or goes.
  if (entry.type === "object" && hasComment(text, entry))
    return rendered.as === undefined
      ? removeChild(
          text,
          entry,
          entry.children!.findIndex(({ children }) => children?.[0]?.value === "as"),
        )
      : appendTo(text, entry, () => `"as": ${JSON.stringify(rendered.as)}`);
  return replaceNode(text, entry, renderEntry(rendered));
}

const newWorkspace = '{\n  "paks": []\n}\n';

/**
 * The text without a source, in its list and in that of the disabled ones; without a change when it is not there.
 * @throws PaksError MANIFEST_INVALID
 */
export function removeFromWorkspace(text: string, source: string): string {
  let left = text;
  for (;;) {
    const { lists, disabled } = listsOf(left);
    const list = [...lists, ...disabled].find((one) => indexIn(one, source) >= 0);
    if (list === undefined) return left;
    left = removeChild(left, list, indexIn(list, source));
  }
}

const sourceNode = (entry: Node): Node => valueAt(entry, "source") ?? entry;

const sourceIn = (entry: Node): string => String(sourceNode(entry).value);

const indexIn = ({ children = [] }: Node, source: string): number =>
  children.findIndex((child) => sourceNode(child).value === source);

interface Lists {
  readonly tree: Node;
  /** The list of sources, if it is there. */
  readonly lists: readonly Node[];
  readonly disabled: readonly Node[];
  readonly workspace: Workspace;
}

function listsOf(text: string): Lists {
  const tree = parseText(text, workspaceFileNames[0]);
  const workspace = parseWorkspace(text, workspaceFileNames[0]);
  const lists = listAt(tree, "paks");
  return {
    tree,
    workspace,
    lists: lists.length > 0 ? lists : listAt(tree, "packs"),
    disabled: listAt(tree, "disabled"),
  };
}
