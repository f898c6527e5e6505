import { expect, test } from "vitest";
import { guard, probeKeychain } from "./guarded.ts";
import type { Keychain } from "./keychain.ts";

function memoryKeychain(): Keychain & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  return {
    kept,
    getPassword: async (service, account) => kept.get(`${service} ${account}`) ?? null,
    setPassword: async (service, account, password) => void kept.set(`${service} ${account}`, password),
    deletePassword: async (service, account) => kept.delete(`${service} ${account}`),
    findCredentials: async () => [...kept].map(([account, password]) => ({ account, password })),
  };
}

const open = (native: Keychain, milliseconds = 200) =>
  guard(native, { id: "keyring", description: "the test keychain", milliseconds });

test("a keychain that answers is used as it is", async () => {
  const keychain = open(memoryKeychain());
  await keychain.setPassword("s", "a", "x");
  expect(await keychain.getPassword("s", "a")).toBe("x");
  expect(await keychain.deletePassword("s", "a")).toBe(true);
  expect(await keychain.getPassword("s", "a")).toBeNull();
});

test("nothing found is null, whatever the library calls it", async () => {
  const keychain = open({ ...memoryKeychain(), getPassword: async () => undefined as unknown as null });
  expect(await keychain.getPassword("s", "a")).toBeNull();
});

test("a keychain that says it has stored and has not is unavailable", async () => {
  const keychain = open({ ...memoryKeychain(), setPassword: async () => undefined });
  await expect(keychain.setPassword("s", "a", "x")).rejects.toMatchObject({ code: "KEYCHAIN_UNAVAILABLE" });
});

test("a keychain that waits for a window nobody sees is given up in time", async () => {
  const keychain = open({ ...memoryKeychain(), getPassword: async () => await new Promise(() => undefined) }, 50);
  const start = performance.now();
  await expect(keychain.getPassword("s", "a")).rejects.toMatchObject({
    code: "KEYCHAIN_UNAVAILABLE",
    message: expect.stringContaining("the test keychain"),
  });
  expect(performance.now() - start).toBeLessThan(1000);
});

test("a failure of the library keeps its cause and is one sentence", async () => {
  const cause = new Error("DBus error.");
  const keychain = open({ ...memoryKeychain(), getPassword: async () => Promise.reject(cause) });
  const message = "the test keychain does not answer: DBus error.";
  await expect(keychain.getPassword("s", "a")).rejects.toMatchObject({ code: "KEYCHAIN_UNAVAILABLE", message, cause });
});

test("the probe leaves nothing behind", async () => {
  const native = memoryKeychain();
  await probeKeychain(open(native));
  expect(native.kept.size).toBe(0);
});
