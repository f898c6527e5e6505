import { expect, test } from "vitest";
import { withinOwnLimits } from "./own-limits.ts";

const wanted = { fsize: 1000, as: 2000, cpu: 30, nofile: 256, core: 0 };

test("no limit is asked for that is higher than the process's own hard one", () => {
  const own = [
    "Limit                     Soft Limit           Hard Limit           Units     ",
    "Max cpu time              unlimited            unlimited            seconds   ",
    "Max file size             500                  900                  bytes     ",
    "Max core file size        0                    unlimited            bytes     ",
    "Max open files            24                   24                   files     ",
    "Max address space         unlimited            5000                 bytes     ",
  ];
  expect(withinOwnLimits(wanted, own)).toEqual({ fsize: 900, as: 2000, cpu: 30, nofile: 24, core: 0 });
});

test("where the process's own limits are not known, ours are asked for", () => {
  expect(withinOwnLimits(wanted, [])).toEqual(wanted);
});
