import { createToken } from "@paks/db";
import { expect, test } from "vitest";
import { type LogEvent, openLog } from "./log.ts";

function written(event: LogEvent, level: "info" | "error" = "info"): Record<string, unknown>[] {
  const lines: string[] = [];
  openLog(level, { write: (line) => lines.push(line) })(event);
  return lines.flatMap((line) => line.trim().split("\n")).map((line) => JSON.parse(line) as Record<string, unknown>);
}

test("one event is one JSON line with its time and level", () => {
  const [line, ...rest] = written({ level: "warn", event: "x", message: "two\nlines \u001b[31m" });
  expect(rest).toEqual([]);
  expect(line).toMatchObject({ level: "warn", event: "x", message: "two\nlines \u001b[31m" });
  expect(line?.["time"]).toMatch(/^\d{4}-\d\d-\d\dT/);
});

test("tokens, webhook secrets and passwords in URLs never reach the log, wherever they stand", () => {
  const { token } = createToken();
  const text = JSON.stringify(
    written({
      event: "x",
      authorization: "Bearer abc",
      headers: { "X-Hub-Signature-256": "sha256=00", Authorization: `Bearer ${token}` },
      url: "https://user:hunter2@git.example.com/a",
      error: new Error(`refused ${token}`),
      list: [{ secret: "s3cret" }, `whsec_${"a".repeat(40)}`, "Authorization: Bearer opaque-value"],
    }),
  );
  for (const secret of [token, "abc", "hunter2", "s3cret", "sha256=00", "a".repeat(40), "opaque-value"])
    expect(text).not.toContain(secret);
});

test("a value is cut to 1 KiB and nesting ends somewhere", () => {
  const deep: Record<string, unknown> = {};
  let at = deep;
  for (let i = 0; i < 1000; i += 1) at = at["next"] = {} as Record<string, unknown>;
  const [line] = written({ event: "x", big: "a".repeat(100_000), deep, many: Array.from({ length: 10_000 }, () => 1) });
  expect(JSON.stringify(line).length).toBeLessThan(2500);
});

test("a quieter level says nothing of what is less important", () => {
  expect(written({ event: "x" }, "error")).toEqual([]);
  expect(written({ event: "x", level: "error" }, "error")).toHaveLength(1);
});
