import { PaksError, errorCodes, isPaksError, systemErrorCode } from "@paks/schema";

interface Asked {
  /** Where it is installed. */
  readonly folder: string;
  /** What asks for it. */
  readonly text: string;
  /** Behind a command that means it. */
  readonly flag?: string;
}

/**
 * Why a source that was installed from once no longer has the pak; `undefined` for what may have failed only this time.
 */
export function findGone(error: unknown, { folder, text, flag = "" }: Asked): PaksError | undefined {
  if (!isPaksError(error)) return undefined;
  if (errorCodes[error.code].exit === 3) return error;
  if (error.code !== "MANIFEST_MISSING" || systemErrorCode(error.cause) !== "ENOENT") return undefined;
  return new PaksError("PAK_NOT_FOUND", `The folder ${text}, which ${folder} was installed from, is gone.`, {
    hint: `What is installed stays as it is. Put the folder back, or take it from elsewhere after: paks remove ${folder}${flag}`,
    details: error.details,
    cause: error,
  });
}
