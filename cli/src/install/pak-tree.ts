/** Where paks may lie: a commit, a package, a folder. */
export interface PakTree {
  /** Of its regular files, relative, with `/`. */
  readonly paths: readonly string[];
  /** What is there of these files and is no larger than a file may be. */
  read(paths: readonly string[]): Promise<ReadonlyMap<string, Uint8Array>>;
}

/** `{}` for what is no JSON object: other tools' files are hints, never a reason to fail. */
export function readJsonObject(bytes: Uint8Array | undefined): Record<string, unknown> {
  if (bytes === undefined) return {};
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
