import { describe, expect, test } from "vitest";
import { resultOrPaksError } from "./testing/properties.ts";
import { decodeText } from "./text.ts";

describe("decodeText", () => {
  test("keeps the byte order mark and every character", () => {
    expect(decodeText(Buffer.from("\uFEFFäöü\r\n🎉"), "SKILL.md")).toBe("\uFEFFäöü\r\n🎉");
  });

  test.each([
    ["a lone continuation byte", [0x61, 0x0a, 0x80], 2],
    ["Latin-1", [0x0a, 0x0a, 0xfc, 0x62, 0x0a], 3],
    ["an overlong slash", [0xc0, 0xaf], 1],
    ["half a surrogate pair", [0xed, 0xa0, 0x80], 1],
    ["UTF-16", [0xff, 0xfe, 0x61, 0x00, 0x0a, 0x00], 1],
    ["a sequence cut at the end", [0x61, 0xe2, 0x82], 1],
  ])("refuses %s and names the line", (_, bytes, line) => {
    const error = resultOrPaksError(() => decodeText(Uint8Array.from(bytes), "SKILL.md"));
    expect(error).toMatchObject({ code: "INVALID_ENCODING", details: { path: "SKILL.md", line } });
  });
});
