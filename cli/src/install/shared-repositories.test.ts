import { mkdir, readFile, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { type GitLab, gitLab } from "@paks/git/testing";
import { PaksError } from "@paks/schema";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunOptions, runPaks, tempFolder } from "../testing/index.ts";

let lab: GitLab;
let options: RunOptions;
let scratch: string;

const names = Array.from({ length: 10 }, (_, index) => `pak-${index}`);
const skill = (name: string, text = "one") =>
  `---\nname: ${name}\ndescription: Does what ${name} does, and says so at length.\n---\n${text}\n`;
const filesOf = (text: string) =>
  Object.fromEntries(
    names.flatMap((name) => [
      [`skills/${name}/SKILL.md`, skill(name, `${text} ${name}`)],
      [`skills/${name}/scripts/run.sh`, `echo ${text} ${name}\n`],
    ]),
  );

beforeAll(async () => {
  lab = await gitLab();
  const many = await lab.repo("many", filesOf("one"), ["v1.0.0"]);
  await many.write(filesOf("two"));
  await many.commit("two");
  await many.git("push", "-q", "origin", "main");
  await lab.repo("loose", filesOf("loose"), []);
  const own = await lab.repo("own", filesOf("one"), []);
  for (const name of names) await own.tag(`${name}--v1.0.0`, `Release of ${name}`);
  await own.git("push", "-q", "origin", "--tags");
});
afterAll(() => lab.close());

beforeEach(async () => {
  const root = await tempFolder();
  const [cwd, home] = [join(root, "project"), join(root, "home")];
  await Promise.all([cwd, home].map((folder) => mkdir(folder)));
  options = { cwd, home, environment: { PAKS_GIT_PROTOCOLS: "http", PAKS_CACHE_DIR: join(root, "cache") } };
  scratch = join(root, "cache", "git");
});

const source = (name: string, rest = "") => `${lab.server.url}/${name}.git${rest}`;
const paths = names.flatMap((name) => ["--path", `skills/${name}`]);
const leftovers = () => readdir(scratch).catch(() => []);

/** How often the host was asked. */
async function asksOf(args: readonly string[], more: Partial<RunOptions> = {}): Promise<number> {
  const before = lab.server.count();
  const run = await runPaks([...args, "--json"], { ...options, ...more });
  expect(run.exit, run.stdout + run.stderr).toBe(0);
  expect(await leftovers()).toEqual([]);
  return lab.server.count() - before;
}

const emptyProject = async () => {
  await rm(join(options.cwd, ".agents"), { recursive: true });
  await rm(join(scratch, ".."), { recursive: true });
};

describe.each(["many", "loose"])("ten paks of one repository (%s)", (name) => {
  test("are asked for together by each command", async () => {
    expect(await asksOf(["install", source(name), ...paths])).toBeLessThanOrEqual(7);
    expect(await asksOf(["outdated"])).toBeLessThanOrEqual(7);
    expect(await asksOf(["update"])).toBeLessThanOrEqual(7);
    expect(await asksOf(["install", "--upgrade"])).toBeLessThanOrEqual(7);
    expect(await asksOf(["verify"])).toBeLessThanOrEqual(7);
    await emptyProject();
    expect(await asksOf(["ci"])).toBeLessThanOrEqual(5);
    await emptyProject();
    expect(await asksOf(["install"])).toBeLessThanOrEqual(5);
    expect(await asksOf(["ci"])).toBe(0);
  });
});

test("what is locked together is what would have been locked one by one", async () => {
  const lockOf = async () => await readFile(join(options.cwd, "paks.lock"), "utf8");
  await asksOf(["install", source("many", "#v1.0.0"), ...paths]);
  const together = await lockOf();
  expect(new Set([...together.matchAll(/"digest": "([^"]+)"/g)].map(([, digest]) => digest)).size).toBe(names.length);
  options = { ...options, cwd: join(options.cwd, "..", "other") };
  await mkdir(options.cwd);
  for (const name of names) await asksOf(["install", source("many", "#v1.0.0"), "--path", `skills/${name}`]);
  expect(await lockOf()).toBe(together);
});

test("a command that fails or is stopped leaves no scratch folder", async () => {
  const failed = await runPaks(["install", source("many"), "--path", "skills/pak-1", "--path", "nowhere"], options);
  expect(failed.exit).not.toBe(0);
  expect(await leftovers()).toEqual([]);
  const stop = new AbortController();
  lab.server.setFaults(({ service, method }) =>
    service === "fetch" && method === "POST" && lab.server.count("fetch") > fetches ? { type: "hang" } : undefined,
  );
  const fetches = lab.server.count("fetch");
  try {
    const stopped = runPaks(["install", source("many"), ...paths], { ...options, signal: stop.signal });
    await expect.poll(leftovers).not.toEqual([]);
    stop.abort(new PaksError("CANCELLED", "Stopped."));
    expect((await stopped).exit).toBe(130);
  } finally {
    lab.server.setFaults(undefined);
  }
  expect(await leftovers()).toEqual([]);
});

test("what one of several brings in too large a size is its own failure", async () => {
  const files = { ...filesOf("one"), "skills/pak-3/big.bin": Buffer.alloc(3 * 1024 * 1024) };
  await lab.repo("big", files, ["v1.0.0"]);
  const run = await runPaks(["install", source("big"), ...paths, "--json"], options);
  expect(run.json()).toMatchObject({ error: { code: "TOO_LARGE", details: { path: "big.bin" } } });
  const others = paths.filter((_, index) => index < 6);
  expect(await asksOf(["install", source("big"), ...others])).toBeLessThanOrEqual(7);
});
