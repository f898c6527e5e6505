import type { JsonObject } from "./shape.ts";

/** The content of `paks.jsonc`: what a project asks for. */
export interface Workspace {
  /** Sources, in order of precedence. */
  readonly paks: readonly string[];
  /** Source → the folder that somebody chose for it with `--as`; absent where nobody did. */
  readonly aliases?: Readonly<Record<string, string>>;
  /** Names or sources of `paks` that are not installed. */
  readonly disabled: readonly string[];
  /** Ids of targets; absent: those that are found. */
  readonly agents?: readonly string[];
  /** URL or configured name of the registry that plain refs are looked up in. */
  readonly registry?: string;
  /** Every other key, for those who know it. */
  readonly extra: JsonObject;
}

export const aliasOf = ({ aliases }: Pick<Workspace, "aliases">, source: string): string | undefined =>
  aliases !== undefined && Object.hasOwn(aliases, source) ? aliases[source] : undefined;

export const emptyWorkspace: Workspace = { paks: [], disabled: [], extra: {} };

/** Newest first; the second is what an older program of this kind wrote. */
export const workspaceFileNames = ["paks.jsonc", "agentpacks.jsonc"] as const;
export const lockFileName = "paks.lock";
