import { cp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mustEndWell, openLabLoggedIn, pushedRepository, skillText } from "./harness/journey.ts";
import type { Lab } from "./harness/lab.ts";

const count = 30;
/** What the registry allows strangers in a minute when nobody configures anything. */
const anonymousLimit = 20;
const names = Array.from({ length: count }, (_, at) => `skill-${at}`);

let lab: Lab;
let project: string;
beforeAll(async () => {
  lab = await openLabLoggedIn({ registryEnv: { PAKS_RATE_LIMIT_ANONYMOUS: String(anonymousLimit) } });
  const files = Object.fromEntries(
    names.flatMap((name) => [
      [`skills/${name}/SKILL.md`, skillText(name)],
      [`skills/${name}/references/more.md`, `${name}\n`],
    ]),
  );
  const { dir } = await pushedRepository(lab, "many", files);
  const publish = ["publish", "--all", "--bump", "patch", "--yes"];
  mustEndWell("publish", await lab.paks(dir, publish, { timeout: 110_000 }));
  project = await lab.folder("project");
  await writeFile(join(project, "paks.jsonc"), JSON.stringify({ paks: names.map((name) => `acme/${name}`) }));
}, 180_000);
afterAll(() => lab.close());

/** Every file below a folder with its mode and bytes. */
async function treeOf(folder: string): Promise<Record<string, string>> {
  const tree: Record<string, string> = {};
  for (const path of (await readdir(folder, { recursive: true })).sort()) {
    const facts = await stat(join(folder, path));
    // Records say when they were made.
    if (facts.isFile() && !path.startsWith(".paks"))
      tree[path] = `${(facts.mode & 0o777).toString(8)} ${await readFile(join(folder, path), "hex")}`;
  }
  return tree;
}

/** Somebody else's machine, where nobody is logged in. */
async function clone(name: string) {
  const [home, cwd] = [await lab.folder(`homes/${name}`), await lab.folder(`clones/${name}`)];
  for (const file of ["paks.jsonc", "paks.lock"]) await cp(join(project, file), join(cwd, file));
  const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config") };
  const paks = async (...words: string[]) => await lab.paks(cwd, words, { env, timeout: 50_000 });
  return { cwd, paks, tree: () => treeOf(join(cwd, ".agents", "skills")) };
}

const refusals = () => lab.registry.output().match(/"status":429/g)?.length ?? 0;

test("who is logged in makes a lock of 30 paks without waiting for the limit of strangers", async () => {
  const started = Date.now();
  mustEndWell("install", await lab.paks(project, ["install"], { timeout: 55_000 }));
  expect(Date.now() - started).toBeLessThan(40_000);
});

test("frozen installs of 30 paks in two empty homes are the same to the byte and below the limit of strangers", async () => {
  const before = refusals();
  const [one, two] = [await clone("one"), await clone("two")];
  mustEndWell("install --frozen", await one.paks("install", "--frozen"));
  mustEndWell("ci", await two.paks("ci"));
  expect(Object.keys(await one.tree())).toHaveLength(2 * count);
  expect(await two.tree()).toEqual(await one.tree());
  expect(refusals()).toBe(before);
  expect(await readFile(join(two.cwd, "paks.lock"), "utf8")).toBe(await readFile(join(project, "paks.lock"), "utf8"));
});

test("without the registry and without the repositories ci works from the store, and nowhere else", async () => {
  const three = await clone("three");
  mustEndWell("ci", await three.paks("ci"));
  const before = await three.tree();
  await lab.registry.stop();
  await rm(lab.gitRoot, { recursive: true });
  await rm(join(three.cwd, ".agents"), { recursive: true });
  mustEndWell("ci --offline", await three.paks("ci", "--offline"));
  expect(await three.tree()).toEqual(before);
  const four = await clone("four");
  const refused = await four.paks("ci", "--offline", "--json");
  expect([refused.exitCode, refused.stdout]).toEqual([8, expect.stringContaining('"OFFLINE"')]);
});
