import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { checkJsonOutput } from "./check.ts";

const check = (command: string, exit: number, value: unknown, words: readonly string[] = []) =>
  checkJsonOutput({ command, words, exit, stdout: JSON.stringify(value) });

test("an exit code that does not go with the value is refused", () => {
  const missing = { error: { code: "PAK_NOT_FOUND", message: "No." } };
  expect(check("info", 3, missing).command).toBe("error");
  expect(() => check("info", 0, missing)).toThrow("PAK_NOT_FOUND with exit 0");
  const doctor = { ok: false, checks: [{ name: "git", state: "fail", detail: "none", code: "GIT_MISSING" }] };
  expect(check("doctor", 10, doctor).command).toBe("doctor");
  expect(() => check("doctor", 8, doctor)).toThrow("none of its exit codes");
  expect(() => check("completions", 9, { shell: "bash", script: "" })).toThrow("none of its exit codes");
});

test("what the command line asks for decides which form it has to be", () => {
  const name = { name: null, url: "https://r.example" };
  expect(check("registry default", 0, name, ["registry", "default"]).variant.when).toBe("without a name");
  const set = ["registry", "default", "work"];
  expect(() => check("registry default", 0, name, set)).toThrow(/"file"/);
  expect(check("registry default", 0, { ...name, file: "/f" }, set).variant.when).toContain("with a name");
});

test("a command without a schema and more than one value are refused", () => {
  expect(() => check("dance", 0, {})).toThrow('no schema of what "paks dance --json" prints');
  expect(() => checkJsonOutput({ command: "info", words: [], exit: 0, stdout: "{}\n{}" })).toThrow(SyntaxError);
  expect(() => check("toString", 0, {})).toThrow("no schema");
});

test("no code of the program loads the schemas", async () => {
  const source = fileURLToPath(new URL("..", import.meta.url));
  const names = (await readdir(source, { recursive: true })).filter(
    (name) => name.endsWith(".ts") && !/\.test\.ts$|(^|[/\\])(testing|json-output)[/\\]/.test(name),
  );
  const texts = await Promise.all(
    names.map(async (name) => [name, await readFile(join(source, name), "utf8")] as const),
  );
  expect(texts.length).toBeGreaterThan(100);
  expect(texts.filter(([, text]) => text.includes("json-output/")).map(([name]) => name)).toEqual([]);
});
