import { PaksError } from "@paks/schema";

/** Which requests go through a proxy, as the user has set it. */
export interface ProxySettings {
  /** For https. Requests to this very machine are never sent through a proxy, and no others go out unencrypted. */
  readonly proxy: string | undefined;
  /** `NO_PROXY`: names, `.suffixes`, addresses, each with an optional port; `*` is everything. */
  readonly noProxy: string | undefined;
}

/**
 * The proxy for an address; undefined: ask it directly.
 * @throws PaksError INVALID_PARAMETER for a proxy that is no http(s) URL, or whose login cannot be decoded
 */
export function findProxy(target: URL, { proxy, noProxy }: ProxySettings): URL | undefined {
  if (proxy === undefined || target.protocol !== "https:" || isExcluded(target, noProxy)) return undefined;
  // `proxy.example.com:3128` is what people write.
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(proxy) ? proxy : `http://${proxy}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "http:" || url?.protocol === "https:") {
    proxyLogin(url);
    return url;
  }
  throw new PaksError("INVALID_PARAMETER", "The proxy is not an http(s) URL.", {
    hint: "Set HTTPS_PROXY or `proxy` in the configuration to a URL such as http://proxy.example.com:3128.",
  });
}

/**
 * User and password of the proxy's URL; undefined where it has none. They go to the proxy and are shown nowhere.
 * @throws PaksError INVALID_PARAMETER
 */
export function proxyLogin({ username, password }: URL): string | undefined {
  if (username === "" && password === "") return undefined;
  try {
    return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
    // Without the cause, which some engine may give the text it could not read.
    throw new PaksError("INVALID_PARAMETER", "The user name or the password of the proxy cannot be decoded.", {
      hint: "In HTTPS_PROXY, or `proxy` in the configuration, write a % as %25, and other characters as UTF-8 in %XX.",
    });
  }
}

function isExcluded({ hostname, port }: URL, noProxy: string | undefined): boolean {
  const host = bare(hostname);
  if (host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host)) return true;
  return (noProxy ?? "")
    .toLowerCase()
    .split(/[\s,]+/)
    .some((one) => {
      if (one === "") return false;
      if (one === "*") return true;
      const match = /^(.*?)(?::(\d{1,5}))?$/.exec(one.startsWith("[") || one.split(":").length <= 2 ? one : `[${one}]`);
      const [, name = "", wanted] = match ?? [];
      if (wanted !== undefined && wanted !== (port || "443")) return false;
      const suffix = bare(name).replace(/^\*?\./, "");
      return suffix !== "" && (host === suffix || host.endsWith(`.${suffix}`));
    });
}

/** Without the brackets of an IPv6 address and the dot of a complete name. */
const bare = (host: string): string =>
  host
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "");
