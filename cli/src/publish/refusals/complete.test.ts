import { readdir, readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isErrorCode } from "@paks/schema";
import { expect, test } from "vitest";
import { allRows } from "./rows.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** What the source says and no row of the matrix can provoke; where it is shown instead, or why nobody meets it. */
const elsewhere: Readonly<Record<string, string>> = {
  AMBIGUOUS_MANIFEST: "only of paks that are named: refusals.test.ts",
  CANCELLED: "no refusal: Ctrl-C ends the run, interrupt.test.ts",
  CREDENTIALS_IN_URL: "publish takes them out of the address before it is judged: repository-address.test.ts",
  DISK_FULL: "translated from git's words: git/src/work-tree.test.ts",
  GIT_HOST_TIMEOUT: "a minute of silence: git/src/work-tree.test.ts",
  INTERNAL: "no refusal but a fault of ours",
  NOT_A_REPOSITORY: "there is nothing whose state could be compared: refusals.test.ts",
  READ_ONLY_TARGET: "translated from git's words: git/src/work-tree.test.ts",
  REPOSITORY_TOO_COMPLEX: "more than 64 MiB of output: git/src/work-tree.test.ts",
  TRAILER_MISMATCH: "a local tag that says so is taken for somebody else's: TAG_EXISTS",
  UNSAFE_MODE: "git itself writes no such mode: e2e/src/hostile-trees.test.ts",
  WORKTREE_CHANGED: "HEAD moves while it is read: refusals.test.ts",
};

/** Which file of a package exports a name: packages are imported through their barrels. */
async function findExports(folder: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
    const text = await readFile(join(folder, name), "utf8");
    for (const [, exported] of text.matchAll(/^export (?:async )?(?:const|function\*?|class) (\w+)/gm))
      found.set(exported!, join(folder, name));
  }
  return found;
}

/** Relative files and names of packages that a source imports as values. */
function* importsOf(text: string): Generator<{ readonly from: string; readonly names: readonly string[] }> {
  for (const [, list = "", from = ""] of text.matchAll(
    /^(?:import|export) (?!type )(\{[^}]*\}|\*) from "([^"]+)";/gms,
  )) {
    const names = list.match(/(?<!type )\b\w+\b(?=\s*[,}])/g) ?? [];
    yield { from, names: names.filter((name) => !list.includes(`type ${name}`)) };
  }
}

/** Source text of everything that the planning of a release leads to. */
async function readPreflight(): Promise<Map<string, string>> {
  const packages = new Map<string, Map<string, string>>();
  for (const name of ["schema", "git"]) packages.set(`@paks/${name}`, await findExports(join(root, name, "src")));
  const sources = new Map<string, string>();
  const visit = async (file: string): Promise<void> => {
    if (sources.has(file) || file === join(root, "schema/src/errors.ts")) return;
    const text = await readFile(file, "utf8");
    sources.set(file, text);
    for (const { from, names } of importsOf(text)) {
      if (from.startsWith(".")) await visit(resolve(dirname(file), from));
      const known = packages.get(from.split("/").slice(0, 2).join("/"));
      for (const name of names) if (known?.has(name)) await visit(known.get(name)!);
    }
  };
  await visit(join(root, "cli/src/publish/plan.ts"));
  await visit(join(root, "cli/src/publish/batch/plan-batch.ts"));
  return sources;
}

const codesIn = (text: string): string[] =>
  [...text.matchAll(/"([A-Z][A-Z_]+)"/g)].map(([, code]) => code!).filter(isErrorCode);

test("every failure that the planning of a release can name is in the matrix, or it is said why not", async () => {
  const sources = await readPreflight();
  for (const file of ["git-checks", "registry-checks", "plan", "pak-content", "account", "batch/select"])
    expect([...sources.keys()]).toContain(join(root, `cli/src/publish/${file}.ts`));
  const named = new Set([...sources.values()].flatMap(codesIn));
  const shown = new Set(allRows.map(({ code }) => code));
  expect([...named].filter((code) => !shown.has(code)).toSorted()).toEqual(Object.keys(elsewhere).toSorted());
});

test("no two rows of the matrix are called the same", () => {
  const names = allRows.map(({ what }) => what);
  expect(new Set(names).size).toBe(names.length);
});
