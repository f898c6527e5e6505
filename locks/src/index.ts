export { type LockFile, type LockHolder, type TakeLockOptions, sweepLockDrafts, takeLockFile } from "./lock-file.ts";
export { removeFile, removeFileSync } from "./remove-file.ts";
export { type WaitForLockOptions, waitForLockFile } from "./wait-for-lock-file.ts";
export { type ProcessIdentity, currentProcess, hasCode, mayRun } from "./process-identity.ts";
