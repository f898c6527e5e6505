import * as fc from "fast-check";
import { expect, test } from "vitest";
import { isAddress, isPrivateHostName, isPublicAddress } from "./public-address.ts";

test.each(
  ["0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.255.255", "169.254.169.254"]
    .concat(["172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"])
    .concat(["198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"])
    .concat([
      "::",
      "::1",
      "[::1]",
      "::ffff:127.0.0.1",
      "::ffff:8.8.8.8",
      "::8.8.8.8",
      "64:ff9b::7f00:1",
      "64:ff9b:1::1",
    ])
    .concat(["fe80::1", "fe80::1%eth0", "febf::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "2001::1"])
    .concat(["2001:0:4136:e378::1", "2002:7f00:1::", "100::1", "3fff::1", "5f00::1", "fec0::1", "4000::1"])
    .concat([
      "",
      "example.com",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "1.2.3.4 ",
      "0x7f000001",
      "2130706433",
      ":::",
      "1::2::3",
    ]),
)("%s is not a public address", (address) => expect(isPublicAddress(address)).toBe(false));

test.each(
  ["1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0"]
    .concat([
      "140.82.121.3",
      "172.15.255.255",
      "172.32.0.0",
      "192.167.255.255",
      "192.169.0.0",
      "198.17.255.255",
      "198.20.0.0",
    ])
    .concat([
      "223.255.255.255",
      "2606:4700:4700::1111",
      "[2606:4700:4700::1111]",
      "2a00:1450:4001:82f::200e",
      "2001:4860:4860::8888",
    ]),
)("%s is a public address", (address) => expect(isPublicAddress(address)).toBe(true));

test("an IPv4 address is judged the same however an IPv6 address may carry it: never public", () => {
  fc.assert(
    fc.property(fc.ipV4(), (address) => {
      expect(isPublicAddress(`::ffff:${address}`)).toBe(false);
      expect(isPublicAddress(`64:ff9b::${address}`)).toBe(false);
    }),
  );
});

test("any text is judged without a failure", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), fc.ipV4(), fc.ipV6(), fc.ipV4Extended()), (text) => {
      expect(isPublicAddress(text)).toBeTypeOf("boolean");
      expect(isPrivateHostName(text)).toBeTypeOf("boolean");
    }),
  );
});

test.each(["localhost", "a.localhost", "git.internal", "printer.local", "intranet", "nas.lan", "x.home.arpa", "host"])(
  "%s is a name inside a network",
  (host) => expect(isPrivateHostName(host)).toBe(true),
);

test("public names that only look like them stay public", () => {
  for (const host of ["github.com", "local.example", "mylocalhost.org", "internal.dev"])
    expect(isPrivateHostName(host)).toBe(false);
});

test("addresses are told from names", () => {
  expect(isAddress("127.0.0.1")).toBe(true);
  expect(isAddress("[::1]")).toBe(true);
  expect(isAddress("1.2.3.example")).toBe(false);
});
