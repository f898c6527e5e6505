/**
 * Whether an IP address may be a git host on the open internet. Everything that is not plainly public is refused:
 * loopback, private, link-local, carrier NAT, documentation, multicast, and IPv6 forms that hide an IPv4 address.
 */
export function isPublicAddress(address: string): boolean {
  const v4 = parseIpv4(address);
  if (v4 !== undefined) return !privateV4.some(([base, bits]) => v4 >>> (32 - bits) === base >>> (32 - bits));
  const groups = parseIpv6(address);
  // Only 2000::/3 is given out; of it 2001::/23 (Teredo and others), 2001:db8::/32, 2002::/16 (6to4) and 3fff::/20
  // are not, or carry an IPv4 address that would have to be judged again.
  if (!groups) return false;
  const [first, second] = [groups[0]!, groups[1]!];
  if (first >>> 13 !== 1) return false;
  if (first === 0x2001 && (second < 0x0200 || second === 0x0db8)) return false;
  return first !== 0x2002 && !(first === 0x3fff && second < 0x1000);
}

const ipv4 = (text: string): number => parseIpv4(text)!;

const privateV4: readonly (readonly [base: number, bits: number])[] = [
  [ipv4("0.0.0.0"), 8],
  [ipv4("10.0.0.0"), 8],
  [ipv4("100.64.0.0"), 10],
  [ipv4("127.0.0.0"), 8],
  [ipv4("169.254.0.0"), 16],
  [ipv4("172.16.0.0"), 12],
  [ipv4("192.0.0.0"), 24],
  [ipv4("192.0.2.0"), 24],
  [ipv4("192.88.99.0"), 24],
  [ipv4("192.168.0.0"), 16],
  [ipv4("198.18.0.0"), 15],
  [ipv4("198.51.100.0"), 24],
  [ipv4("203.0.113.0"), 24],
  [ipv4("224.0.0.0"), 3],
];

/** Dotted decimal only: `new URL` has already rewritten the octal, hexadecimal and short forms. */
function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (!match) return undefined;
  const parts = match.slice(1).map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0) >>> 0;
}

/** Eight groups, with or without brackets; zone indexes are refused. */
function parseIpv6(text: string): number[] | undefined {
  const bare = text.replace(/^\[|\]$/g, "");
  if (bare.length > 45 || !/^[0-9a-f:.]+$/i.test(bare) || !bare.includes(":")) return undefined;
  const url = `http://[${bare}]/`;
  if (!URL.canParse(url)) return undefined;
  const [head = "", tail] = new URL(url).hostname.slice(1, -1).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}

/** Host names that always mean this machine or this network. */
export const isPrivateHostName = (host: string): boolean =>
  /^(?:.*\.)?(?:localhost|local|internal|intranet|lan|home|corp|private|home\.arpa|localdomain)$/.test(host) ||
  !host.includes(".");

/** True for `127.0.0.1` and `[::1]`, as `new URL` writes them. */
export const isAddress = (host: string): boolean => parseIpv4(host) !== undefined || host.startsWith("[");
