import { expect, test } from "vitest";

import { parseHttpTrace, retryAfterSeconds } from "./http-trace.ts";

const line = (text: string) => `02:35:20.018125 http.c:684              <= Recv header: ${text}`;

test("answers are read in order, interim ones left out", () => {
  const trace = [
    "02:35:20.012775 http.c:684              => Send header: GET /x HTTP/1.1",
    line("HTTP/1.1 100 Continue"),
    line(""),
    line("HTTP/1.1 200 OK"),
    line("Content-Type:  text/html; charset=utf-8\r"),
    line("HTTP/2 429"),
    line("retry-after: 77"),
  ].join("\n");
  expect(parseHttpTrace(trace)).toEqual([
    { status: 200, headers: { "content-type": "text/html; charset=utf-8" } },
    { status: 429, headers: { "retry-after": "77" } },
  ]);
});

test("a header's value cannot pretend to be another answer", () => {
  const trace = [line("HTTP/1.1 200 OK"), line("x: <= Recv header: HTTP/1.1 404 Not Found")].join("\n");
  expect(parseHttpTrace(trace)).toEqual([{ status: 200, headers: { x: "<= Recv header: HTTP/1.1 404 Not Found" } }]);
});

test("Retry-After is seconds, or a date by the host's own clock", () => {
  const seconds = (headers: Record<string, string>) => retryAfterSeconds({ status: 429, headers });
  const date = "Sat, 21 Nov 2026 10:00:00 GMT";
  expect(seconds({ "retry-after": "120" })).toBe(120);
  expect(seconds({ "retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", date })).toBe(30);
  expect(seconds({ "retry-after": "Sat, 21 Nov 2020 10:00:30 GMT", date })).toBe(0);
  expect(seconds({ "retry-after": date })).toBeUndefined();
  expect(seconds({ "retry-after": "soon", date })).toBeUndefined();
  expect(seconds({ "retry-after": "-5", date: "x" })).toBeUndefined();
  expect(seconds({})).toBeUndefined();
});
