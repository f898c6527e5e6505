import { escapeText } from "./characters.ts";
import { PaksError } from "./errors.ts";

/** Hosts whose addresses people copy without the `https://`; no account can be called so. */
const bareHost = /^(?:https?:\/\/)?(?:www\.)?((?:github\.com|gitlab\.com|codeberg\.org|bitbucket\.org)\/.+)$/i;

/** The whole address of one of the large hosts, for one without `https://` or with `www.`. */
export function wholeAddress(text: string): string | undefined {
  const [, address] = bareHost.exec(text) ?? [];
  return address === undefined || /^https?:\/\/(?!www\.)/i.test(text) ? undefined : `https://${address}`;
}

/**
 * What is neither a name nor an address, and was most likely meant: with the command for it.
 * @param cause why it is no name of a registry
 */
export function mistakenSource(text: string, cause: PaksError): PaksError {
  const hint = hintFor(escapeText(text, 200));
  return hint === undefined ? cause : new PaksError(cause.code, cause.message, { hint, details: cause.details, cause });
}

function hintFor(text: string): string | undefined {
  const [first = "", ...more] = text.split("/");
  if (first === "~" && more.length > 0)
    return `A shell puts your home folder for ~ only outside of quotes: paks install "$HOME/${more.join("/")}"`;
  // What completing a folder's name leaves.
  if (more.length === 1 && more[0] === "" && first !== "") return `A folder begins with ./: paks install ./${first}`;
  if (first.startsWith(".")) return `A folder begins with ./: paks install ./${text}`;
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i.test(first) && more.length > 0)
    return `The address of a repository begins with https://: paks install https://${text}`;
  if (first.startsWith("@") && more.length > 0) return `A package of npm: paks install npm:${text}`;
  if (more.length > 1) return `A folder: paks install ./${text}. A repository of GitHub: paks install github:${text}`;
  if (more.length === 0 && first !== "")
    return `A pak of the registry is account/${text}: paks search ${text} finds it. A folder: paks install ./${text}`;
  return undefined;
}
