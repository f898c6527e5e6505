import { join } from "node:path";
import { expect, test } from "vitest";
import { type Environment, readConfig } from "./config.ts";
import { openCredentials } from "./credentials.ts";
import { openFileKeychain } from "./keychain/file.ts";
import { keychainService } from "./keychain/keychain.ts";
import { tempFolder } from "./testing/index.ts";

const origin = "https://r.example";
/** Elsewhere the library does not ask D-Bus. */
const linux = process.platform === "linux";

async function open(environment: Environment = {}) {
  const home = await tempFolder();
  const config = await readConfig({
    environment: { PAKS_REGISTRY: origin, XDG_RUNTIME_DIR: join(home, "run"), ...environment },
    platform: "linux",
    home,
  });
  const warnings: string[] = [];
  const notes: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  const deps = { config, platform: "linux", uid: 0, warn, debug: (text: string) => void notes.push(text) } as const;
  return { warnings, notes, config, again: () => openCredentials(deps), credentials: openCredentials(deps) };
}

test("nothing stored and no keychain on this machine means: not logged in", async () => {
  const { credentials, warnings } = await open();
  expect(await credentials.findToken(origin)).toBeUndefined();
  expect(warnings).toEqual([]);
});

test("without a keychain the token goes into the file, and that is said when it does, not at every use", async () => {
  const { credentials, again, warnings, notes } = await open();
  const { source } = await credentials.storeToken(origin, "paks_x");
  expect(source).toContain("tokens.json");
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toContain("no Secret Service");

  const next = again();
  expect(await next.findToken(origin)).toEqual({ token: "paks_x", source });
  expect(warnings).toHaveLength(1);
  expect(notes[0]).toContain("no Secret Service");
});

test("a token is handed out for its own origin only", async () => {
  const { credentials } = await open({ PAKS_KEYCHAIN: "file" });
  await credentials.storeToken(origin, "paks_x");
  for (const other of ["https://evil.example", "http://r.example", "https://r.example:8443", "https://sub.r.example"]) {
    expect(await credentials.findToken(other)).toBeUndefined();
  }
});

test("a token of the environment goes before a stored one, and to its own registry only", async () => {
  const { credentials } = await open({ PAKS_KEYCHAIN: "file", PAKS_TOKEN: "paks_env" });
  await credentials.storeToken(origin, "paks_stored");
  expect(await credentials.findToken(origin)).toEqual({
    token: "paks_env",
    source: "the environment variable PAKS_TOKEN",
  });
  expect(await credentials.findToken("https://evil.example")).toBeUndefined();
});

test("a new token is found by the run that stored it, a deleted one by none", async () => {
  const { credentials } = await open({ PAKS_KEYCHAIN: "file" });
  expect(await credentials.findToken(origin)).toBeUndefined();
  await credentials.storeToken(origin, "paks_x");
  expect(await credentials.findToken(origin)).toMatchObject({ token: "paks_x" });
  expect(await credentials.deleteToken(origin)).toBe(true);
  expect(await credentials.deleteToken(origin)).toBe(false);
  expect(await credentials.findToken(origin)).toBeUndefined();
});

test.runIf(linux)("a keychain that is there and does not answer is not taken for an empty one", async () => {
  const { credentials } = await open({ DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere/bus" });
  await expect(
    withBus("unix:path=/nowhere/bus", async () => await credentials.findToken(origin)),
  ).rejects.toMatchObject({
    code: "KEYCHAIN_UNAVAILABLE",
  });
});

test.runIf(linux)("a token in the file is used while the keychain does not answer, and --verbose says it", async () => {
  const bus = "unix:path=/nowhere/bus";
  const { credentials, config, warnings, notes } = await open({ DBUS_SESSION_BUS_ADDRESS: bus });
  const file = openFileKeychain({ config: config.folders.config, state: config.folders.state, platform: "linux" });
  await file.setPassword(keychainService, origin, "paks_x");
  expect(await withBus(bus, async () => await credentials.findToken(origin))).toMatchObject({ token: "paks_x" });
  expect(warnings).toEqual([]);
  expect(notes[0]).toContain("does not answer");
});

test("the probe tells the keychain from its stand-in", async () => {
  const { credentials } = await open();
  expect(await credentials.probe()).toMatchObject({
    state: "fallback",
    backend: "file",
    reason: expect.stringContaining("no Secret Service"),
  });
});

test("keytar that was asked for and is not installed is told, and nothing else is used", async () => {
  const { credentials } = await open({ PAKS_KEYCHAIN: "keytar" });
  const refusal = { code: "KEYCHAIN_UNAVAILABLE", hint: expect.stringContaining("npm install") };
  await expect(credentials.findToken(origin)).rejects.toMatchObject(refusal);
  await expect(credentials.storeToken(origin, "paks_x")).rejects.toMatchObject(refusal);
});

/** The native library reads the process's own environment. */
async function withBus<T>(address: string, work: () => Promise<T>): Promise<T> {
  const before = process.env["DBUS_SESSION_BUS_ADDRESS"];
  process.env["DBUS_SESSION_BUS_ADDRESS"] = address;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env["DBUS_SESSION_BUS_ADDRESS"];
    else process.env["DBUS_SESSION_BUS_ADDRESS"] = before;
  }
}
