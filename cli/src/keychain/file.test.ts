import { chmod, mkdir, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { tempFolder } from "../testing/index.ts";
import { openFileKeychain } from "./file.ts";

const service = "dev.stakpak.paks";
const posix = process.platform !== "win32";

async function open() {
  const home = await tempFolder();
  const folders = { config: join(home, "config"), state: join(home, "state") };
  return {
    keychain: openFileKeychain({ ...folders, platform: process.platform }),
    tokens: join(folders.config, "credentials", "tokens.json"),
    key: join(folders.state, "credentials", "key"),
  };
}

test("what is stored is found again, by service and account, and is gone when deleted", async () => {
  const { keychain } = await open();
  expect(await keychain.getPassword(service, "https://a.example")).toBeNull();
  await keychain.setPassword(service, "https://a.example", "one");
  await keychain.setPassword(service, "https://b.example", "two");
  await keychain.setPassword("other", "https://a.example", "three");
  expect(await keychain.getPassword(service, "https://a.example")).toBe("one");
  expect(await keychain.findCredentials(service)).toEqual([
    { account: "https://a.example", password: "one" },
    { account: "https://b.example", password: "two" },
  ]);
  expect(await keychain.deletePassword(service, "https://a.example")).toBe(true);
  expect(await keychain.deletePassword(service, "https://a.example")).toBe(false);
  expect(await keychain.getPassword(service, "https://a.example")).toBeNull();
  expect(await keychain.getPassword("other", "https://a.example")).toBe("three");
});

test("names of JavaScript's own are names like any other", async () => {
  const { keychain } = await open();
  expect(await keychain.getPassword("constructor", "toString")).toBeNull();
  await keychain.setPassword(service, "constructor", "x");
  expect(await keychain.getPassword(service, "constructor")).toBe("x");
});

test("the token is in no file in the clear, and each write is sealed anew", async () => {
  const { keychain, tokens, key } = await open();
  await keychain.setPassword(service, "a", "paks_very-secret");
  const first = await readFile(tokens, "utf8");
  await keychain.setPassword(service, "a", "paks_very-secret");
  const second = await readFile(tokens, "utf8");
  for (const text of [first, second, await readFile(key, "latin1")]) expect(text).not.toContain("very-secret");
  expect(JSON.parse(second)).not.toEqual(JSON.parse(first));
  expect(await readFile(key)).toHaveLength(32);
});

test.runIf(posix)("files are 0600 in folders that are 0700, and no temporary file stays behind", async () => {
  const { keychain, tokens, key } = await open();
  await mkdir(dirname(tokens), { recursive: true, mode: 0o755 });
  await keychain.setPassword(service, "a", "x");
  const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
  expect([await mode(tokens), await mode(key)]).toEqual(["600", "600"]);
  expect([await mode(dirname(tokens)), await mode(dirname(key))]).toEqual(["700", "700"]);
  expect([...(await readdir(dirname(tokens))), ...(await readdir(dirname(key)))]).toEqual(["tokens.json", "key"]);
});

test.runIf(posix).each(["tokens", "key"] as const)("a %s file that others may read is refused", async (which) => {
  const { keychain, ...files } = await open();
  await keychain.setPassword(service, "a", "x");
  for (const mode of [0o640, 0o604, 0o660]) {
    await chmod(files[which], mode);
    const refusal = { code: "KEYCHAIN_UNAVAILABLE", message: expect.stringContaining(files[which]) };
    await expect(keychain.getPassword(service, "a")).rejects.toMatchObject(refusal);
    await expect(keychain.setPassword(service, "a", "y")).rejects.toMatchObject(refusal);
  }
});

test("a file that was changed does not open, and never opens as another's token", async () => {
  const { keychain, tokens } = await open();
  await keychain.setPassword(service, "a", "x");
  const sealed = JSON.parse(await readFile(tokens, "utf8")) as Record<string, string>;
  for (const field of ["iv", "tag", "data"]) {
    const bytes = Buffer.from(sealed[field]!, "base64");
    bytes[0]! ^= 1;
    await writeFile(tokens, JSON.stringify({ ...sealed, [field]: bytes.toString("base64") }));
    await expect(keychain.getPassword(service, "a")).rejects.toMatchObject({ code: "KEYCHAIN_UNAVAILABLE" });
  }
  // A shortened tag is easier to forge.
  const tag = Buffer.from(sealed["tag"]!, "base64").subarray(0, 4).toString("base64");
  await writeFile(tokens, JSON.stringify({ ...sealed, tag }));
  await expect(keychain.getPassword(service, "a")).rejects.toMatchObject({ code: "KEYCHAIN_UNAVAILABLE" });
});

test.each(["", "{}", "null", '{"version":2,"iv":"","tag":"","data":""}', "\u0000"])(
  "a damaged file (%j) is told with the way out",
  async (text) => {
    const { keychain, tokens } = await open();
    await keychain.setPassword(service, "a", "x");
    await writeFile(tokens, text);
    await expect(keychain.getPassword(service, "a")).rejects.toMatchObject({
      code: "KEYCHAIN_UNAVAILABLE",
      hint: expect.stringContaining("paks login"),
    });
  },
);

test("a lost key is told and not replaced under the tokens", async () => {
  const { keychain, key } = await open();
  await keychain.setPassword(service, "a", "x");
  await rm(key);
  await expect(keychain.getPassword(service, "a")).rejects.toMatchObject({ code: "KEYCHAIN_UNAVAILABLE" });
  await expect(keychain.setPassword(service, "b", "y")).rejects.toMatchObject({ code: "KEYCHAIN_UNAVAILABLE" });
});

test("eight logins at once lose no token", async () => {
  const { keychain } = await open();
  const accounts = Array.from({ length: 8 }, (_, index) => `https://${index}.example`);
  await Promise.all(accounts.map((account) => keychain.setPassword(service, account, account)));
  const kept = await keychain.findCredentials(service);
  expect(kept.map((one) => one.account).sort()).toEqual(accounts);
});
