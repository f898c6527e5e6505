/** Where the token in use came from, in words for people. */
export interface FoundToken {
  readonly token: string;
  readonly source: string;
}

/** Tokens by registry. A token is only ever handed out for the origin it was stored for. */
export interface Credentials {
  /**
   * The token for a registry's origin: environment, keychain, file. `undefined` = looked everywhere, not logged in.
   * @throws PaksError KEYCHAIN_UNAVAILABLE when a keychain that may hold one does not answer
   */
  findToken(origin: string): Promise<FoundToken | undefined>;
  /** Stores, reads back, and says where. @throws PaksError KEYCHAIN_UNAVAILABLE */
  storeToken(origin: string, token: string): Promise<{ readonly source: string }>;
  /** True when there was one. */
  deleteToken(origin: string): Promise<boolean>;
}
