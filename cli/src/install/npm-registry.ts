import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PaksError, escapeText, isVersion, parseJson, selectVersion } from "@paks/schema";
import type { Context } from "../context.ts";
import { openTimeLimit } from "../network/time-limit.ts";
import { networkHint, networkReason } from "../network/why-unreachable.ts";

/** What is recorded wherever a package came from: which mirror this machine uses is nobody else's business. */
export const publicNpmRegistry = "https://registry.npmjs.org";

type Asking = Pick<Context, "config" | "home" | "fetch" | "signal">;

/** One version of a package, as its registry lists it. */
export interface NpmRelease {
  readonly version: string;
  readonly tarball: string;
  /** `sha512-…`, the only kind that is believed. */
  readonly integrity: string;
  readonly deprecated: boolean;
}

const packumentBytes = 32 * 1024 * 1024;
const tarballBytes = 32 * 1024 * 1024;

/**
 * The registry that npm would ask for this package: the environment's, else that of the user's own `.npmrc`. A project's
 * `.npmrc` came with somebody else's files and is not read; nor is any token.
 * @throws PaksError INVALID_PARAMETER, PROTOCOL_NOT_ALLOWED, CREDENTIALS_IN_URL
 */
export async function findNpmRegistry(
  name: string,
  { config, home }: Pick<Asking, "config" | "home">,
): Promise<string> {
  const settings = await readUserSettings(config.variable("npm_config_userconfig") ?? join(home, ".npmrc"));
  const scope = name.startsWith("@") ? name.slice(0, name.indexOf("/")) : undefined;
  const scoped = scope === undefined ? undefined : settings.get(`${scope}:registry`);
  const url = scoped ?? config.variable("npm_config_registry") ?? settings.get("registry") ?? `${publicNpmRegistry}/`;
  return requireRegistryUrl(url);
}

/** `key=value` lines; sections, lists and `${variables}` of the format are no registry's address. */
async function readUserSettings(path: string): Promise<Map<string, string>> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (["ENOENT", "ENOTDIR", "EACCES", "EISDIR"].includes(error.code ?? "")) return "";
    throw error;
  });
  const settings = new Map<string, string>();
  for (const line of text.slice(0, 64 * 1024).split("\n")) {
    const [, key, value] = /^\s*((?:@[\w.~-]+:)?registry)\s*=\s*"?([^"\s]+)"?\s*$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) settings.set(key, value);
  }
  return settings;
}

function requireRegistryUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.search !== "" || url.hash !== "")
    throw new PaksError("INVALID_PARAMETER", "The npm registry in your npm configuration is not a URL.", {
      hint: "Look at npm config get registry.",
    });
  if (url.protocol !== "https:" && url.protocol !== "http:")
    throw new PaksError(
      "PROTOCOL_NOT_ALLOWED",
      "The npm registry in your npm configuration is not reached over https.",
    );
  if (url.username !== "" || url.password !== "")
    throw new PaksError(
      "CREDENTIALS_IN_URL",
      "The npm registry in your npm configuration holds a user name or password.",
    );
  return url.href.replace(/\/$/, "");
}

/**
 * The version of a package that a selector means: a version, a range, or one of its tags.
 * @throws PaksError NOT_FOUND, VERSION_NOT_FOUND, INTEGRITY_MISMATCH, REGISTRY_UNAVAILABLE, OFFLINE
 */
export async function findNpmRelease(
  pak: { readonly name: string; readonly selector?: string | undefined },
  registry: string,
  asking: Asking,
): Promise<NpmRelease> {
  const url = `${registry}/${pak.name.replace("/", "%2f")}`;
  const accept = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8";
  const bytes = await get(url, { ...asking, accept, maxBytes: packumentBytes, what: pak.name });
  const packument = readObject(parseJson(bytes.toString("utf8")));
  const versions = readObject(packument?.["versions"]);
  const tags = readObject(packument?.["dist-tags"]);
  if (!packument || !versions) throw unreadable(pak.name);
  const selector = pak.selector ?? "latest";
  const tagged = Object.hasOwn(tags ?? {}, selector) ? tags?.[selector] : undefined;
  const offered = Object.keys(versions).filter((version) => isVersion(version));
  const version =
    typeof tagged === "string" && offered.includes(tagged)
      ? tagged
      : selectVersion(
          offered.map((one) => ({ version: one, yanked: false })),
          selector,
        )?.version;
  if (version === undefined) throw noSuchVersion(pak.name, selector, tags);
  return readRelease(pak.name, version, readObject(versions[version]));
}

const readObject = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : undefined;

const unreadable = (name: string): PaksError =>
  new PaksError("REGISTRY_UNAVAILABLE", `What the npm registry says of ${name} cannot be read.`, {
    hint: "A login page or a network's own page may stand in between.",
  });

function noSuchVersion(name: string, selector: string, tags: Record<string, unknown> | undefined): PaksError {
  const known = Object.entries(tags ?? {}).slice(0, 5);
  return new PaksError("VERSION_NOT_FOUND", `${name} has no version on npm that fits "${selector}".`, {
    hint:
      known.length > 0
        ? `It has ${known.map(([tag, version]) => escapeText(`${tag}: ${String(version)}`, 60)).join(", ")}.`
        : undefined,
  });
}

function readRelease(name: string, version: string, entry: Record<string, unknown> | undefined): NpmRelease {
  const dist = readObject(entry?.["dist"]);
  const tarball = dist?.["tarball"];
  if (typeof tarball !== "string" || !URL.canParse(tarball)) throw unreadable(name);
  const integrity = dist?.["integrity"];
  const strong = (typeof integrity === "string" ? integrity : "")
    .split(/\s+/)
    .find((one) => /^sha512-[A-Za-z0-9+/]{86}==$/.test(one));
  if (strong === undefined)
    throw new PaksError(
      "INTEGRITY_MISMATCH",
      `npm names no SHA-512 of ${name} ${version}, so nothing could be verified.`,
      {
        hint: "Choose a newer version, or install from the package's git repository.",
      },
    );
  const { deprecated } = entry ?? {};
  return {
    version,
    tarball,
    integrity: strong,
    deprecated: deprecated !== undefined && deprecated !== false && deprecated !== "",
  };
}

/**
 * The package's bytes, compared with the SHA-512 that its registry lists.
 * @throws PaksError HOST_NOT_ALLOWED, INTEGRITY_MISMATCH, TOO_LARGE, REGISTRY_UNAVAILABLE, OFFLINE
 */
export async function fetchTarball(
  name: string,
  release: NpmRelease,
  registry: string,
  asking: Asking,
): Promise<Buffer> {
  const url = tarballUrl(release.tarball, registry);
  const what = `${name} ${release.version}`;
  const bytes = await get(url, { ...asking, accept: "*/*", maxBytes: tarballBytes, what });
  const wanted = Buffer.from(release.integrity.slice("sha512-".length), "base64");
  const found = createHash("sha512").update(bytes).digest();
  if (wanted.length === found.length && timingSafeEqual(wanted, found)) return bytes;
  throw new PaksError("INTEGRITY_MISMATCH", `The bytes of ${what} are not those that npm lists.`, {
    hint: "Nothing was installed. Try again; if it stays so, tell who runs the npm registry.",
    details: { recorded: release.integrity, found: `sha512-${found.toString("base64")}` },
  });
}

/** A mirror may repeat npm's own addresses; it is asked in their place, as npm does it. No other host is. */
function tarballUrl(text: string, registry: string): string {
  const url = new URL(text);
  const own = new URL(registry);
  if (url.username !== "" || url.password !== "") throw foreignTarball(url.host);
  if (url.host === own.host) return new URL(url.pathname + url.search, own).href;
  if (url.origin === publicNpmRegistry) return `${registry}${url.pathname}`;
  throw foreignTarball(url.host);
}

const foreignTarball = (host: string): PaksError =>
  new PaksError(
    "HOST_NOT_ALLOWED",
    `The npm registry sends you to another host (${escapeText(host, 80)}) for the package.`,
    {
      hint: "Packages are downloaded from the registry itself only.",
    },
  );

interface Getting extends Asking {
  readonly accept: string;
  readonly maxBytes: number;
  /** For messages. */
  readonly what: string;
}

const milliseconds = 60_000;

async function get(url: string, getting: Getting): Promise<Buffer> {
  const { config, signal, what } = getting;
  if (config.offline)
    throw new PaksError("OFFLINE", `${what} is on npm, and paks is offline.`, {
      hint: "Run it again without --offline.",
    });
  const limit = openTimeLimit(signal, milliseconds);
  try {
    return await ask(url, { ...getting, signal: limit.signal });
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof PaksError) throw cause;
    const reason = networkReason(cause);
    const why = limit.isOver()
      ? `did not answer within ${milliseconds / 1000} seconds`
      : `cannot be reached (${reason})`;
    throw new PaksError("REGISTRY_UNAVAILABLE", `The npm registry ${new URL(url).host} ${why}.`, {
      hint: networkHint(cause),
      cause,
    });
  } finally {
    limit.close();
  }
}

async function ask(url: string, { fetch, accept, maxBytes, signal, what }: Getting): Promise<Buffer> {
  const response = await fetch(url, { headers: { accept }, redirect: "manual", signal });
  const { status } = response;
  if (status !== 200) {
    await response.body?.cancel();
    throw statusError(status, what);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > maxBytes)
      throw new PaksError("TOO_LARGE", `What npm sends of ${what} is larger than ${maxBytes} bytes.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function statusError(status: number, what: string): PaksError {
  if (status >= 300 && status < 400)
    return new PaksError(
      "HOST_NOT_ALLOWED",
      `The npm registry redirects ${what} to somewhere else, which is not followed.`,
    );
  if (status === 404)
    return new PaksError("NOT_FOUND", `npm does not know ${what}.`, { hint: "Check the name; it is case-sensitive." });
  if (status === 401 || status === 403)
    return new PaksError("NOT_FOUND", `npm does not give out ${what} to everybody.`, {
      hint: "Private packages are not read: paks sends no npm token.",
    });
  return new PaksError(
    "REGISTRY_UNAVAILABLE",
    `The npm registry answers with status ${status} when asked for ${what}.`,
    {
      hint: "Try again later.",
    },
  );
}
