import { PaksError, isPaksError } from "@paks/schema";
import type { Config } from "./config.ts";
import { type KeychainBackend, keychainService } from "./keychain/keychain.ts";

/** Where the token in use came from, in words for people. */
export interface FoundToken {
  readonly token: string;
  readonly source: string;
}

export interface KeychainReport {
  /** `ok`: the wanted keychain keeps what it is given. `fallback`: the token file is used instead. */
  readonly state: "ok" | "fallback" | "failed";
  readonly backend: "keyring" | "keytar" | "file";
  readonly description: string;
  /** Why it is not `ok`. */
  readonly reason: string | undefined;
  /** What to do about it, where that is known. */
  readonly hint?: string | undefined;
}

/** Tokens by registry. A token is only ever handed out for the origin it was stored for. */
export interface Credentials {
  /**
   * The token for a registry's origin: environment, keychain, file. `undefined` = looked everywhere, not logged in.
   * @throws PaksError KEYCHAIN_UNAVAILABLE when a keychain that may hold one does not answer
   */
  readonly findToken: (origin: string) => Promise<FoundToken | undefined>;
  /** Stores, reads back, and says where. @throws PaksError KEYCHAIN_UNAVAILABLE */
  readonly storeToken: (origin: string, token: string) => Promise<{ readonly source: string }>;
  /** True when there was one. Tokens of the environment stay. @throws PaksError KEYCHAIN_UNAVAILABLE */
  readonly deleteToken: (origin: string) => Promise<boolean>;
  /** Writes, reads and deletes a meaningless entry. */
  readonly probe: () => Promise<KeychainReport>;
}

export interface CredentialsDeps {
  readonly config: Config;
  readonly platform: NodeJS.Platform;
  readonly uid: number | undefined;
  readonly warn: (text: string) => void;
  readonly debug: (text: string) => void;
}

/** The keychain that answers first: what the user asked for, else the system's; and the file when there is none. */
interface Backends {
  /** The operating system's (or keytar); `undefined` when this machine has none or the user chose the file. */
  readonly main: KeychainBackend | undefined;
  readonly file: KeychainBackend;
  /** Why there is no `main`. */
  readonly missing: string;
}

export function openCredentials(deps: CredentialsDeps): Credentials {
  let opened: Promise<Backends> | undefined;
  const open = () => (opened ??= openBackends(deps));
  const find = async (origin: string) =>
    findEnvironmentToken(deps.config, origin) ?? (await findStored(deps, await open(), origin));
  // A keychain may ask the person each time: once per run is enough.
  const found = new Map<string, Promise<FoundToken | undefined>>();
  return {
    findToken: async (origin) => {
      const known = found.get(origin) ?? find(origin);
      found.set(origin, known);
      return await known;
    },
    storeToken: async (origin, token) => {
      found.delete(origin);
      return await storeToken(deps, await open(), { origin, token });
    },
    deleteToken: async (origin) => {
      found.delete(origin);
      return await deleteToken(await open(), origin);
    },
    probe: async () => await probe(await open()),
  };
}

async function openBackends({ config, platform, uid }: CredentialsDeps): Promise<Backends> {
  // Most commands need no token: what reads them loads with the first one.
  const [{ openFileKeychain }, { openKeytar, openNative }] = await Promise.all([
    import("./keychain/file.ts"),
    import("./keychain/native.ts"),
  ]);
  const file = openFileKeychain({ config: config.folders.config, state: config.folders.state, platform });
  if (config.keychain === "file") return { main: undefined, file, missing: "PAKS_KEYCHAIN is file" };
  if (config.keychain === "keytar") return { main: await openKeytar(), file, missing: "" };
  const native = await openNative({ platform, uid, variable: config.variable });
  return "missing" in native ? { main: undefined, file, missing: native.missing } : { main: native, file, missing: "" };
}

function findEnvironmentToken({ environmentToken }: Config, origin: string): FoundToken | undefined {
  if (!environmentToken?.origins.includes(origin)) return undefined;
  return { token: environmentToken.token, source: `the environment variable ${environmentToken.variable}` };
}

async function findStored(deps: CredentialsDeps, backends: Backends, origin: string): Promise<FoundToken | undefined> {
  const { main, file } = backends;
  const answer = main === undefined ? null : await read(main, origin);
  if (typeof answer === "string") return { token: answer, source: main!.description };

  const kept = await file.getPassword(keychainService, origin);
  if (kept !== null) {
    // Said when the file was chosen; `doctor` says it at any time.
    deps.debug(fileNotice(backends, answer?.message ?? backends.missing));
    return { token: kept, source: `the token file ${file.description}` };
  }
  if (answer !== null) throw answer;
  if (main === undefined || deps.platform === "darwin" || deps.platform === "win32") return undefined;
  return await findBehindLock(main, origin);
}

/** The token, `null`, or why the keychain does not answer. */
async function read(keychain: KeychainBackend, origin: string): Promise<string | PaksError | null> {
  try {
    return await keychain.getPassword(keychainService, origin);
  } catch (error) {
    if (isPaksError(error, "KEYCHAIN_UNAVAILABLE")) return error;
    throw error;
  }
}

/**
 * A locked Secret Service says "no such entry". Writing to it either proves that it is open or unlocks it, and only
 * then does a second "no" mean that nobody is logged in.
 */
async function findBehindLock(keychain: KeychainBackend, origin: string): Promise<FoundToken | undefined> {
  const { probeKeychain } = await import("./keychain/guarded.ts");
  await probeKeychain(keychain);
  const token = await keychain.getPassword(keychainService, origin);
  return token === null ? undefined : { token, source: keychain.description };
}

async function storeToken(
  deps: CredentialsDeps,
  backends: Backends,
  { origin, token }: { origin: string; token: string },
): Promise<{ source: string }> {
  const refusal = backends.main === undefined ? backends.missing : await write(backends.main, origin, token);
  if (refusal === undefined) {
    // Else an older token would come back on the day the keychain does not answer.
    if (deps.config.keychain === "auto") await backends.file.deletePassword(keychainService, origin);
    return { source: backends.main!.description };
  }
  if (deps.config.keychain === "keytar") throw new PaksError("KEYCHAIN_UNAVAILABLE", refusal);
  deps.warn(fileNotice(backends, refusal));
  await backends.file.setPassword(keychainService, origin, token);
  return { source: `the token file ${backends.file.description}` };
}

/** `undefined`, or why the keychain did not take it. */
async function write(keychain: KeychainBackend, origin: string, token: string): Promise<string | undefined> {
  try {
    await keychain.setPassword(keychainService, origin, token);
    return undefined;
  } catch (error) {
    if (isPaksError(error, "KEYCHAIN_UNAVAILABLE")) return error.message;
    throw error;
  }
}

const fileNotice = ({ file }: Backends, why: string): string =>
  `tokens are kept in ${file.description}, because ${why.replace(/\.$/, "")}. ` +
  "It is encrypted with a key in a second file: that protects backups, not against programs that run as you.";

async function deleteToken({ main, file }: Backends, origin: string): Promise<boolean> {
  const fromFile = await file.deletePassword(keychainService, origin);
  if (main === undefined) return fromFile;
  return (await main.deletePassword(keychainService, origin)) || fromFile;
}

async function probe({ main, file, missing }: Backends): Promise<KeychainReport> {
  const failure = main === undefined ? { message: missing, hint: undefined } : await probeFailure(main);
  if (failure === undefined) return { ...named(main!), state: "ok", reason: undefined };
  const fileFailure = await probeFailure(file);
  if (fileFailure !== undefined)
    return { ...named(file), state: "failed", reason: fileFailure.message, hint: fileFailure.hint };
  return { ...named(file), state: "fallback", reason: failure.message, hint: failure.hint };
}

const named = ({ id, description }: KeychainBackend) => ({ backend: id, description });

async function probeFailure(keychain: KeychainBackend): Promise<PaksError | undefined> {
  const { probeKeychain } = await import("./keychain/guarded.ts");
  try {
    await probeKeychain(keychain);
    return undefined;
  } catch (error) {
    if (isPaksError(error)) return error;
    throw error;
  }
}
