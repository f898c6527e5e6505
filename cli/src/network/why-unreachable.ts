/** In a few words: what the system, the proxy or TLS calls it. Holds no user name and no password. */
export function networkReason(error: unknown): string {
  const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  // The code of what a signal ended is a number.
  return typeof code === "string" ? code : message;
}

/** What to do about it, where it is not the network as a whole. */
export function networkHint(reason: string): string | undefined {
  if (reason.startsWith("the proxy "))
    return "Check HTTPS_PROXY or `proxy` in the configuration, or name the host in NO_PROXY.";
  return certificateReason.test(reason)
    ? "Its certificate is not trusted here. Name your organisation's certificates with `ca_file` in the configuration or NODE_EXTRA_CA_CERTS."
    : undefined;
}

/** What OpenSSL calls a certificate that nobody here vouches for. */
const certificateReason = /CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY)/;
