import { PaksError, isPaksError } from "@paks/schema";
import type { TrustSettings } from "./trust.ts";

/** In a few words: what the system, the proxy or TLS calls it. Holds no user name and no password. */
export function networkReason(error: unknown): string {
  const { code, message } = ((error as Error).cause ?? error) as NodeJS.ErrnoException;
  // The code of what a signal ended is a number.
  return typeof code === "string" ? code : message;
}

/** What to do about it, where it is not the network as a whole. */
export function networkHint(error: unknown): string | undefined {
  const { trustProblem } = error as Partial<Untrusted>;
  return hintFor(networkReason(error), trustProblem);
}

function hintFor(reason: string, trustProblem: string | undefined): string | undefined {
  if (reason.startsWith("the proxy "))
    return "Check HTTPS_PROXY or `proxy` in the configuration, or name the host in NO_PROXY.";
  if (!certificateReason.test(reason)) return undefined;
  return trustProblem === undefined
    ? "Its certificate is not trusted here. Name your organisation's certificates with `ca_file` in the configuration or NODE_EXTRA_CA_CERTS."
    : `Its certificate is not trusted here. ${trustProblem}: correct it, or name your organisation's certificates with \`ca_file\` in the configuration.`;
}

/** What OpenSSL calls a certificate that nobody here vouches for. One for another name is the host's mistake. */
const certificateReason = /^(?!ERR_TLS_CERT_ALTNAME).*(?:CERT|UNABLE_TO_(?:GET_ISSUER|VERIFY))/;

/** A failure for a certificate that might be trusted if a file of the user's could be read. */
interface Untrusted extends Error {
  trustProblem: string;
}

/** The same failure, which then knows what is wrong with the user's own certificates. Only now are they looked at. */
export async function withTrustProblem(error: unknown, settings: TrustSettings): Promise<unknown> {
  if (!(error instanceof Error) || !certificateReason.test(networkReason(error))) return error;
  const trustProblem = await findTrustProblemLazily(settings);
  return trustProblem === undefined ? error : Object.assign(error, { trustProblem });
}

/**
 * A git host that cannot be reached, with what the user can do: git, and what reads where there is none, know neither his
 * configuration nor what its settings are called.
 */
export async function explainGitHost(error: unknown, settings: TrustSettings): Promise<unknown> {
  if (!isPaksError(error, "GIT_HOST_UNAVAILABLE")) return error;
  const { code, message, details, cause } = error;
  const reason = details?.["reason"];
  if (typeof reason !== "string") return error;
  const trustProblem = certificateReason.test(reason) ? await findTrustProblemLazily(settings) : undefined;
  const hint = hintFor(reason, trustProblem);
  return hint === undefined ? error : new PaksError(code, message, { hint, details, cause });
}

const findTrustProblemLazily = async (settings: TrustSettings): Promise<string | undefined> =>
  await (await import("./trust.ts")).findTrustProblem(settings);
