import { randomBytes } from "node:crypto";
import { PaksError, isPaksError } from "@paks/schema";
import type { Keychain, KeychainBackend } from "./keychain.ts";

/** A locked keychain may open a window that nobody sees and wait for ever. */
const patience = 5000;

export interface GuardOptions {
  readonly id: "keyring" | "keytar";
  readonly description: string;
  /** For tests. */
  readonly milliseconds?: number;
}

/**
 * Makes a native keychain trustworthy: every call ends within 5 s, every failure is KEYCHAIN_UNAVAILABLE, and what is
 * written is read back, because a keychain without an unlocked collection reports success and keeps nothing.
 */
export function guard(native: Keychain, options: GuardOptions): KeychainBackend {
  const limited = <T>(what: string, work: () => Promise<T>) => withTimer(options, what, work);
  const getPassword: Keychain["getPassword"] = async (service, account) =>
    (await limited("read", async () => await native.getPassword(service, account))) ?? null;
  return {
    id: options.id,
    description: options.description,
    getPassword,
    setPassword: async (service, account, password) => {
      await limited("write", async () => await native.setPassword(service, account, password));
      if ((await getPassword(service, account)) !== password) {
        throw unavailable(options, "it forgot at once what it was given to keep");
      }
    },
    deletePassword: async (service, account) =>
      await limited("delete", async () => await native.deletePassword(service, account)),
    findCredentials: async (service) => await limited("list", async () => await native.findCredentials(service)),
  };
}

const unavailable = ({ description }: GuardOptions, why: string, cause?: unknown): PaksError =>
  new PaksError("KEYCHAIN_UNAVAILABLE", `${description} does not answer: ${why}.`, {
    hint: "Unlock it, or set PAKS_TOKEN, or PAKS_KEYCHAIN=file to keep tokens in an encrypted file.",
    cause,
  });

async function withTimer<T>(options: GuardOptions, what: string, work: () => Promise<T>): Promise<T> {
  const milliseconds = options.milliseconds ?? patience;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(unavailable(options, `${what} took longer than ${milliseconds / 1000} s (is it locked?)`)),
      milliseconds,
    );
  });
  try {
    return await Promise.race([work(), late]);
  } catch (error) {
    if (isPaksError(error)) throw error;
    // The library ends some of its messages with a full stop, and this one goes on behind it.
    throw unavailable(options, (error as Error).message.replace(/\.+\s*$/, ""), error);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Proves that a keychain keeps what it is given: writes, reads and deletes an entry that means nothing.
 * @throws PaksError KEYCHAIN_UNAVAILABLE
 */
export async function probeKeychain(keychain: Keychain): Promise<void> {
  const service = "dev.stakpak.paks.probe";
  const account = randomBytes(8).toString("hex");
  await keychain.setPassword(service, account, "probe");
  await keychain.deletePassword(service, account);
}
