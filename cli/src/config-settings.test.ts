import { PaksError } from "@paks/schema";
import { expect, test } from "vitest";
import { readAccounts, readCacheFolder, readCacheSettings, readNetworkSettings } from "./config-settings.ts";
import { chooseRegistryFor } from "./registry-choice.ts";

const invalid = expect.objectContaining({ code: "INVALID_PARAMETER" });

test.each([
  ["600", "500", 600, 500],
  [600, 500, 600, 500],
  ["10m", "5MB", 600, 5_000_000],
  ["2 h", "1GiB", 7200, 1024 ** 3],
  ["1d", "3kb", 86_400, 3000],
])("cache.ttl %j and cache.max_size %j are %d s and %d bytes", (ttl, size, seconds, bytes) => {
  expect(readCacheSettings({ cache: { ttl, max_size: size } }, true)).toEqual({
    ttl: seconds,
    maxBytes: bytes,
    read: true,
  });
});

test.each(["-1", "1.5h", "soon", "", "10 parsecs", "constructor", "9".repeat(20)])("%j is no amount", (ttl) => {
  expect(() => readCacheSettings({ cache: { ttl } }, true)).toThrow(invalid);
  expect(() => readCacheSettings({ cache: { max_size: ttl } }, true)).toThrow(invalid);
});

test("the cache's folder is absolute or below home; the environment goes first", () => {
  const folder = (dir: string | undefined, env?: string) =>
    readCacheFolder(dir === undefined ? {} : { cache: { dir } }, () => env, "/home/me");
  expect([folder(undefined), folder("/x"), folder("~/x"), folder("/x", "/y")]).toEqual([
    undefined,
    "/x",
    "/home/me/x",
    "/y",
  ]);
  expect(() => folder("x")).toThrow(invalid);
});

test("proxy and certificates come from the environment, then from the file", () => {
  const settings = (environment: Record<string, string>) =>
    readNetworkSettings(
      { proxy: "http://file", no_proxy: "a", ca_file: "ca.pem" },
      (name) => environment[name],
      "/config",
    );
  expect(settings({})).toEqual({
    proxy: "http://file",
    noProxy: "a",
    caFile: "/config/ca.pem",
    extraCaFile: undefined,
  });
  expect(settings({ ALL_PROXY: "http://all", NO_PROXY: "b" })).toMatchObject({ proxy: "http://all", noProxy: "b" });
  expect(settings({ ALL_PROXY: "http://all", HTTPS_PROXY: "http://upper" })).toMatchObject({ proxy: "http://upper" });
  expect(settings({ HTTPS_PROXY: "http://upper", https_proxy: "http://lower" })).toMatchObject({
    proxy: "http://lower",
  });
  // Nothing goes out unencrypted, so this one has nothing to say.
  expect(settings({ HTTP_PROXY: "http://plain" })).toMatchObject({ proxy: "http://file" });
});

const registries = {
  work: { url: "https://work.example/", accounts: ["acme", "be-ta"] },
  other: { url: "https://other.example" },
};
const choices = (from: "flag" | "environment" | "config" | "default") => ({
  registry: { url: "https://main.example", from },
  registries: { work: "https://work.example", other: "https://other.example" },
  accounts: readAccounts({ registries }),
});

test.each([
  ["acme", "default", undefined, "https://work.example", true],
  ["acme", "flag", "https://evil.example", "https://work.example", true],
  ["ac-me", "default", undefined, "https://work.example", true],
  ["beta", "environment", undefined, "https://work.example", true],
  ["toString", "default", undefined, "https://main.example", true],
  ["gamma", "default", undefined, "https://main.example", true],
  ["gamma", "default", "https://evil.example", "https://evil.example", false],
  ["gamma", "config", "https://evil.example/", "https://evil.example", false],
  ["gamma", "config", "other", "https://other.example", true],
  ["gamma", "config", "https://other.example/", "https://other.example", true],
  ["gamma", "flag", "https://evil.example", "https://main.example", true],
  ["gamma", "environment", "other", "https://main.example", true],
] as const)("%s, default from %s, project wishes for %s: %s, with a token: %s", (account, from, wish, url, trusted) => {
  expect(chooseRegistryFor(choices(from), account, wish)).toEqual({ url, trusted });
});

test("a project's wish obeys the rules of registries' addresses", () => {
  for (const wish of ["http://evil.example", "https://u:p@evil.example", "file:///etc/passwd", "toString"])
    expect(() => chooseRegistryFor(choices("default"), "gamma", wish)).toThrow(PaksError);
});

test("an account in two registries is refused", () => {
  const two = { ...registries, third: { url: "https://third.example", accounts: ["AC-ME".toLowerCase()] } };
  expect(() => readAccounts({ registries: two })).toThrow(invalid);
});
