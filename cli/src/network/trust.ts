import { readFile } from "node:fs/promises";
import { PaksError, systemErrorCode } from "@paks/schema";

export interface TrustSettings {
  /** PEM file with certificates that are trusted besides the runtime's own. */
  readonly caFile: string | undefined;
  /** `NODE_EXTRA_CA_CERTS`. */
  readonly extraCaFile: string | undefined;
}

/**
 * What certificates are checked against when the user names a file of their own: the runtime's list, the file, and the one of
 * `NODE_EXTRA_CA_CERTS`, which Node itself forgets as soon as a list is given. `undefined`: nothing of the user's own.
 * @throws PaksError INVALID_PARAMETER for `ca_file`; the other one counts for all programs, which go on without it
 */
export async function readTrust({ caFile, extraCaFile }: TrustSettings): Promise<string[] | undefined> {
  const { rootCertificates } = await import("node:tls");
  const own = caFile === undefined ? undefined : await readPem(caFile);
  if (own?.problem !== undefined)
    throw new PaksError("INVALID_PARAMETER", `The certificate file ${caFile} ${own.problem}.`, {
      cause: own.cause,
      hint: "Let `ca_file` in the configuration name a PEM file: lines between BEGIN CERTIFICATE and END CERTIFICATE.",
    });
  const extra = extraCaFile === undefined ? undefined : await readPem(extraCaFile);
  const found = [...(own?.certificates ?? []), ...(extra?.certificates ?? [])];
  return found.length === 0 ? undefined : [...rootCertificates, ...found];
}

/**
 * What is wrong with the file of `NODE_EXTRA_CA_CERTS`, to be asked when a certificate is not trusted: Node prints a
 * warning of its own and goes on, Bun 1.4.4 goes on without a word.
 */
export async function findTrustProblem({
  extraCaFile,
}: Pick<TrustSettings, "extraCaFile">): Promise<string | undefined> {
  const problem = extraCaFile === undefined ? undefined : (await readPem(extraCaFile)).problem;
  return problem === undefined ? undefined : `NODE_EXTRA_CA_CERTS names ${extraCaFile}, which ${problem}`;
}

interface Pem {
  readonly certificates: readonly string[];
  /** Behind the file's name. */
  readonly problem?: string;
  readonly cause?: unknown;
}

async function readPem(path: string): Promise<Pem> {
  try {
    const certificates = (await readFile(path, "utf8")).match(
      /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
    );
    return certificates === null ? { certificates: [], problem: "holds no certificate" } : { certificates };
  } catch (cause) {
    const code = systemErrorCode(cause);
    if (code === undefined) throw cause;
    return { certificates: [], problem: `cannot be read (${code})`, cause };
  }
}
