import { resolve } from "node:path";
import { createToken } from "@paks/db";
import { defaultGitPolicy } from "@paks/schema";
import { expect, test } from "vitest";
import { listRisks, parseConfig } from "./config.ts";

test("without any variable the registry is private to this machine and reads public hosts over https", () => {
  expect(parseConfig({})).toEqual({
    port: 8787,
    host: "127.0.0.1",
    databaseUrl: undefined,
    dataDir: resolve(".paks-data"),
    publicUrl: undefined,
    adminToken: undefined,
    gitPolicy: defaultGitPolicy,
    machine: {},
    trustedProxies: [],
    rateLimits: { anonymous: 20, token: 100 },
    logLevel: "info",
    leaseSeconds: 120,
    fault: undefined,
  });
  expect(listRisks(parseConfig({}))).toEqual([]);
});

test("git hosts are names or addresses, with or without a port", () => {
  const hosts = "*, git.example.com:8443 10.0.0.7 [::1]:3000";
  expect(parseConfig({ PAKS_GIT_HOSTS: hosts }).gitPolicy.hosts).toEqual([
    "*",
    "git.example.com:8443",
    "10.0.0.7",
    "[::1]:3000",
  ]);
});

test("an empty variable is one that is not set", () => {
  expect(parseConfig({ PORT: "", DATABASE_URL: "", PAKS_GIT_HOSTS: "" })).toEqual(parseConfig({}));
});

test("all wrong settings are named together, and no secret is repeated", () => {
  const wrong = {
    PORT: "80 80",
    DATABASE_URL: "mysql://root:hunter2@db/x",
    PAKS_PUBLIC_URL: "paks.example.com",
    PAKS_ADMIN_TOKEN: "short",
    PAKS_LOG_LEVEL: "loud",
    PAKS_ALLOW_PRIVATE_GIT: "yes",
    PAKS_RATE_LIMIT_TOKEN: "-1",
  };
  const message = (() => {
    try {
      parseConfig(wrong);
    } catch (error) {
      return String(error);
    }
    return "";
  })();
  for (const name of Object.keys(wrong)) expect(message).toContain(name);
  expect(message).not.toContain("hunter2");
  expect(message).not.toContain("short");
});

test.each([
  { PORT: "65536" },
  { PAKS_GIT_PROTOCOLS: "https,gopher" },
  { PAKS_GIT_HOSTS: "git.example.com,https://github.com" },
  { PAKS_GIT_HOSTS: "github.com/acme" },
  { PAKS_GIT_HOSTS: " , " },
  { PAKS_LEASE_SECONDS: "0" },
  { PAKS_TRUSTED_PROXIES: "10.0.0.0/64" },
  { PAKS_FAULT: "x:kill" },
  { PAKS_FAULT: "x:explode", PAKS_ENABLE_FAULTS: "1" },
  { PAKS_ADMIN_TOKEN: `${createToken().token.slice(0, -1)}!` },
  { PAKS_PUBLIC_URL: "https://user@paks.example.com" },
])("refuses %j before anything is opened", (environment) => {
  expect(() => parseConfig(environment)).toThrow(expect.objectContaining({ code: "INVALID_PARAMETER" }));
});

test("every setting that takes a wall away is told", () => {
  const config = parseConfig({
    PAKS_GIT_HOSTS: "*",
    PAKS_ALLOW_PRIVATE_GIT: "1",
    PAKS_GIT_PROTOCOLS: "https http,file",
    PAKS_FAULT: "record.before-commit:kill",
    PAKS_ENABLE_FAULTS: "1",
  });
  expect(listRisks(config)).toHaveLength(4);
  expect(listRisks(config)[2]).toContain("http, file");
  expect(config.fault).toEqual({ point: "record.before-commit", action: "kill" });
});

test("lists may be separated by commas or blanks, and hosts are compared in lower case", () => {
  const { gitPolicy, trustedProxies } = parseConfig({
    PAKS_GIT_HOSTS: "Git.Example.com, 127.0.0.1:3000",
    PAKS_TRUSTED_PROXIES: "10.0.0.0/8 fd00::/8",
  });
  expect(gitPolicy.hosts).toEqual(["git.example.com", "127.0.0.1:3000"]);
  expect(trustedProxies).toEqual(["10.0.0.0/8", "fd00::/8"]);
});
