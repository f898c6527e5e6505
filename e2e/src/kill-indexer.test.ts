import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { fetchData, mustEndWell, openLabLoggedIn, pushedRepository, skillText, until } from "./harness/journey.ts";
import { startRegistryProcess } from "./harness/registry-process.ts";

/** The stages of an ingest, as indexer/src names them. */
const points = ["claimed", "fetched", "read", "checked", "stored", "before-commit", "after-commit", "before-cleanup"];

interface Version {
  readonly version: string;
}
interface Attempt {
  readonly state: string;
  readonly tag: string;
}

async function expectRecovery(point: string, registryEnv: Readonly<Record<string, string>>): Promise<void> {
  const lab = await openLabLoggedIn({
    registryEnv: { ...registryEnv, PAKS_ENABLE_FAULTS: "1", PAKS_FAULT: `${point}:kill` },
  });
  try {
    const { dir } = await pushedRepository(lab, "pdf", { "SKILL.md": skillText("pdf") });
    mustEndWell("publish", await lab.paks(dir, ["publish", "--bump", "patch", "--yes", "--no-wait"]));
    await until("the registry's death", async () => {
      const answer = await fetch(`${lab.registry.url}/healthz`).catch(() => undefined);
      return answer === undefined ? true : undefined;
    });

    const again = await startRegistryProcess({
      dataDir: lab.registry.dataDir,
      port: Number(new URL(lab.registry.url).port),
      env: lab.env({ ...lab.registryEnv, ...registryEnv }),
    });
    try {
      const versions = await until("the release", async () => {
        const found = await fetchData<Version[]>(lab, "/api/skills/acme/pdf/versions").catch(() => undefined);
        return found?.length ? found : undefined;
      });
      expect(versions.map((one) => one.version)).toEqual(["0.1.1"]);
      const attempts = await until("the end of the attempt", async () => {
        const found = await fetchData<Attempt[]>(lab, "/api/skills/acme/pdf/attempts");
        return found.every((one) => one.state === "indexed") ? found : undefined;
      });
      expect(attempts.map((one) => one.tag)).toEqual(["v0.1.1"]);
      await until("an empty scratch folder", async () =>
        (await listScratch(lab.registry.dataDir)).length === 0 ? true : undefined,
      );
    } finally {
      await again.stop();
    }
  } finally {
    await lab.close();
  }
}

const listScratch = (dataDir: string): Promise<string[]> => readdir(join(dataDir, "scratch")).catch(() => []);

test.each(points)(
  "killed at %s on the embedded database, the restarted registry releases the tag once",
  async (point) => {
    await expectRecovery(point, {});
  },
);

const postgres = process.env["PAKS_TEST_DATABASE_URL"];
test.each(["claimed", "stored", "after-commit"])(
  "killed at %s on Postgres, the tag is released once its lease has run out",
  async (point) => {
    if (!postgres) throw new Error("PAKS_TEST_DATABASE_URL is not set; `npm test` starts a Postgres and sets it.");
    const { withDatabase } = await import("./harness/with-database.ts");
    await withDatabase(postgres, (url) => expectRecovery(point, { DATABASE_URL: url, PAKS_LEASE_SECONDS: "5" }));
  },
);
