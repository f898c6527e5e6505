import { PaksError, escapeText } from "@paks/schema";

const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/**
 * The base URL of a registry, without a slash at the end. Only https, because a token goes there; http on this
 * very machine, because nobody listens in between.
 * @param from what the text is called where it was given
 * @throws PaksError INVALID_PARAMETER, PROTOCOL_NOT_ALLOWED, CREDENTIALS_IN_URL
 */
export function parseRegistryUrl(text: string, from = "The registry"): string {
  const hint = "Use a URL such as https://registry.example.com.";
  if (text.length > 2048 || !/^https?:\/\//i.test(text) || !URL.canParse(text)) {
    // What stands before an @ may be a password.
    const shown = text.includes("@") ? "" : ` "${escapeText(text, 80)}"`;
    throw new PaksError("INVALID_PARAMETER", `${from}${shown} is not an http(s) URL and no configured name.`, { hint });
  }
  const url = new URL(text);
  if (url.username !== "" || url.password !== "") {
    throw new PaksError("CREDENTIALS_IN_URL", "The registry's URL carries a user name or password.", {
      hint: "Log in with `paks login` instead.",
    });
  }
  if (url.search !== "" || url.hash !== "") {
    throw new PaksError("INVALID_PARAMETER", "The registry's URL has a query or a fragment.", { hint });
  }
  requireSafeTransport(url);
  return url.origin + url.pathname.replace(/\/+$/, "");
}

export const isLoopback = ({ hostname }: URL): boolean => loopback.test(hostname);

/** @throws PaksError PROTOCOL_NOT_ALLOWED */
export function requireSafeTransport(url: URL): void {
  if (url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url))) return;
  throw new PaksError("PROTOCOL_NOT_ALLOWED", `${url.origin} is not asked: what goes there could be read on the way.`, {
    hint: "Use https. Plain http is only for registries on this machine.",
  });
}
