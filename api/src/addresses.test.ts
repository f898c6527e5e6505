import { expect, test } from "vitest";
import { addressGroup, clientAddress, parseAddress, parseTrustedProxies } from "./addresses.ts";

const none = parseTrustedProxies([]);
const proxies = parseTrustedProxies(["10.0.0.0/8", "fd00::/8", "203.0.113.7"]);

test("X-Forwarded-For of a stranger changes nothing", () => {
  expect(clientAddress("198.51.100.1", "1.2.3.4", none)).toBe("198.51.100.1");
  expect(clientAddress("198.51.100.1", "1.2.3.4", proxies)).toBe("198.51.100.1");
});

test("behind trusted proxies the right-most hop that is not one counts", () => {
  expect(clientAddress("10.1.1.1", "6.6.6.6, 198.51.100.9, 10.2.2.2", proxies)).toBe("198.51.100.9");
  expect(clientAddress("::ffff:10.1.1.1", "198.51.100.9", proxies)).toBe("198.51.100.9");
  expect(clientAddress("203.0.113.7", "[2001:db8::1]:443", proxies)).toBe("2001:db8::1");
  expect(clientAddress("fd12::1", "2001:DB8:0:0::2", proxies)).toBe("2001:db8::2");
});

test("a proxy that says nothing useful is itself the client", () => {
  expect(clientAddress("10.1.1.1", undefined, proxies)).toBe("10.1.1.1");
  expect(clientAddress("10.1.1.1", "unknown", proxies)).toBe("10.1.1.1");
  expect(clientAddress("10.1.1.1", "10.9.9.9", proxies)).toBe("10.9.9.9");
  expect(clientAddress(undefined, "1.1.1.1", proxies)).toBe("unknown");
});

test("one IPv6 subscriber is one group, however many addresses it uses", () => {
  expect(addressGroup("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2::/64");
  expect(addressGroup("2001:db8:1:2::ffff")).toBe(addressGroup("2001:db8:1:2:aaaa::1"));
  expect(addressGroup("2001:db8::1")).toBe("2001:db8:0:0::/64");
  expect(addressGroup("::1")).toBe("0:0:0:0::/64");
  expect(addressGroup("192.0.2.1")).toBe("192.0.2.1");
});

test("an address has one spelling", () => {
  expect(parseAddress("::ffff:192.0.2.1")).toBe("192.0.2.1");
  expect(parseAddress("fe80::1%eth0")).toBe("fe80::1");
  expect(parseAddress("2001:0DB8::0001")).toBe("2001:db8::1");
  for (const text of ["", "localhost", "1.2.3", "0x7f000001", "1.2.3.4:80", "::g"])
    expect(parseAddress(text)).toBeUndefined();
});

test.each(["10.0.0.0/33", "10.0.0.0/x", "proxy.local", "fd00::/129", "", "10.0.0.0/-1"])(
  "the range %j is refused when the registry starts, not when a request comes",
  (range) => {
    expect(() => parseTrustedProxies([range])).toThrow("neither an address nor a CIDR range");
  },
);
