import { readFile } from "node:fs/promises";
import { PaksError } from "@paks/schema";

/**
 * What certificates are checked against when the user names a file of their own: Node's list, the file, and the one of
 * `NODE_EXTRA_CA_CERTS`, which Node itself forgets as soon as a list is given.
 * @throws PaksError INVALID_PARAMETER
 */
export async function readTrust(caFile: string, extraFile: string | undefined): Promise<string[]> {
  const { rootCertificates } = await import("node:tls");
  const own = await readCertificates(caFile);
  const extra = extraFile === undefined ? [] : await readCertificates(extraFile);
  return [...rootCertificates, ...own, ...extra];
}

async function readCertificates(path: string): Promise<string[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new PaksError("INVALID_PARAMETER", `The certificates in ${path} cannot be read.`, {
      cause: error,
      hint: "Correct `ca_file` in the configuration, or NODE_EXTRA_CA_CERTS.",
    });
  }
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g);
  if (found) return found;
  throw new PaksError("INVALID_PARAMETER", `There is no certificate in ${path}.`, {
    hint: "It has to be a PEM file: lines between BEGIN CERTIFICATE and END CERTIFICATE.",
  });
}
