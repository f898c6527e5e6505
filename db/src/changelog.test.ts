import { ReleaseDto, VersionDto } from "@paks/schema";
import { afterEach, beforeEach, expect, test } from "vitest";
import { insertRelease } from "./insert-release.ts";
import { findRelease, listVersions } from "./releases.ts";
import { newRelease, type ReleaseWanted, testDb, type TestDb } from "./testing/index.ts";

let db: TestDb;
beforeEach(async () => {
  db = await testDb({ accounts: ["acme"] });
});
afterEach(() => db.close());

const insert = (more: Partial<ReleaseWanted> = {}) =>
  insertRelease(db, newRelease({ accountId: db.accountIds["acme"]!, ...more }));

test("a release keeps what its changelog says, and both its record and the list of versions tell it", async () => {
  await insert({ changelog: "### Added\n\n- Forms\0." });
  const { pakId } = await insert({ version: "1.1.0" });
  const release = (await findRelease(db, { account: "acme", name: "pdf", version: "1.0.0" }))!;
  expect(release.changelog).toBe("### Added\n\n- Forms\uFFFD.");
  const versions = await listVersions(db, pakId);
  expect(versions.map(({ changelog }) => changelog)).toEqual([null, release.changelog]);
  expect([ReleaseDto.parse(release), ...versions.map((one) => VersionDto.parse(one))]).toHaveLength(3);
});

test("what a changelog says of a release never changes", async () => {
  const { releaseId } = await insert({ changelog: "- Forms." });
  const update = db.updateTable("releases").set({ changelog: "- Lies." }).where("id", "=", releaseId);
  await expect(update.execute()).rejects.toThrow("releases are immutable");
  const { created } = await insert({ changelog: "- Lies." });
  expect(created).toBe(false);
  expect(await findRelease(db, { account: "acme", name: "pdf", version: "1.0.0" })).toMatchObject({
    changelog: "- Forms.",
  });
});

test("a long list of versions leaves out the changelogs of the older ones", async () => {
  const changelog = "x".repeat(90_000);
  let pakId = "";
  for (const version of ["1.0.0", "1.2.0", "1.1.0"]) ({ pakId } = await insert({ version, changelog }));
  const versions = await listVersions(db, pakId);
  expect(versions.map((one) => [one.version, one.changelog?.length])).toEqual([
    ["1.2.0", 90_000],
    ["1.1.0", 90_000],
    ["1.0.0", undefined],
  ]);
  expect(versions[2]).not.toHaveProperty("changelog");
});
