import { existsSync } from "node:fs";
import type * as KeyringModule from "@napi-rs/keyring";
import { PaksError } from "@paks/schema";
import { isStandalone } from "../start/is-standalone.ts";
import { guard } from "./guarded.ts";
import type { Keychain, KeychainBackend } from "./keychain.ts";

export interface NativeDeps {
  readonly platform: NodeJS.Platform;
  readonly variable: (name: string) => string | undefined;
  /** Numeric user id; `undefined` on Windows. */
  readonly uid: number | undefined;
}

const names: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "the macOS keychain",
  win32: "the Windows credential manager",
};

/**
 * The operating system's keychain, or why this machine has none. Having none is not the same as not answering: where
 * there is none, nothing can have been stored in it.
 */
export async function openNative(deps: NativeDeps): Promise<KeychainBackend | { readonly missing: string }> {
  if (deps.platform !== "darwin" && deps.platform !== "win32" && !hasSessionBus(deps)) {
    return { missing: "there is no D-Bus session, so no Secret Service" };
  }
  const library = await importKeyring();
  if (library === undefined) return { missing: "the optional package @napi-rs/keyring is not installed" };
  const keychain = library instanceof PaksError ? unreadable(library) : keyringKeychain(library);
  return guard(keychain, { id: "keyring", description: names[deps.platform] ?? "the Secret Service" });
}

/** Where D-Bus clients look: the address, else the socket in the user's run-time folder. */
function hasSessionBus({ variable, uid }: NativeDeps): boolean {
  if (variable("DBUS_SESSION_BUS_ADDRESS") !== undefined) return true;
  return existsSync(`${variable("XDG_RUNTIME_DIR") ?? `/run/user/${uid ?? 0}`}/bus`);
}

type Keyring = typeof KeyringModule;

/** The library, that it does not exist for this system, or why it cannot be loaded although it is there. */
async function importKeyring(): Promise<Keyring | PaksError | undefined> {
  try {
    return await import("@napi-rs/keyring");
  } catch (error) {
    // Bun 1.4.4 writes the library that is inside to a file before it loads it. Where that fails, the keychain may still
    // hold a token of yesterday.
    if (isStandalone && (error as NodeJS.ErrnoException).code === "ERR_DLOPEN_FAILED") return unwritable(error);
    // Also when the package is there without the binary for this platform.
    if (isMissingModule(error) || /native binding|Cannot find module/i.test((error as Error).message)) return undefined;
    throw error;
  }
}

function unwritable(cause: unknown): PaksError {
  const folder = "TMPDIR be a folder where files can be written and programs may run";
  const others = "or set PAKS_TOKEN, or PAKS_KEYCHAIN=file to keep tokens in an encrypted file.";
  const file = libraryNamed(cause);
  // Of a file that is there Bun 1.4.4 compares owner and size, never the bytes, so a damaged one stays until it is removed.
  const hint =
    file === undefined
      ? `Let ${folder}, and remove $TMPDIR/.bun-*.node, ${others}`
      : `Remove ${file}, which may be damaged; it is written again. Or let ${folder}, ${others}`;
  const message = "The keychain's library cannot be loaded from the folder for temporary files.";
  return new PaksError("KEYCHAIN_UNAVAILABLE", message, { hint, cause });
}

/** The loaders of Linux and macOS begin with the file that they could not load. */
const libraryNamed = (error: unknown): string | undefined =>
  /^(?:dlopen\()?(\/.*?\/\.bun-[\w-]+\.node)/s.exec((error as Error).message)?.[1];

function unreadable(failure: PaksError): Keychain {
  const fail = () => Promise.reject(failure);
  return { getPassword: fail, setPassword: fail, deletePassword: fail, findCredentials: fail };
}

const isMissingModule = (error: unknown): boolean =>
  ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "ERR_DLOPEN_FAILED"].includes(
    (error as NodeJS.ErrnoException).code ?? "",
  );

/** Without the pinned store the library falls back to the kernel's keyring, which forgets at the next boot. */
function keyringKeychain(library: Keyring): Keychain {
  const entry = (service: string, account: string) =>
    new library.AsyncEntry(service, account, { linux: { store: "secret-service" } });
  return {
    getPassword: async (service, account) => await entry(service, account).getPassword(),
    setPassword: async (service, account, password) => await entry(service, account).setPassword(password),
    deletePassword: async (service, account) => await entry(service, account).deletePassword(),
    findCredentials: async (service) => await library.findCredentialsAsync(service),
  };
}

/**
 * `keytar` (or its fork) that the user has installed and asked for.
 * @throws PaksError KEYCHAIN_UNAVAILABLE
 */
export async function openKeytar(): Promise<KeychainBackend> {
  // Nothing lies beside it: Bun 1.4.4 would look in the folder where paks is started, which may be a stranger's clone.
  if (isStandalone) {
    throw new PaksError("KEYCHAIN_UNAVAILABLE", "PAKS_KEYCHAIN is keytar, and the standalone paks cannot load it.", {
      hint: "Unset PAKS_KEYCHAIN: the system's keychain is used without keytar. Only paks on Node loads keytar.",
    });
  }
  for (const name of ["keytar", "@github/keytar"]) {
    const found = await importKeytar(name);
    if (found !== undefined) return guard(found, { id: "keytar", description: `the keychain (${name})` });
  }
  throw new PaksError("KEYCHAIN_UNAVAILABLE", "PAKS_KEYCHAIN is keytar, and keytar cannot be loaded.", {
    hint: "Install it beside paks (`npm install -g keytar`), or unset PAKS_KEYCHAIN.",
  });
}

async function importKeytar(name: string): Promise<Keychain | undefined> {
  try {
    // A variable, so that neither compiler nor bundler looks for what may not be there.
    const module = (await import(name)) as { default?: Keychain } & Partial<Keychain>;
    return module.default ?? (module as Keychain);
  } catch (error) {
    if (isMissingModule(error)) return undefined;
    throw new PaksError("KEYCHAIN_UNAVAILABLE", `${name} is installed and cannot be loaded.`, { cause: error });
  }
}
