import { BlockList, isIP, isIPv6 } from "node:net";
import { PaksError } from "@paks/schema";

/** Canonical text of an address: IPv4 behind `::ffff:` is IPv4, no zone, no port; undefined for anything else. */
export function parseAddress(text: string): string | undefined {
  const bare = text
    .trim()
    .replace(/^\[(.*)\](?::\d+)?$/, "$1")
    .replace(/%.*$/, "");
  const family = isIP(bare);
  if (family === 4) return bare;
  if (family === 0) return undefined;
  const canonical = new URL(`http://[${bare}]/`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonical);
  if (!mapped) return canonical;
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

export type IsTrusted = (address: string) => boolean;

/** Throws INVALID_PARAMETER for what is neither an address nor a CIDR range. */
export function parseTrustedProxies(ranges: readonly string[]): IsTrusted {
  const list = new BlockList();
  for (const range of ranges) {
    const [text = "", bits] = range.split("/", 2);
    const address = parseAddress(text);
    const widest = address !== undefined && isIPv6(address) ? 128 : 32;
    const prefix = bits === undefined ? widest : Number(bits);
    if (address === undefined || !/^\d{1,3}$/.test(bits ?? "0") || prefix > widest) {
      throw new PaksError("INVALID_PARAMETER", `"${range}" is neither an address nor a CIDR range.`, {
        hint: "Write for example 10.0.0.0/8 or fd00::/8.",
      });
    }
    list.addSubnet(address, prefix, familyOf(address));
  }
  return (address) => list.check(address, familyOf(address));
}

const familyOf = (address: string) => (isIPv6(address) ? "ipv6" : "ipv4");

/**
 * The address of the client: the socket's own, unless that is a trusted proxy; then the right-most hop of
 * `X-Forwarded-For` that is not one. Everything left of that hop was written by the client.
 */
export function clientAddress(
  remote: string | undefined,
  forwardedFor: string | undefined,
  isTrusted: IsTrusted,
): string {
  let address = remote === undefined ? undefined : parseAddress(remote);
  if (address === undefined) return "unknown";
  const hops = forwardedFor?.split(",") ?? [];
  while (isTrusted(address)) {
    const hop = hops.pop();
    const next = hop === undefined ? undefined : parseAddress(hop);
    if (next === undefined) return address;
    address = next;
  }
  return address;
}

/** One subscriber: an IPv4 address, or the /64 that an IPv6 subscriber gets as a whole. */
export function addressGroup(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = "", tail] = address.split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return `${[...left, ...zeros, ...right].slice(0, 4).join(":")}::/64`;
}
