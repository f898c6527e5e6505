import { insertDelivery } from "@paks/db";
import { testDb } from "@paks/db/testing";
import { expect, test, vi } from "vitest";
import { startHousekeeping } from "./housekeeping.ts";

test("rows past their time are deleted at the start and again later, others stay", async () => {
  const db = await testDb();
  const deliver = (deliveryId: string) =>
    insertDelivery(db, { host: "git.example", deliveryId, event: "push", repositoryKey: "https://git.example/a/b" });
  const age = () =>
    db
      .updateTable("webhook_deliveries")
      .set({ received_at: new Date("2020-01-01") as never })
      .where("delivery_id", "like", "old%")
      .execute();
  const left = async () =>
    (await db.selectFrom("webhook_deliveries").select("delivery_id").execute()).map((row) => row.delivery_id);
  await deliver("old-1");
  await deliver("new");
  await age();
  const events: unknown[] = [];
  const housekeeping = startHousekeeping(db, { log: (event) => void events.push(event), every: 50 });
  await vi.waitFor(async () => expect(await left()).toEqual(["new"]), { timeout: 4000 });
  await deliver("old-2");
  await age();
  await vi.waitFor(async () => expect(await left()).toEqual(["new"]), { timeout: 4000 });
  await housekeeping.stop();
  expect(events).toEqual([]);
  await db.close();
});

test("a database that is away is logged and does not end the process", async () => {
  const db = await testDb();
  await db.schema.dropTable("webhook_deliveries").execute();
  const events: Record<string, unknown>[] = [];
  const housekeeping = startHousekeeping(db, { log: (event) => void events.push(event) });
  await housekeeping.stop();
  expect(events).toMatchObject([{ level: "warn", event: "housekeeping-failed" }]);
  await db.close();
});
