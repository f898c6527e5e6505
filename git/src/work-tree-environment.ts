import type { SimpleGitOptions } from "simple-git";

import type { Environment } from "./run-git.ts";

/**
 * What of the user's environment reaches git. Identity, transport and configuration of the user's own git must keep
 * working. Not here, on purpose: what a calling git or hook sets to lead git to another repository, index or object
 * store (`GIT_DIR`, `GIT_WORK_TREE`, `GIT_INDEX_FILE`, `GIT_OBJECT_DIRECTORY`, …), and pagers.
 * Editors are for hooks: git itself opens none here. simple-git drops every other `GIT_*` variable without a word.
 */
export const passedVariables: readonly string[] = `
  GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_AUTHOR_DATE GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL GIT_COMMITTER_DATE
  GIT_SSH GIT_SSH_COMMAND GIT_SSH_VARIANT GIT_ASKPASS SSH_ASKPASS GIT_TERMINAL_PROMPT
  GIT_SSL_CAINFO GIT_SSL_CAPATH GIT_SSL_CERT GIT_SSL_KEY GIT_SSL_NO_VERIFY
  GIT_PROXY_COMMAND GIT_PROXY_SSL_CAINFO GIT_PROXY_SSL_CERT GIT_PROXY_SSL_KEY GIT_HTTP_PROXY_AUTHMETHOD
  GIT_ALLOW_PROTOCOL GIT_HTTP_LOW_SPEED_LIMIT GIT_HTTP_LOW_SPEED_TIME
  GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM GIT_CONFIG_NOSYSTEM GIT_ATTR_NOSYSTEM
  GIT_CEILING_DIRECTORIES GIT_DISCOVERY_ACROSS_FILESYSTEM GIT_EXEC_PATH
  EDITOR VISUAL GIT_EDITOR
  GIT_TRACE GIT_TRACE2 GIT_TRACE_SETUP GIT_TRACE_PACKET GIT_TRACE_CURL GIT_CURL_VERBOSE
`
  .trim()
  .split(/\s+/);

/** `GIT_CONFIG_COUNT` with its numbered pairs: how CI systems hand over credentials and trust. */
const configPair = /^GIT_CONFIG_(?:COUNT|(?:KEY|VALUE)_[0-9]+)$/;

/** Variables that simple-git takes away although their names do not begin with `GIT_`. */
const guarded = new Set(["EDITOR", "VISUAL", "PAGER", "PREFIX", "SSH_ASKPASS"]);

export interface GitEnvironment {
  readonly env: Record<string, string>;
  /** simple-git's list of permitted variables. */
  readonly allow: string[];
}

/** @param interactive false: git must fail instead of asking for a user name */
export function makeGitEnvironment(from: Environment, interactive: boolean): GitEnvironment {
  const env: Record<string, string> = {};
  const allow = new Set(passedVariables);
  for (const [name, value] of Object.entries(from)) {
    if (value === undefined) continue;
    const upper = name.toUpperCase();
    if (configPair.test(upper)) allow.add(upper);
    else if ((upper.startsWith("GIT_") || guarded.has(upper)) && !allow.has(upper)) continue;
    env[name] = value;
  }
  // Errors are told apart by their English text. LANGUAGE turns messages only; LC_ALL would change the hooks' encoding.
  env["LANGUAGE"] = "en";
  if (!interactive) env["GIT_TERMINAL_PROMPT"] = "0";
  return { env, allow: [...allow] };
}

/**
 * simple-git refuses these wherever they come from. Here they come from the user's own environment, or, for
 * fsmonitor, from us: every argument of ours is a constant or was checked. `--upload-pack` and its kind stay refused.
 */
export const permitted: NonNullable<SimpleGitOptions["unsafe"]> = {
  allowUnsafeFsMonitor: true,
  allowUnsafeSshCommand: true,
  allowUnsafeAskPass: true,
  allowUnsafeEditor: true,
  allowUnsafeGitProxy: true,
  allowUnsafeExec: true,
  allowUnsafeConfigPaths: true,
  allowUnsafeConfigEnvCount: true,
  allowUnsafeCredentialHelper: true,
  allowUnsafeUrlRewrite: true,
  allowUnsafeHooksPath: true,
  allowUnsafeInclude: true,
  allowUnsafeGpgProgram: true,
  allowUnsafeProtocolOverride: true,
  allowUnsafeFilter: true,
};
