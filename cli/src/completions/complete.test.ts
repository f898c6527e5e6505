import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { commandGroups, commandTable } from "../commands/table.ts";
import { type StubAnswer, serveStub, tempFolder } from "../testing/index.ts";
import { readWords } from "./flags.ts";
import { runComplete } from "./run-complete.ts";

async function open(config = "", environment: Record<string, string> = {}) {
  const home = await tempFolder();
  await mkdir(join(home, ".config/paks"), { recursive: true });
  await writeFile(join(home, ".config/paks/config.toml"), config);
  let now = Date.parse("2026-11-21T00:00:00Z");
  const clock = () => new Date(now);
  const ask = (...words: string[]) =>
    runComplete(words, {
      cwd: home,
      home,
      platform: "linux",
      environment: { PAKS_OFFLINE: "1", ...environment },
      clock,
    });
  const values = async (...words: string[]) =>
    (await ask(...words)).split("\n").flatMap((line) => line.split("\t", 1)[0] || []);
  return { home, ask, values, later: (milliseconds: number) => (now += milliseconds) };
}

test("every command and group is offered with what it does, hidden ones are not", async () => {
  const { ask, values } = await open();
  expect(await ask("doc")).toBe(`doctor\t${commandTable.find(({ name }) => name === "doctor")!.describe}\n`);
  const first = [...commandTable.map(({ name }) => name.split(" ")[0]!), ...Object.keys(commandGroups), "help"];
  expect(new Set(await values(""))).toEqual(new Set(first));
  expect(await values("help", "agent", "sho")).toEqual(["show"]);
});

test.each(commandTable.map((row) => [row.name, row] as const))("%s offers each of its flags", async (name, row) => {
  const { values } = await open();
  const { flags } = readWords(await row.load());
  const long = flags.map(({ names }) => names.find((one) => one.startsWith("--")));
  expect(await values(...name.split(" "), "-")).toEqual(long);
  expect(long).toEqual(expect.arrayContaining(["--json", "--help"]));
});

test.each<[string[], string[]]>([
  [["install", "--agent", "claude"], ["claude-code"]],
  [["i", "-a", "claude-code,curs"], ["claude-code,cursor"]],
  [["install", "--agent=curs"], ["--agent=cursor"]],
  [["--registry", "x", "search", "--sort", "d"], ["downloads"]],
  [
    ["search", "--color="],
    ["--color=auto", "--color=always", "--color=never"],
  ],
  [
    ["agent", "show", "min"],
    ["mine", "minimax-code"],
  ],
  [["agent", "remove", ""], ["mine"]],
  [["config", "get", "off"], ["offline"]],
  [["config", "set", "offline", ""], []],
  [
    ["config", "get", "registries."],
    ["registries.work.url", "registries.work.accounts", "registries.work.auth_required"],
  ],
  [["config", "set", "agents.mine.s"], ["agents.mine.skills_dir"]],
  [["--registry", ""], ["work"]],
  [["agent", "--registry=w"], ["--registry=work"]],
  [
    ["--color", "a"],
    ["auto", "always"],
  ],
  [["completions", "f"], ["fish"]],
  [["info", "--registry", ""], ["work"]],
  [["remove", "p"], ["pdf"]],
  [["remove", "pdf", ""], ["csv"]],
  [["remove", "--", "c"], ["csv"]],
  [["unpin", "p"], ["pdf"]],
  [
    ["diff", "c"],
    ["csv", ":files"],
  ],
  [["config", "set", "default_agent", "claude"], ["claude-code"]],
  [["validate", "x"], [":files"]],
  [
    ["validate", "--for", "c"],
    ["claude-ai", "claude-code", "cursor", "copilot"],
  ],
  [["validate", "--for", "paks,cu"], ["paks,cursor"]],
  [["install", "./x"], [":files"]],
  [["install", "--dir", "x"], [":files"]],
  [["nonsense", "x"], []],
  [["agent", "nonsense", "x"], []],
  [["__proto__", "x"], []],
])("behind %j stands %j", async (words, expected) => {
  const { home, values } = await open(
    '[agents.mine]\nskills_dir = "/x"\n[registries.work]\nurl = "https://work.example"\n',
  );
  await mkdir(join(home, ".agents/skills/.paks"), { recursive: true });
  for (const name of ["pdf", "csv"]) await writeFile(join(home, `.agents/skills/.paks/${name}.json`), "broken");
  expect((await values(...words)).sort()).toEqual(expected.sort());
});

test("a broken configuration is no error here", async () => {
  const { values } = await open("[");
  expect(await values("info", "--registry", "")).toEqual([]);
  expect(await values("agent", "show", "claude")).toEqual(["claude-code"]);
});

const found = { body: { data: [{ account: "acme", name: "pdf", description: "Fills\n\u001b[31mforms" }] } };
async function online(answer: () => StubAnswer | Promise<StubAnswer>) {
  const stub = await serveStub(answer);
  return { stub, ...(await open("", { PAKS_REGISTRY: stub.url, PAKS_OFFLINE: "", PAKS_TOKEN: "paks_secret" })) };
}

test("names come from the registry without a token, are kept for ten minutes, and show nothing harmful", async () => {
  const { stub, ask, values, later } = await online(() => found);
  expect(await ask("install", "acme/p")).toBe("acme/pdf\tFills\\u{a}\\u{1b}[31mforms\n:files\n");
  // One letter finds nothing in a registry.
  expect(stub.requests[0]?.path).toBe("/api/paks?account=acme&limit=100");
  expect(JSON.stringify(stub.requests[0])).not.toContain("paks_secret");
  await values("install", "acme/p");
  expect(stub.requests.length).toBe(1);
  later(11 * 60_000);
  await values("install", "acme/p");
  expect(stub.requests.length).toBe(2);
  expect(await values("diff", "acme/pd")).toEqual(["acme/pdf", ":files"]);
  expect(stub.requests[2]?.path).toBe("/api/paks?account=acme&q=pd&limit=100");
});

test.each<[string, () => StubAnswer | Promise<StubAnswer>]>([
  ["is slow", async () => (await delay(5000, undefined, { ref: false }), found)],
  ["hangs up", () => ({ hangUp: true })],
  ["answers no JSON", () => ({ body: "<html>" })],
  ["answers something else", () => ({ body: { data: [null, 1, { account: "a b", name: "$(x)" }] } })],
  ["leads elsewhere", () => ({ status: 302, headers: { location: "http://127.0.0.1:1/" } })],
])("a registry that %s is not waited for, and what was known before is offered", async (_, answer) => {
  let good = true;
  const { values, later } = await online(() => (good ? found : answer()));
  expect(await values("install", "acme/p")).toEqual(["acme/pdf", ":files"]);
  good = false;
  later(11 * 60_000);
  const before = performance.now();
  const names = await values("install", "acme/p");
  expect(performance.now() - before).toBeLessThan(2500);
  expect(names.filter((name) => !["acme/pdf", ":files"].includes(name))).toEqual([]);
});

test("offline, and for less than two letters, nobody is asked", async () => {
  const { stub } = await online(() => found);
  const { values } = await open("", { PAKS_REGISTRY: stub.url });
  expect(await values("install", "acme/p")).toEqual([":files"]);
  const there = await open("", { PAKS_REGISTRY: stub.url, PAKS_OFFLINE: "" });
  for (const typed of ["", "a", "A!", "https://x", "../x"]) await there.values("install", typed);
  expect(stub.requests).toEqual([]);
});
