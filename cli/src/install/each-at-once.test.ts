import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { eachAtOnce } from "./each-at-once.ts";

test("of several failures the first in the order of the items is told, however late it comes", async () => {
  const begun: number[] = [];
  const work = async (item: number) => {
    begun.push(item);
    await sleep(item === 1 ? 200 : item * 20);
    if (item > 0) throw new Error(`failed ${item}`);
  };
  await expect(eachAtOnce([0, 1, 2, 3, 4, 5], 4, work)).rejects.toThrow("failed 1");
  expect(begun).toEqual([0, 1, 2, 3, 4]);
});

test("a failure that is no error is a failure", async () => {
  await expect(eachAtOnce([1], 4, () => Promise.reject(undefined as unknown as Error))).rejects.toBeUndefined();
});
