import { findUnsafeCharacter } from "./characters.ts";
import { PaksError } from "./errors.ts";
import { isAddress, isPrivateHostName, isPublicAddress } from "./public-address.ts";

export interface GitPolicy {
  /** Host names, or `host:port` for a port of its own; `*` is any host and port. */
  readonly hosts: readonly string[];
  /** Without the colon: `https`, `http`, `ssh`, `file`. */
  readonly protocols: readonly string[];
  /** Also this machine's and this network's addresses. For tests and for those who host git themselves. */
  readonly allowPrivate: boolean;
}

/** What is known of the large hosts; of any other host a path is taken as it stands. */
const forges: Readonly<
  Record<string, { readonly parts: readonly [min: number, max: number]; readonly suffix: string }>
> = {
  "github.com": { parts: [2, 2], suffix: "" },
  // Answers the address without `.git` with a redirect, and redirects are never followed.
  "gitlab.com": { parts: [2, 20], suffix: ".git" },
  "codeberg.org": { parts: [2, 2], suffix: "" },
  "bitbucket.org": { parts: [2, 2], suffix: "" },
};

export const defaultGitPolicy: GitPolicy = { hosts: Object.keys(forges), protocols: ["https"], allowPrivate: false };

/** For an address that is only read: whether its host may be asked is decided by who asks it. */
export const anyGitPolicy: GitPolicy = {
  hosts: ["*"],
  protocols: ["https", "http", "ssh", "file"],
  allowPrivate: true,
};

export interface RepositoryUrl {
  /** Normalised; what git is given. */
  readonly url: string;
  /** Without the colon. */
  readonly protocol: string;
  /** Lower case, without port; "" for `file`. */
  readonly host: string;
  /** `undefined` when it is the protocol's own. */
  readonly port: number | undefined;
  /** As in `url`. */
  readonly path: string;
  /** Two addresses of one repository have one key. */
  readonly key: string;
}

const known = new Set(["https", "http", "ssh", "file"]);
const maxLength = 2048;

const invalid = (message: string, hint = "Use a URL such as https://github.com/acme/skills."): PaksError =>
  new PaksError("INVALID_REPOSITORY_URL", message, { hint });

/**
 * Judges a repository's address by what is written in it; where its host leads in DNS is the caller's question.
 * No message repeats the address, which may hold a secret.
 * @throws PaksError INVALID_REPOSITORY_URL, PROTOCOL_NOT_ALLOWED, CREDENTIALS_IN_URL, HOST_NOT_ALLOWED
 */
export function parseRepositoryUrl(text: string, policy: GitPolicy = defaultGitPolicy): RepositoryUrl {
  requirePlainText(text);
  const scp = /^([A-Za-z0-9._-]+)@([^@:/]+):(?!\/\/)(.+)$/.exec(text);
  if (scp) return parseScp({ user: scp[1]!, host: scp[2]!, path: scp[3]! }, policy);
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]*):(?::|\/\/)/.exec(text);
  if (!scheme) throw invalid("This is not the URL of a repository.");
  const protocol = scheme[1]!.toLowerCase();
  requireProtocol(text.startsWith("::", scheme[1]!.length) ? `${protocol}::` : protocol, policy);
  // A browser forgives more slashes than two; then the same address would be read in two ways.
  if (protocol !== "file" && /^[^/]*\/{3}/.test(text)) throw invalid("The repository URL has a slash too many.");
  if (!URL.canParse(text)) throw invalid("The repository URL cannot be read.");
  const url = new URL(text);
  requireNoCredentials(url, protocol);
  return protocol === "file" ? fileRepository(url) : remoteRepository(url, policy);
}

function requirePlainText(text: string): void {
  if (text === "") throw invalid("The repository URL is empty.");
  if (text.length > maxLength) throw invalid(`The repository URL is longer than ${maxLength} characters.`);
  if (text.startsWith("-")) throw invalid("A repository URL cannot begin with a hyphen.");
  if (/[\s\\]/.test(text) || findUnsafeCharacter(text)) {
    throw invalid("The repository URL holds a blank, a backslash or an invisible character.");
  }
}

function requireProtocol(protocol: string, policy: GitPolicy): void {
  if (known.has(protocol) && policy.protocols.includes(protocol)) return;
  throw new PaksError("PROTOCOL_NOT_ALLOWED", `Repositories are not read over ${protocol.slice(0, 20)} here.`, {
    hint: `Allowed: ${policy.protocols.join(", ")}. PAKS_GIT_PROTOCOLS decides, set by whoever runs the program that says so.`,
    details: { allowed: [...policy.protocols] },
  });
}

/** ssh needs a user name, and that is no secret; everywhere else one may be a token. */
function requireNoCredentials(url: URL, protocol: string): void {
  const user = protocol === "ssh" ? /^[A-Za-z0-9_][A-Za-z0-9._-]*$|^$/.test(url.username) : url.username === "";
  if (user && url.password === "" && url.search === "" && url.hash === "" && !/[?#]/.test(url.href)) return;
  throw new PaksError("CREDENTIALS_IN_URL", "The repository URL holds a user name, password, query or fragment.", {
    hint: "Give the plain address; git asks for a login by itself where one is needed.",
  });
}

function fileRepository(url: URL): RepositoryUrl {
  if (url.hostname !== "") throw invalid("A file URL may not name a host.", "Write file:///path/to/repository.");
  // Node 20 leaves the caret as it is, Bun writes it in hex; the same address must stay the same text in a lock.
  const path = withoutSlashes(url.pathname).replaceAll("^", "%5E");
  if (path === "" || /%(?:2f|5c|00)/i.test(path)) {
    throw invalid("The file URL does not name a repository.", "Write file:///path/to/repository.");
  }
  requireDecodable(path);
  const href = `file://${path}`;
  // `/srv/x` and `/srv/x.git` may both be there, so unlike on a server the ending tells them apart.
  return { url: href, protocol: "file", host: "", port: undefined, path, key: href };
}

/**
 * Git turns `%ff` into a byte and reads that folder, while Node's `fileURLToPath` throws and Bun 1.4.4 answers "": whoever
 * judges the path would judge another one than is read.
 */
function requireDecodable(path: string): void {
  try {
    decodeURIComponent(path);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw invalid(
      "The file URL holds a % that no two hexadecimal digits follow, or bytes that are no UTF-8.",
      "Write a % of the path itself as %25, and rename a folder whose name is no UTF-8.",
    );
  }
}

/** `git@host:path`, which ssh alone knows. */
function parseScp(scp: { user: string; host: string; path: string }, policy: GitPolicy): RepositoryUrl {
  requireProtocol("ssh", policy);
  // As a URL the dots would be resolved against "/", which is not where this form starts.
  if (/(?:^|\/)\.{1,2}(?:\/|$)/.test(scp.path)) throw invalid("The path of the repository may not hold dots alone.");
  const asUrl = `ssh://${scp.user}@${scp.host}/${scp.path.replace(/^\/+/, "")}`;
  if (!URL.canParse(asUrl)) throw invalid("The repository URL cannot be read.");
  const url = new URL(asUrl);
  requireNoCredentials(url, "ssh");
  const repository = remoteRepository(url, policy);
  if (forges[repository.host] || scp.path.startsWith("/")) return repository;
  // Elsewhere a path without a slash in front starts at the user's home folder, which no ssh:// URL can say.
  const short = `${scp.user}@${repository.host}:${repository.path.slice(1)}`;
  return { ...repository, url: short, key: stripSuffix(short) };
}

function remoteRepository(url: URL, policy: GitPolicy): RepositoryUrl {
  const protocol = url.protocol.slice(0, -1);
  const host = requireHost(url, policy);
  const port = url.port === "" || (protocol === "ssh" && url.port === "22") ? undefined : Number(url.port);
  const forge = port === undefined ? forges[host] : undefined;
  const given = withoutSlashes(url.pathname);
  const bare = requireBarePath(stripSuffix(given), forge?.parts ?? [1, 32]);
  const authority = port === undefined ? host : `${host}:${port}`;
  const user = protocol === "ssh" && url.username !== "" ? `${url.username}@` : "";
  const path = forge ? bare + forge.suffix : given;
  const key =
    forge && protocol !== "http" ? `https://${host}${bare.toLowerCase()}` : `${protocol}://${user}${authority}${bare}`;
  return { url: `${protocol}://${user}${authority}${path}`, protocol, host, port, path, key };
}

const stripSuffix = (text: string): string => text.replace(/\.git$/i, "");

const withoutSlashes = (path: string): string => path.replace(/\/+$/, "");

/** Judges a path without the ending `.git`. */
function requireBarePath(path: string, [min, max]: readonly [number, number]): string {
  const parts = path.split("/").slice(1);
  if (parts.length < min || parts.length > max) throw invalid("The URL does not lead to a repository.");
  const broken = parts.some((part) => !/^~?[\w.+][\w.+-]*$/.test(part) || /^\.+$/.test(part) || part === ".git");
  // A second ending would make two repositories one.
  if (!broken && stripSuffix(path) === path) return path;
  throw invalid("The path of the repository URL holds something that no repository's path does.");
}

function requireHost(url: URL, policy: GitPolicy): string {
  // `new URL` leaves the host of ssh:// as it was typed; as an https host it is put into its one canonical form.
  const asHttps = `https://${url.hostname}`;
  if (url.hostname === "" || !URL.canParse(asHttps)) throw invalid("The repository URL has no usable host.");
  const host = new URL(asHttps).hostname;
  const allowed = hostAllowed(host, url, policy);
  if (allowed && /^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9])?|\[[0-9a-f:]+\])$/.test(host)) return host;
  throw new PaksError("HOST_NOT_ALLOWED", `Repositories are not read from ${host}${url.port && `:${url.port}`} here.`, {
    hint: `Allowed: ${policy.hosts.join(", ")}. Whoever runs the registry can add hosts (PAKS_GIT_HOSTS${policy.allowPrivate ? "" : ", for private ones with PAKS_ALLOW_PRIVATE_GIT=1"}).`,
    details: { host, allowed: [...policy.hosts] },
  });
}

function hostAllowed(host: string, url: URL, policy: GitPolicy): boolean {
  const ownPort = url.port === "" || (url.protocol === "ssh:" && url.port === "22");
  const name = ownPort ? host : `${host}:${url.port}`;
  if (!policy.hosts.includes("*") && !policy.hosts.includes(name)) return false;
  if (policy.allowPrivate) return true;
  return isAddress(host) ? isPublicAddress(host) : !isPrivateHostName(host);
}

/**
 * The address to show to everybody: of the large hosts the https one, even when the author's remote speaks ssh.
 * `undefined` when only the author's machine can reach the repository under this address.
 */
export function publicRepositoryUrl(repository: RepositoryUrl): string | undefined {
  if (repository.protocol === "file") return undefined;
  const forge = repository.port === undefined && forges[repository.host];
  if (forge) return `https://${repository.host}${repository.path}`;
  return repository.protocol === "ssh" ? undefined : repository.url;
}
