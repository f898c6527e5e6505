import { type ErrorCode, PaksError, type RepositoryUrl } from "@paks/schema";

import { type HttpAnswer, retryAfterSeconds } from "./http-trace.ts";
import { redactGitText } from "./redact.ts";
import type { GitRun } from "./run-git.ts";

export interface FailedRun {
  readonly run: GitRun;
  readonly answers: readonly HttpAnswer[];
  readonly repository: RepositoryUrl;
  /** The URL of the proxy that was asked for the host; what it holds of a user is shown nowhere. */
  readonly proxy?: string | undefined;
}

interface Reading {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Record<string, unknown>;
}

/** Says what a failed git run means: by what the kernel did to it, by what the host answered, by git's words. */
export function gitFailure(failed: FailedRun): PaksError {
  const words = ownWords(failed.run.stderr);
  const address = failed.repository.url;
  const reading =
    readKernel(words, failed.run) ??
    readNonGit(failed) ??
    readStatus(failed.answers.at(-1), address) ??
    readMissingRef(words, address) ??
    readObjects(words) ??
    readProxy(words, failed) ??
    readWords(words, address);
  const git = redactGitText(failed.run.stderr).slice(-500);
  return new PaksError(reading.code, reading.message, {
    hint: reading.hint,
    details: {
      repository: address,
      ...reading.details,
      ...(unadvertised.test(failed.run.stderr) ? { unadvertised: true } : {}),
      ...(git === "" ? {} : { git }),
    },
  });
}

/**
 * False when the host answered the question for refs with something else than git: a login page, a captive portal.
 * git then believes in an empty repository of an old kind, and says that the ref does not exist.
 */
export function isSmartHttp(repository: RepositoryUrl, answers: readonly HttpAnswer[]): boolean {
  if (repository.protocol !== "http" && repository.protocol !== "https") return true;
  const [first] = answers;
  return /^application\/x-git-upload-pack-advertisement\b/.test(first?.headers["content-type"] ?? "");
}

/**
 * A server may say anything, also "No space left on device". It is shown behind `remote: `, where only a line feed
 * ends a line of it: git repeats carriage returns as they are. Behind `remote error: ` everything is the server's.
 */
const ownWords = (stderr: string): string =>
  stderr
    .replace(/^fatal: remote error:[^]*/m, "")
    .split("\n")
    .filter((line) => !/^\s*remote:/.test(line))
    .join("\n");

const tooComplex: Reading = {
  code: "REPOSITORY_TOO_COMPLEX",
  message: "The repository needs more memory, time or depth than reading it is allowed.",
  hint: "Publish from a smaller repository.",
};

/** 25 is SIGXFSZ, 24 SIGXCPU, 11 SIGSEGV, 9 SIGKILL of the kernel's memory hunter. */
function readKernel(words: string, run: GitRun): Reading | undefined {
  const died = (signal: number) => run.exitCode === 128 + signal || words.includes(`died of signal ${signal}`);
  if (died(25) || /File too large/.test(words)) {
    return { code: "TOO_LARGE", message: "The repository sends more than is read.", hint: tooComplex.hint! };
  }
  if (/No space left on device|Disk quota exceeded/.test(words)) {
    return { code: "DISK_FULL", message: "There is no space left to read the repository." };
  }
  const complex = /out of memory|cannot allocate memory|exceeded maximum allowed tree depth|stack overflow/i;
  return complex.test(words) || [24, 11, 9, 6].some(died) ? tooComplex : undefined;
}

function readNonGit({ repository, answers }: FailedRun): Reading | undefined {
  const [first] = answers;
  if (first?.status !== 200 || isSmartHttp(repository, answers)) return undefined;
  return {
    code: "GIT_PROTOCOL_ERROR",
    message: `${repository.host} answers with a page instead of git.`,
    hint: "A login page or a network's own page may stand in between.",
  };
}

/** Only believed of a host that speaks git: see `isSmartHttp`. */
function readMissingRef(words: string, address: string): Reading | undefined {
  const [, branch] = /couldn't find remote ref (?:refs\/heads\/)?(\S+)/.exec(words) ?? [];
  if (branch !== undefined && !branch.startsWith("refs/tags/"))
    return { code: "REF_NOT_FOUND", message: `${branch} is not in ${address}.`, hint: "Check the name." };
  const [, tag] = /couldn't find remote ref refs\/tags\/(\S+)/.exec(words) ?? [];
  if (tag === undefined) return undefined;
  return { code: "TAG_NOT_FOUND", message: `Tag ${tag} is not in ${address}.`, hint: "Push the tag first." };
}

/** Private and missing repositories are not told apart: hosts answer 401, 403 or 404 as they like. */
const statusCodes: Readonly<Record<number, ErrorCode>> = {
  401: "REPOSITORY_NOT_FOUND",
  403: "REPOSITORY_NOT_FOUND",
  404: "REPOSITORY_NOT_FOUND",
  408: "GIT_HOST_TIMEOUT",
  410: "REPOSITORY_NOT_FOUND",
  429: "GIT_HOST_RATE_LIMITED",
  451: "REPOSITORY_NOT_FOUND",
  504: "GIT_HOST_TIMEOUT",
};

function readStatus(answer: HttpAnswer | undefined, address: string): Reading | undefined {
  if (!answer || answer.status < 300) return undefined;
  const { status } = answer;
  if (status < 400) return readRedirect(answer, address);
  const seconds = retryAfterSeconds(answer);
  // Some hosts say 403 where they mean 429.
  const limited = status === 403 && seconds !== undefined;
  const code = limited
    ? "GIT_HOST_RATE_LIMITED"
    : (statusCodes[status] ?? (status >= 500 ? "GIT_HOST_UNAVAILABLE" : "GIT_PROTOCOL_ERROR"));
  if (code === "REPOSITORY_NOT_FOUND") return { ...notFound(address), details: { status } };
  const message = `The host of ${address} answers with status ${status}.`;
  const details = { status, ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }) };
  return { code, message, hint: "Try again later.", details };
}

const notFound = (address: string): Reading => ({
  code: "REPOSITORY_NOT_FOUND",
  message: `There is no public repository ${address}.`,
  hint: "Check the address; private repositories cannot be read.",
});

function readRedirect(answer: HttpAnswer, address: string): Reading {
  const location = newAddress(answer, address);
  return {
    code: "REPOSITORY_MOVED",
    message: `${address} has another address now${location === undefined ? "" : `: ${location}`}.`,
    hint: "Use the new address.",
    details: { status: answer.status, ...(location === undefined ? {} : { location }) },
  };
}

/** The repository that a redirect of `…/info/refs?service=…` leads to; nothing when it leads elsewhere. */
function newAddress({ headers }: HttpAnswer, address: string): string | undefined {
  const suffix = "/info/refs?service=git-upload-pack";
  const location = headers["location"] ?? "";
  if (!location.endsWith(suffix) || !URL.canParse(location, address)) return undefined;
  const url = new URL(location.slice(0, -suffix.length), address);
  if (url.username !== "" || url.password !== "" || !/^https?:$/.test(url.protocol)) return undefined;
  return redactGitText(url.href).slice(0, 300);
}

/** Names that git's own check of objects gives to what makes a tree dangerous to write to disk. */
const unsafeTree = /\b(?:hasDotgit|hasDotdot|hasDot|fullPathname|emptyName|duplicateEntries|treeNotSorted|nullSha1)\b/i;

function readObjects(words: string): Reading | undefined {
  const message = (found: string) => `git refuses an object of the repository: ${redactGitText(found)}.`;
  const fsck = /^error: object [0-9a-f]+: (\w+): .*$/m.exec(words);
  if (fsck) {
    const rule = fsck[1]!;
    const code = unsafeTree.test(rule) ? "UNSAFE_PATH" : /filemode/i.test(rule) ? "UNSAFE_MODE" : tooComplex.code;
    return { code, message: message(rule), details: { rule } };
  }
  const type = /object [0-9a-f]+ is a \w+, not a \w+|Object type mismatch/.exec(words);
  return type ? { code: "UNSAFE_MODE", message: message(type[0]), details: { rule: "object-type" } } : undefined;
}

/** Behind a proxy nobody else is connected to. A server's name comes before its words, so these are curl's. */
const proxyWords: readonly (readonly [RegExp, (status: string) => string])[] = [
  [
    /CONNECT tunnel failed, response (\d{3})|HTTP code (\d{3}) from proxy after CONNECT/,
    (s) => `answered with status ${s}`,
  ],
  [/Proxy CONNECT aborted due to timeout/, () => "does not answer"],
  [/Proxy CONNECT aborted/, () => "broke the connection"],
  [/Could not resolve|Failed to connect|Couldn't connect/, () => "cannot be reached"],
];

function readProxy(words: string, { repository, proxy }: FailedRun): Reading | undefined {
  const url = proxy === undefined || !URL.canParse(proxy) ? undefined : new URL(proxy);
  if (url === undefined) return undefined;
  for (const [pattern, describe] of proxyWords) {
    const match = pattern.exec(words);
    if (!match) continue;
    const reason = `the proxy ${url.protocol}//${url.host} ${describe(match[1] ?? match[2] ?? "")}`;
    const message = `The host of ${repository.url} cannot be reached (${reason}).`;
    return { code: "GIT_HOST_UNAVAILABLE", message, details: { reason } };
  }
  return undefined;
}

const networkWords: readonly (readonly [RegExp, ErrorCode, (address: string) => string])[] = [
  [
    /from proxy after CONNECT|CONNECT tunnel failed|Proxy CONNECT aborted|resolve proxy/i,
    "GIT_HOST_UNAVAILABLE",
    (a) => `The proxy does not let anybody through to the host of ${a}.`,
  ],
  [/transport '[^']*' not allowed/, "PROTOCOL_NOT_ALLOWED", (a) => `The transport of ${a} is not allowed here.`],
  [/Operation too slow|timed out|Timeout was reached/i, "GIT_HOST_TIMEOUT", (a) => `The host of ${a} is too slow.`],
  [
    /Could not resolve|Failed to connect|Connection refused|Couldn't connect|unreachable|No route to host/i,
    "GIT_HOST_UNAVAILABLE",
    (a) => `The host of ${a} cannot be reached.`,
  ],
  [/certificate|SSL|TLS|host key/i, "GIT_HOST_UNAVAILABLE", (a) => `The connection to the host of ${a} is not secure.`],
  [
    /Connection reset|Recv failure|Send failure|Empty reply|transfer closed|curl (?:16|18|52|55|56|92)\b/i,
    "GIT_HOST_UNAVAILABLE",
    (a) => `The host of ${a} broke the connection.`,
  ],
  [
    /repository '[^']*' not found|does not appear to be a git repository|could not read (?:Username|Password)|Permission denied/i,
    "REPOSITORY_NOT_FOUND",
    (a) => notFound(a).message,
  ],
];

/** What OpenSSL, GnuTLS, Schannel and Secure Transport say to an answer without TLS. */
const plainPort =
  /wrong version number|unknown protocol|packet length too long|record layer failure|unexpected TLS packet|SEC_E_INVALID_TOKEN|token supplied to the function is invalid|errSSLProtocol|-9836/i;
/** Of OpenSSL, of GnuTLS and of Schannel: nobody here vouches for it. One for another name is told in other words. */
const untrusted = /SSL certificate problem|certificate verification failed|SEC_E_UNTRUSTED_ROOT/;

const noTls = { hint: "What answers there does not speak https: check the protocol and the port of the address." };

/** The host knows the object, but gives out only what refs point to: see `fetchEverything`. */
const unadvertised = /not our ref|unadvertised object/;

function readWords(words: string, address: string): Reading {
  const known = networkWords.find(([pattern]) => pattern.test(words));
  if (known)
    return {
      code: known[1],
      message: known[2](address),
      ...(plainPort.test(words) ? noTls : {}),
      // As OpenSSL names it: whoever reads for a user knows what he can do about it.
      ...(untrusted.test(words) ? { details: { reason: "CERT_UNTRUSTED" } } : {}),
    };
  return {
    code: "GIT_PROTOCOL_ERROR",
    message: `What the host of ${address} sends cannot be read as git.`,
    hint: "Try again later.",
  };
}
