import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { paksCommand } from "@paks/cli/testing";
import { describeFiles } from "@paks/schema";
import { describe, expect, test } from "vitest";
import { skillText } from "./harness/journey.ts";
import { run } from "./harness/run.ts";
import { lies, serveLyingRegistry } from "./hostile/lying-registry.ts";
import { expectHarmless } from "./hostile/open.ts";

const listFiles = async (folder: string): Promise<string[]> =>
  await readdir(folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });

const token = "paks_secretsecretsecret";

/** @param finished of the test itself: several run at once */
async function open(lie: string, finished: (work: () => Promise<void>) => void) {
  const root = await mkdtemp(join(tmpdir(), "paks-lying-"));
  const registry = await serveLyingRegistry(lie);
  finished(async () => {
    await registry.close();
    await rm(root, { recursive: true, force: true });
  });
  const [home, cwd] = [join(root, "home"), join(root, "project")];
  await Promise.all([home, cwd].map((folder) => mkdir(folder)));
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    PAKS_REGISTRY: registry.url,
    PAKS_TOKEN: token,
    PAKS_KEYCHAIN: "file",
  };
  const paks = async (...args: string[]) => {
    const [program, ...words] = paksCommand(...args);
    const finished = await run(program, words, { cwd, env, timeout: 50_000 });
    expectHarmless(finished.stdout + finished.stderr);
    expect(finished.stdout + finished.stderr).not.toContain(token);
    // What others say is shown, and not at any length.
    expect(finished.stdout.length + finished.stderr.length).toBeLessThan(20_000);
    return finished;
  };
  const stored = async () => (await listFiles(join(home, ".cache/paks/store"))).filter((path) => path.endsWith(".gz"));
  return { registry, cwd, paks, stored };
}

/** 5: what came is no release. 7: other bytes or another pak than was asked for. 8: the registry is broken. */
const exits: Readonly<Record<string, number>> = {
  honest: 0,
  "another pak's name": 7,
  "another account": 7,
  "another version": 7,
  "a digest that is none": 8,
  "other bytes": 7,
  "other bytes, with their own hash": 7,
  "an archive that is none": 5,
  "an archive that is a bomb": 5,
  "an endless archive": 5,
  "an endless record": 5,
  "a record that breaks off": 8,
  "a page instead of a record": 8,
  "nonsense in the headers": 7,
  "deep nesting": 8,
  "keys of every object": 8,
  "nothing new, unasked": 8,
  "a wait of years": 8,
  "the failure of somebody else": 5,
  "a redirect to another origin": 0,
  "a redirect to a file": 5,
  "a redirect in a circle": 8,
};

test("every lie has its outcome", () => {
  expect(Object.keys(exits).sort()).toEqual(Object.keys(lies).sort());
});

describe.concurrent("a registry that says", () => {
  test.for(Object.entries(exits))(
    "%s: install ends with %i, and leaves all or nothing",
    async ([lie, exit], context) => {
      const { registry, cwd, paks, stored } = await open(lie, context.onTestFinished);
      const finished = await paks("install", "acme/pdf@^1", "--dir", "skills");
      expect(finished.exitCode, finished.stderr).toBe(exit);
      const installed = (await listFiles(join(cwd, "skills"))).filter((path) => !path.includes(".paks"));
      expect(installed.some((path) => path.endsWith("SKILL.md"))).toBe(exit === 0);
      expect((await readdir(cwd)).filter((name) => name !== "skills")).toEqual([]);
      expect(await stored()).toHaveLength(exit === 0 ? 1 : 0);
      // Reading needs no token, but where the limit of those without is used up; another origin never gets one.
      const sent = registry.requests.filter((one) => one.token !== undefined);
      expect(sent.filter((one) => lie !== "a wait of years" || one.origin === "other")).toEqual([]);
      expect(registry.requests.length).toBeGreaterThan(0);
    },
  );

  test.for([
    "honest",
    "an endless record",
    "a page instead of a record",
    "nonsense in the headers",
    "deep nesting",
    "keys of every object",
    "a wait of years",
    "the failure of somebody else",
    "a redirect to another origin",
  ])("%s: search, info and whoami end", async (lie, context) => {
    const { registry, paks } = await open(lie, context.onTestFinished);
    for (const args of [["search", "x"], ["info", "acme/pdf", "--full"], ["whoami"], ["search", "x", "--json"]]) {
      const finished = await paks(...args);
      expect([0, 3, 4, 5, 7, 8], finished.stderr).toContain(finished.exitCode);
    }
    // Only what needs one, and only there.
    const sent = registry.requests.filter((one) => one.token !== undefined);
    expect(sent.filter((one) => one.origin === "other")).toEqual([]);
    expect(sent.filter((one) => lie !== "a wait of years" && one.url !== "/api/auth/me")).toEqual([]);
  });

  test.for(["other bytes", "other bytes, with their own hash", "another pak's name", "a redirect to another origin"])(
    "%s: ci installs the lock's bytes or nothing",
    async (lie, context) => {
      const { registry, cwd, paks } = await open(lie, context.onTestFinished);
      const files = [{ path: "SKILL.md", executable: false, bytes: Buffer.from(skillText("pdf", "1.0.0")) }];
      const resolved = {
        type: "registry",
        registry: registry.url,
        account: "acme",
        name: "pdf",
        version: "1.0.0",
        tag: "v1.0.0",
        commit: "a".repeat(40),
        repository: "https://git.invalid/acme/pdf",
        path: "",
      };
      const entry = { source: "acme/pdf", resolved, version: "1.0.0", digest: describeFiles(files).digest, files: 1 };
      const paksLock = { pdf: { ...entry, dependencies: {}, agents: [], mode: "link" } };
      await writeFile(join(cwd, "paks.jsonc"), JSON.stringify({ paks: ["acme/pdf"] }));
      await writeFile(join(cwd, "paks.lock"), JSON.stringify({ lockfileVersion: 1, paks: paksLock }));
      const finished = await paks("ci");
      // The archive has no name of its own: what is asked by the lock does not read the record that lies.
      const good = lie === "another pak's name" || lie.startsWith("a redirect");
      expect(finished.exitCode, finished.stderr).toBe(good ? 0 : 7);
      expect((await listFiles(join(cwd, ".agents"))).some((path) => path.endsWith("SKILL.md"))).toBe(good);
      expect(registry.requests.every((one) => one.token === undefined)).toBe(true);
    },
  );
});
