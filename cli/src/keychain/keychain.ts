/** keytar's contract: what keeps secrets by service and account. */
export interface Keychain {
  /** `null`: there is none here that can be read now. Says nothing about a keychain that is locked; see `probe`. */
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  /** True when there was one. */
  deletePassword(service: string, account: string): Promise<boolean>;
  findCredentials(service: string): Promise<{ account: string; password: string }[]>;
}

/** One way to keep secrets on this machine. Its calls throw KEYCHAIN_UNAVAILABLE when it does not answer. */
export interface KeychainBackend extends Keychain {
  readonly id: "keyring" | "keytar" | "file";
  /** In words for people: `the Secret Service`, a file's path. */
  readonly description: string;
}

/** The service under which paks keeps its tokens; the account is the registry's origin. */
export const keychainService = "dev.stakpak.paks";
