import { mkdtemp, rm } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeFiles } from "./hostile/files.ts";
import { expectAnswer, expectVerdict, type HostileLab, openHostileLab } from "./hostile/open.ts";

/** The widest that a registry on the open internet can be set: any host, as long as it is public. */
const anyPublicHost = { PAKS_ALLOW_PRIVATE_GIT: "0", PAKS_GIT_PROTOCOLS: "https", PAKS_GIT_HOSTS: "*" };

/** What an attacker's name server says. */
const answers: Readonly<Record<string, readonly string[]>> = {
  "loopback.attacker.test": ["127.0.0.1"],
  "metadata.attacker.test": ["169.254.169.254"],
  "private.attacker.test": ["10.0.0.7"],
  "carrier.attacker.test": ["100.64.0.1"],
  "zero.attacker.test": ["0.0.0.0"],
  "multicast.attacker.test": ["224.0.0.1"],
  "sixth.attacker.test": ["::1"],
  "mapped.attacker.test": ["::ffff:127.0.0.1"],
  "nat64.attacker.test": ["64:ff9b::7f00:1"],
  "unique-local.attacker.test": ["fd00::1"],
  "link-local.attacker.test": ["fe80::1"],
  "one-of-two.attacker.test": ["140.82.112.3", "127.0.0.1"],
  "one-of-two-6.attacker.test": ["2606:4700::6810:84e5", "::1"],
};

/** Loaded into the registry's process before anything else: only the name server is not real. */
const resolver = `
import promises from "node:dns/promises";
import { syncBuiltinESMExports } from "node:module";
const answers = ${JSON.stringify(answers)};
const system = promises.lookup;
promises.lookup = async (host, options) => {
  if (host.endsWith(".invalid")) throw Object.assign(new Error(host), { code: "ENOTFOUND" });
  return answers[host]?.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })) ?? system(host, options);
};
syncBuiltinESMExports();
`;

let hostile: HostileLab;
let folder: string;
/** Listens on this machine: whoever connects was led where nobody may go. */
let trap: Server;
let caught = 0;
let port = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "paks-resolver-"));
  await writeFiles(folder, { "resolver.mjs": resolver });
  trap = createServer((socket) => {
    caught++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => trap.listen(0, "127.0.0.1", resolve));
  port = (trap.address() as AddressInfo).port;
  const preload = `--import ${pathToFileURL(join(folder, "resolver.mjs")).href}`;
  hostile = await openHostileLab({ registryEnv: { ...anyPublicHost, NODE_OPTIONS: preload } });
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await new Promise((resolve) => trap.close(resolve));
  await hostile.close();
});

const hosts = [
  "localhost",
  "localhost.",
  "LOCALHOST",
  "git.localhost",
  "git.internal",
  "git.local",
  "git.corp",
  "git.home.arpa",
  "intranet",
  "127.0.0.1",
  "127.0.0.1.",
  "127.1",
  "0x7f000001",
  "0x7f.1",
  "2130706433",
  "017700000001",
  "0177.0.0.1",
  "①②⑦.⓪.⓪.①",
  "127。0。0。1",
  "0.0.0.0",
  "0",
  "10.0.0.1",
  "172.16.0.1",
  "192.168.1.1",
  "169.254.169.254",
  "100.64.0.1",
  "224.0.0.1",
  "255.255.255.255",
  "192.0.2.1",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
  "[::127.0.0.1]",
  "[64:ff9b::7f00:1]",
  "[fd00::1]",
  "[fe80::1]",
  "[ff02::1]",
  "[2002:7f00:1::]",
  "[2001:db8::1]",
];

test.each(hosts)("the host %s is refused at the door", async (host) => {
  for (const authority of [host, `${host}:${port}`]) {
    const answer = await hostile.post("/api/index", { repository: `https://${authority}/acme/pdf`, tag: "v1.0.0" });
    expectAnswer(answer, "HOST_NOT_ALLOWED");
  }
  await hostile.requireWell();
});

describe.concurrent("a name that leads into the inner network", () => {
  test.each(Object.keys(answers))("%s is refused when it was looked up, without a connection", async (host) => {
    const attempt = await hostile.follow({ repository: `https://${host}:${port}/acme/pdf`, tag: "v1.0.0" });
    expectVerdict(attempt, "HOST_NOT_ALLOWED");
    // What a name of the inner network means is nobody's business.
    const told = JSON.stringify([attempt.message, attempt.hint, attempt.details]);
    for (const address of answers[host]!) expect(told).not.toContain(address);
    await hostile.requireWell();
  });
});

test("a name that does not exist is tried again", async () => {
  expectVerdict(
    await hostile.follow({ repository: "https://nobody.invalid/acme/pdf", tag: "v1.0.0" }),
    "GIT_HOST_UNAVAILABLE",
  );
});

test("nobody was connected to, and nothing was released", async () => {
  const records = await hostile.finish();
  expect(records.releases).toEqual([]);
  expect(records.attempts).toBe(Object.keys(answers).length + 1);
  expect(caught).toBe(0);
});
