import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { mustEndWell, openLabLoggedIn, pushedRepository, skillText } from "./harness/journey.ts";
import type { Lab } from "./harness/lab.ts";
import { type RegistryProcess, startRegistryProcess } from "./harness/registry-process.ts";
import { withDatabase } from "./harness/with-database.ts";

const names = Array.from({ length: 60 }, (_, at) => `skill-${at}`);
/** What a registry allows strangers in a minute when nobody configures anything. */
const anonymousLimit = 20;

async function openLab(databaseUrl: string): Promise<Lab> {
  const lab = await openLabLoggedIn({ registryEnv: { DATABASE_URL: databaseUrl } });
  const { dir } = await pushedRepository(
    lab,
    "many",
    Object.fromEntries(names.map((name) => [`skills/${name}/SKILL.md`, skillText(name)])),
  );
  const publish = ["publish", "--all", "--bump", "patch", "--yes"];
  mustEndWell("publish", await lab.paks(dir, publish, { timeout: 150_000 }));
  return lab;
}

/** A registry with its limits as they come, and nobody's requests counted yet. */
async function startLimited(lab: Lab, databaseUrl: string): Promise<RegistryProcess> {
  const { PAKS_RATE_LIMIT_ANONYMOUS: _anonymous, PAKS_RATE_LIMIT_TOKEN: _token, ...registryEnv } = lab.registryEnv;
  const { dataDir, url } = lab.registry;
  const env = lab.env({ ...registryEnv, DATABASE_URL: databaseUrl });
  // The same address: the lock says which registry it was.
  const registry = await startRegistryProcess({ dataDir, env, port: Number(new URL(url).port) });
  onTestFinished(() => registry.stop());
  return registry;
}

/** Requests of strangers that were counted since the last look at this registry, which is one itself. */
async function countAnonymous({ url }: RegistryProcess): Promise<number> {
  const { headers } = await fetch(`${url}/api/versions?paks=acme/skill-0`);
  expect(headers.get("ratelimit-limit")).toBe(String(anonymousLimit));
  return anonymousLimit - Number(headers.get("ratelimit-remaining")) - 1;
}

async function expectFewRequests(lab: Lab, databaseUrl: string): Promise<void> {
  const project = await lab.folder("project");
  await writeFile(join(project, "paks.jsonc"), JSON.stringify({ paks: names.map((name) => `acme/${name}`) }));
  const counts: Record<string, number> = {};
  const home = await lab.folder("nobody");
  for (const args of [
    ["install"],
    ["outdated"],
    ["update", "--all"],
    ["audit"],
    ["verify"],
    ["install", "--offline"],
  ]) {
    // Without a network the versions are chosen anew, from what the registry said of all of them.
    if (args.includes("--offline")) await rm(join(project, "paks.lock"));
    const registry = await startLimited(lab, databaseUrl);
    const env = { HOME: home, XDG_CONFIG_HOME: join(home, ".config") };
    const started = performance.now();
    const run = await lab.paks(project, args, { env, timeout: 50_000 });
    expect(run.exitCode, `${args.join(" ")}: ${run.stdout}${run.stderr}`).toBe(0);
    // Not one wait for the limit, of up to a minute.
    expect(run.stderr).not.toContain("fewer requests");
    expect(performance.now() - started).toBeLessThan(20_000);
    counts[args.join(" ")] = await countAnonymous(registry);
    await registry.stop();
  }
  expect(counts).toEqual({ install: 2, outdated: 2, "update --all": 2, audit: 2, verify: 0, "install --offline": 0 });
}

test("a stranger's project of sixty paks needs two requests of the limit to install, update, audit and verify", async () => {
  const server = process.env["PAKS_TEST_DATABASE_URL"];
  if (server === undefined) throw new Error("PAKS_TEST_DATABASE_URL is not set.");
  await withDatabase(server, async (url) => {
    const lab = await openLab(url);
    try {
      await lab.registry.stop();
      await expectFewRequests(lab, url);
    } finally {
      await lab.close();
    }
  });
}, 240_000);

test("publishing a dozen paks stays far below what a token may ask in a minute", async () => {
  const lab = await openLabLoggedIn({ registryEnv: { PAKS_RATE_LIMIT_TOKEN: "40" } });
  try {
    const dozen = names.slice(0, 12);
    const files = Object.fromEntries(dozen.map((name) => [`skills/${name}/SKILL.md`, skillText(name)]));
    const { dir } = await pushedRepository(lab, "dozen", files);
    const run = mustEndWell("publish", await lab.paks(dir, ["publish", "--all", "--yes", "--verbose"]));
    expect(run.stdout.match(/ indexed/g)).toHaveLength(12);
    expect(run.stderr).not.toContain("fewer requests");
    expect(run.stderr.match(/POST .*\/api\/index/g)).toHaveLength(2);
  } finally {
    await lab.close();
  }
}, 120_000);
