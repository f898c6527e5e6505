import { parseRepositoryUrl } from "@paks/schema";
import { expect, test } from "vitest";

import { gitFailure } from "./failure.ts";

const repository = parseRepositoryUrl("https://github.com/acme/pdf");
const codeOf = (stderr: string) =>
  gitFailure({ run: { stderr, stdout: Buffer.alloc(0), exitCode: 128 }, answers: [], repository }).code;

test.each([
  "remote: No space left on device",
  "remote: see\rfatal: No space left on device",
  "fatal: remote error: see\nfatal: write error: No space left on device",
])("what the server says is not believed: %j", (words) => {
  expect(codeOf(`${words}\nfatal: early EOF\n`)).toBe("GIT_PROTOCOL_ERROR");
});

test("what git says is, also beside the server's words", () => {
  expect(codeOf("remote: hello\nfatal: write error: No space left on device\n")).toBe("DISK_FULL");
});
