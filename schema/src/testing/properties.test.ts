import { expect, test } from "vitest";
import { PaksError } from "../errors.ts";
import { resultOrPaksError, timeGrowth } from "./properties.ts";

test("code that takes quadratic time is told from code that takes linear time", () => {
  const linear = (size: number) => {
    let sum = 0;
    for (let index = 0; index < size * 20; index += 1) sum += index % 7;
    return sum;
  };
  // From every blank the run to the end is tried anew.
  const quadratic = (size: number) => /\s+$/.test(`${" ".repeat(size)}x`);
  expect(timeGrowth(linear, [100_000, 1_000_000])).toBeLessThan(40);
  expect(timeGrowth(quadratic, [3_000, 30_000])).toBeGreaterThan(40);
});

test("a failure that is no PaksError goes through", () => {
  expect(resultOrPaksError(() => 1)).toBe(1);
  expect(
    resultOrPaksError(() => {
      throw new PaksError("INVALID_NAME", "x");
    }),
  ).toBeInstanceOf(PaksError);
  expect(() =>
    resultOrPaksError(() => {
      throw new RangeError("x");
    }),
  ).toThrow(RangeError);
});
