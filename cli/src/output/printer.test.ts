import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import { type PrinterOptions, openPrinter } from "./printer.ts";
import { showProgress } from "./progress.ts";

function open(options: Partial<PrinterOptions> & { terminal?: boolean } = {}) {
  const written = { stdout: "", stderr: "" };
  const sink = (name: keyof typeof written) => ({
    isTTY: options.terminal === true,
    write: (text: string) => (written[name] += text),
  });
  const base = { json: false, quiet: false, verbose: false, color: "auto" } as const;
  return { written, printer: openPrinter({ ...base, stdout: sink("stdout"), stderr: sink("stderr"), ...options }) };
}

test("data goes to stdout and everything else to stderr", () => {
  const { written, printer } = open({ verbose: true });
  printer.result({ data: { a: 1 }, text: "done" });
  printer.warn("careful");
  printer.note("by the way");
  printer.debug("GET /x");
  expect(written).toEqual({ stdout: "done\n", stderr: "warning: careful\nby the way\n  GET /x\n" });
});

test("with --json stdout is exactly one JSON value", () => {
  const { written, printer } = open({ json: true });
  printer.result({ data: { name: "x\u001b" }, text: "ignored" });
  expect(JSON.parse(written.stdout)).toEqual({ name: "x\u001b" });
  expect(written.stdout).not.toContain("\u001b");
});

test("with --json an error is the API's error body on stdout", () => {
  const { written, printer } = open({ json: true });
  printer.error(new PaksError("PAK_NOT_FOUND", "No.", { hint: "Look.", details: { name: "x" } }));
  expect(JSON.parse(written.stdout)).toEqual({
    error: { code: "PAK_NOT_FOUND", message: "No.", hint: "Look.", details: { name: "x" } },
  });
  expect(written.stderr).toBe("");
});

test("--quiet keeps warnings and drops notes", () => {
  const { written, printer } = open({ quiet: true });
  printer.warn("careful");
  printer.note("by the way");
  printer.debug("GET /x");
  expect(written.stderr).toBe("warning: careful\n");
});

test("colours are ours alone, and only on a terminal or when asked for", () => {
  const hostile = { data: null, text: "✓ done\n\u001b[31m✗ no" };
  const onPipe = open();
  onPipe.printer.result(hostile);
  expect(onPipe.written.stdout).toBe("✓ done\n\\u{1b}[31m✗ no\n");

  const onTerminal = open({ terminal: true });
  onTerminal.printer.result(hostile);
  expect(onTerminal.written.stdout).toBe("\u001b[32m✓\u001b[39m done\n\\u{1b}[31m✗ no\n");

  const never = open({ terminal: true, color: "never" });
  never.printer.result(hostile);
  expect(never.written.stdout).not.toContain("\u001b");
});

test("an empty text prints nothing", () => {
  const { written, printer } = open();
  printer.result({ data: null, text: "" });
  expect(written.stdout).toBe("");
});

const wait = async (milliseconds: number) => await new Promise((resolve) => setTimeout(resolve, milliseconds));

test("a spinner shows only on a terminal, only after half a second, and cleans up after a failure", async () => {
  const terminal = { isTTY: true, columns: 40, text: "", write: (text: string) => (terminal.text += text) };
  await showProgress(terminal, "Fast", async () => await wait(50));
  expect(terminal.text).toBe("");

  const failing = showProgress(terminal, "Slow", async (step) => {
    await wait(600);
    step("evil\u001b[2J");
    await wait(200);
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(terminal.text).toContain("Slow");
  expect(terminal.text).toContain("evil\\u{1b}[2J");
  expect(terminal.text.endsWith("\r\u001b[2K")).toBe(true);

  const pipe = { isTTY: false, write: () => expect.unreachable() };
  await showProgress(pipe, "Slow", async () => await wait(600));
});
