import { resolve } from "node:path";
import { expect, test } from "vitest";
import { shortPath } from "./short-path.ts";

test.skipIf(process.platform === "win32")("a path is shown from here, else from home, else with steps upwards", () => {
  const around = { cwd: "/home/ann/work", home: "/home/ann" };
  const short = (path: string) => shortPath(resolve(path), around);
  expect(short("/home/ann/work/.agents/skills/pdf")).toBe(".agents/skills/pdf");
  expect(short("/home/ann/work/..data")).toBe("..data");
  expect(short("/home/ann/.agents/skills/pdf")).toBe("~/.agents/skills/pdf");
  expect(short("/home/anna/x")).toBe("../../anna/x");
});

test.skipIf(process.platform === "win32")("in one of several folders, that one is shown like those beside it", () => {
  const short = (cwd: string) =>
    ["pdf", "csv"].map((name) => shortPath(resolve(cwd, "..", name), { cwd, home: "/home/ann" }));
  expect(short("/home/ann/work/pdf")).toEqual(["~/work/pdf", "~/work/csv"]);
  expect(short("/srv/work/pdf")).toEqual([".", "../csv"]);
});
