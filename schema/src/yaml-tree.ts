import { isMap, isSeq } from "yaml";
import type { Node, Pair, Scalar, YAMLMap } from "yaml";

/** Keys and list positions that lead to a value. */
export type YamlPath = readonly (string | number)[];

/** The value at `path`. */
export function findNode(root: YAMLMap, path: YamlPath): Node | undefined {
  let node: Node | null | undefined = root;
  for (const step of path) {
    if (isMap(node)) node = findPair(node, String(step))?.value;
    else if (isSeq(node) && typeof step === "number") node = node.items[step] as Node | undefined;
    else return undefined;
  }
  return node ?? undefined;
}

/** The entry with this key, compared by the key's text. */
export function findPair(map: YAMLMap, key: string): Pair<Scalar, Node | null> | undefined {
  const pairs = map.items as Pair<Scalar, Node | null>[];
  return pairs.find((pair) => pair.key.source === key);
}

/** Path of the first map or list that is written with brackets. */
export function findFlowCollection(node: unknown, path: YamlPath = []): YamlPath | undefined {
  if (!isMap(node) && !isSeq(node)) return undefined;
  if (node.flow) return path;
  for (const [index, item] of node.items.entries()) {
    const isEntry = isMap(node);
    const { key, value } = (isEntry ? item : { key: undefined, value: item }) as Pair<Scalar>;
    const found = findFlowCollection(value, [...path, isEntry ? (key.source ?? "") : index]);
    if (found) return found;
  }
  return undefined;
}
