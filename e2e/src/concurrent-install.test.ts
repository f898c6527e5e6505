import { mkdir, readFile, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { type TestRegistry, paksCommand, runProcess, serveRegistry, skillFiles, tempFolder } from "@paks/cli/testing";
import { type Lock, describeFiles, parseLock } from "@paks/schema";
import { parseWorkspace } from "@paks/schema/workspace";
import { beforeEach, expect, test } from "vitest";

let registry: TestRegistry;
let root: string;
beforeEach(async () => {
  registry = await serveRegistry();
  root = await tempFolder();
  await mkdir(join(root, "project"));
});

const project = () => join(root, "project");
/** As a process of its own; what fails is told with its words. */
async function start(...words: string[]): Promise<void> {
  const { exit, stdout, stderr } = await runProcess(paksCommand(...words, "--json"), {
    cwd: project(),
    environment: { HOME: join(root, "home"), PAKS_REGISTRY: registry.url, PAKS_KEYCHAIN: "file", CI: "1" },
  });
  if (exit !== 0) throw new Error(`paks ${words.join(" ")}: ${exit} ${stdout}${stderr}`);
}
const readLock = async (): Promise<Lock> =>
  parseLock(await readFile(join(project(), "paks.lock"), "utf8"), "paks.lock");
const sources = async () =>
  parseWorkspace(await readFile(join(project(), "paks.jsonc"), "utf8"), "paks.jsonc").paks.toSorted();
const eight = Array.from({ length: 8 }, (_, index) => index);

async function digestOf(folder: string): Promise<string> {
  const files = [];
  for (const path of await readdir(folder, { recursive: true })) {
    const facts = await stat(join(folder, path));
    if (facts.isFile()) files.push({ path, executable: false, bytes: await readFile(join(folder, path)) });
  }
  return describeFiles(files).digest;
}

/** Every locked pak is installed to the byte, nothing else is, and nothing temporary is left. */
async function expectConsistent(): Promise<void> {
  await start("list");
  const { paks } = await readLock();
  const skills = join(project(), ".agents", "skills");
  expect((await readdir(skills)).filter((name) => !name.startsWith(".")).sort()).toEqual(Object.keys(paks).sort());
  for (const [folder, { digest }] of Object.entries(paks))
    expect(await digestOf(join(skills, folder)), folder).toBe(digest);
  const kept = await readdir(join(skills, ".paks"), { recursive: true });
  expect(kept.filter((name) => !/^(?:made|work|[a-z0-9-]+\.json)$/.test(name))).toEqual([]);
  await start("ci");
}

test("eight installs of the same pak at once end with one install of it", { timeout: 120_000 }, async () => {
  await registry.add("acme/text", "1.0.0");
  await registry.add("acme/pdf", "1.0.0", { dependencies: { "acme/text": "^1" } });
  await Promise.all(eight.map(() => start("install", "acme/pdf")));
  expect(Object.keys((await readLock()).paks)).toEqual(["pdf", "text"]);
  expect(await sources()).toEqual(["acme/pdf"]);
  await expectConsistent();
});

test(
  "eight installs of different paks at once end with all of them in file and lock",
  { timeout: 120_000 },
  async () => {
    await registry.add("acme/text", "1.0.0");
    for (const index of eight) await registry.add(`acme/p${index}`, "1.0.0", { dependencies: { "acme/text": "*" } });
    await Promise.all(eight.map((index) => start("install", `acme/p${index}`)));
    expect(await sources()).toEqual(eight.map((index) => `acme/p${index}`));
    expect(Object.keys((await readLock()).paks)).toEqual([...eight.map((index) => `p${index}`), "text"]);
    await expectConsistent();
  },
);

test(
  "eight installs of different versions at once end with one that everything agrees on",
  { timeout: 120_000 },
  async () => {
    for (const index of eight) await registry.add("acme/pdf", `1.${index}.0`);
    await Promise.all(eight.map((index) => start("install", `acme/pdf@1.${index}.0`)));
    const { pdf } = (await readLock()).paks;
    expect(await sources()).toEqual([pdf?.source]);
    expect(pdf?.digest).toBe(describeFiles(skillFiles("pdf", pdf?.version ?? "")).digest);
    await expectConsistent();
  },
);

test("installs against removes end with what file, lock and disk agree on", { timeout: 180_000 }, async () => {
  for (const index of eight) await registry.add(`acme/p${index}`, "1.0.0");
  await start("install", ...eight.slice(0, 4).map((index) => `acme/p${index}`));
  await Promise.all(
    eight.map((index) => (index < 4 ? start("remove", `acme/p${index}`) : start("install", `acme/p${index}`))),
  );
  expect(await sources()).toEqual(eight.slice(4).map((index) => `acme/p${index}`));
  await expectConsistent();
});

test(
  "install and remove of the same pak at once end with all of it or nothing of it",
  { timeout: 180_000 },
  async () => {
    await registry.add("acme/pdf", "1.0.0");
    await registry.add("acme/text", "1.0.0");
    await start("install", "acme/pdf", "acme/text");
    const all = await Promise.allSettled(
      eight.map((index) => (index % 2 === 0 ? start("install", "acme/pdf") : start("remove", "pdf"))),
    );
    // A remove may come when there is nothing to remove.
    const failures = all.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
    expect(failures.filter((text) => !text.includes("PAK_NOT_FOUND"))).toEqual([]);
    await expectConsistent();
  },
);

test("ci beside commands that change the project ends well each time", { timeout: 240_000 }, async () => {
  for (const version of ["1.0.0", "1.1.0"]) await registry.add("acme/pdf", version);
  for (const name of ["one", "two", "three"]) await registry.add(`acme/${name}`, "1.0.0");
  await start("install", "acme/pdf@1.0.0", "acme/one");
  const change = async () => {
    await start("install", "acme/two");
    await start("remove", "one");
    await start("install", "acme/pdf");
    await start("pin", "pdf");
    await start("install", "acme/three");
    await start("remove", "two");
  };
  let isDone = false;
  const changing = change().finally(() => (isDone = true));
  let runs = 0;
  const check = async () => {
    while (!isDone) {
      await start("ci");
      runs += 1;
    }
  };
  await Promise.all([changing, check(), check(), check()]);
  expect(runs).toBeGreaterThan(3);
  expect(Object.keys((await readLock()).paks)).toEqual(["pdf", "three"]);
  await expectConsistent();
});
