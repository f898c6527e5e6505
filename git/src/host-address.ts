import { lookup } from "node:dns/promises";
import { isIP } from "node:net";

import { type GitPolicy, isAddress, isPublicAddress, PaksError, type RepositoryUrl } from "@paks/schema";

export interface HostRules {
  readonly policy: GitPolicy;
  /** IP addresses of a host name; DNS when absent. */
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

const resolveMilliseconds = 10_000;

const defaultPorts: Readonly<Record<string, number>> = { https: 443, http: 80 };

/**
 * Asks DNS once and holds git to the answer: a name that is public when it is checked and private when it is used
 * gains nothing. Every address must be public, because we do not choose which one is taken.
 * @returns configuration for git that pins the host
 * @throws PaksError HOST_NOT_ALLOWED, GIT_HOST_UNAVAILABLE, GIT_HOST_TIMEOUT
 */
export async function pinHost(rules: HostRules, repository: RepositoryUrl): Promise<string[]> {
  const { host, protocol } = repository;
  if (protocol === "file") return [];
  if (isAddress(host)) {
    if (!rules.policy.allowPrivate && !isPublicAddress(host)) throw notPublic(host);
    return [];
  }
  const addresses = await resolveHost(rules, host);
  if (!rules.policy.allowPrivate && !addresses.every((address) => isPublicAddress(address))) throw notPublic(host);
  const port = repository.port ?? defaultPorts[protocol];
  // ssh is not curl's: there the check above is all there is.
  return port === undefined ? [] : [`http.curloptResolve=${host}:${port}:${addresses.map(bracketed).join(",")}`];
}

const bracketed = (address: string): string => (isIP(address) === 6 ? `[${address}]` : address);

// The addresses stay unsaid: they would tell a stranger what the names of an inner network mean.
const notPublic = (host: string): PaksError =>
  new PaksError("HOST_NOT_ALLOWED", `${host} is not an address on the public internet.`, {
    hint: "Repositories are read from public hosts; whoever runs the registry can allow private ones.",
    details: { host },
  });

/**
 * The addresses of a repository's host, judged as `pinHost` does.
 * @throws PaksError as `pinHost`
 */
export async function resolvePublic(rules: HostRules, { host }: RepositoryUrl): Promise<readonly string[]> {
  const addresses = isAddress(host) ? [host.replace(/^\[|\]$/g, "")] : await resolveHost(rules, host);
  if (!rules.policy.allowPrivate && !addresses.every((address) => isPublicAddress(address))) throw notPublic(host);
  return addresses;
}

async function resolveHost(rules: HostRules, host: string): Promise<readonly string[]> {
  const resolve = rules.resolve ?? lookupAll;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(tooSlow(host)), resolveMilliseconds);
  });
  try {
    const addresses = (await Promise.race([resolve(host), late])).filter((address) => isIP(address) !== 0);
    if (addresses.length === 0) throw unknownHost(host);
    return addresses;
  } catch (error) {
    throw error instanceof PaksError ? error : unknownHost(host, error);
  } finally {
    clearTimeout(timer);
  }
}

const lookupAll = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true })).map(({ address }) => address);

const tooSlow = (host: string): PaksError =>
  new PaksError("GIT_HOST_TIMEOUT", `The address of ${host} was not found in time.`, { details: { host } });

const unknownHost = (host: string, cause?: unknown): PaksError =>
  new PaksError("GIT_HOST_UNAVAILABLE", `The host ${host} was not found.`, {
    hint: "Check the spelling and the network.",
    details: { host },
    cause,
  });
