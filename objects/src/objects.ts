/**
 * Object storage, addressed by content. Every function may throw DISK_FULL or READ_ONLY_TARGET where the storage is a
 * disk; a name that is not a SHA-256 in lower-case hex is a fault of the caller.
 */
export interface Objects {
  /** Idempotent: the same bytes are stored once. `bytes` in the answer is their number. */
  put(bytes: Uint8Array): Promise<{ readonly sha256: string; readonly bytes: number }>;
  /** The bytes, hashed again on the way out. @throws PaksError INTEGRITY_MISMATCH */
  get(sha256: string): Promise<Uint8Array | undefined>;
  has(sha256: string): Promise<boolean>;
  /** Throws when the storage cannot be written. */
  check(): Promise<void>;
}
