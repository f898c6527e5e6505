import { openDatabase } from "@paks/db";
import { expect } from "vitest";

/** What a registry has written down. */
export interface Records {
  /** `account/name@version`, sorted. */
  readonly releases: readonly string[];
  readonly attempts: number;
  readonly deliveries: readonly string[];
}

/** Opens the database of a registry that has stopped, and holds it to its invariants. */
export async function readRecords(dataDir: string): Promise<Records> {
  const { db, close } = await openDatabase({ dataDir });
  try {
    const releases = await db
      .selectFrom("releases")
      .innerJoin("paks", "paks.id", "releases.pak_id")
      .innerJoin("accounts", "accounts.id", "paks.account_id")
      .select(["releases.id", "releases.version", "releases.file_count", "paks.name", "accounts.name as account"])
      .execute();
    const files = await db.selectFrom("release_files").select(["release_id", "path"]).execute();
    for (const { id, file_count } of releases) {
      expect(file_count).toBeGreaterThan(0);
      expect(files.filter((file) => file.release_id === id)).toHaveLength(file_count);
    }
    const paks = await db.selectFrom("paks").select(["id", "name", "latest_release_id"]).execute();
    const bindings = await db.selectFrom("bindings").select(["pak_id"]).execute();
    // No pak without a release, and none that belongs to no place.
    expect(paks.filter(({ latest_release_id }) => latest_release_id === null)).toEqual([]);
    expect(paks.filter(({ id }) => !bindings.some(({ pak_id }) => pak_id === id))).toEqual([]);

    const attempts = await db.selectFrom("attempts").selectAll().execute();
    const open = attempts.filter(({ state }) => state === "running" || state === "queued");
    const jobs = await db.selectFrom("jobs").selectAll().execute();
    // Ended, or waiting for a try that will come.
    for (const { state, code, next_try_at, repository_key } of open) {
      expect({ state, code }).toMatchObject({ state: "queued" });
      expect(next_try_at).not.toBeNull();
      expect(jobs.map(({ key }) => key)).toContain(repository_key);
    }
    expect(attempts.filter(({ code }) => code === "INTERNAL")).toEqual([]);
    expect(jobs.filter(({ state }) => state !== "pending")).toEqual([]);
    expect(attempts.filter(({ state, ended_at }) => !["queued"].includes(state) && ended_at === null)).toEqual([]);

    const deliveries = await db.selectFrom("webhook_deliveries").select("delivery_id").execute();
    return {
      releases: releases.map(({ account, name, version }) => `${account}/${name}@${version}`).sort(),
      attempts: attempts.length,
      deliveries: deliveries.map(({ delivery_id }) => delivery_id).sort(),
    };
  } finally {
    await close();
  }
}
