import { type ErrorCode, PaksError } from "@paks/schema";

import { redactGitText } from "./redact.ts";

interface Translation {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  readonly message: (match: RegExpExecArray) => string;
  readonly hint: string;
}

/** Git's own words, most telling first. They are English because `LANGUAGE` is set. */
const local: readonly Translation[] = [
  {
    pattern: /Unable to create '([^']+\.lock)': File exists/,
    code: "LOCK_BUSY",
    message: (match) => `Another git process holds ${match[1]}.`,
    hint: "Wait for it to end. When no git runs any more (see `ps`), a crashed one left the file: remove it yourself.",
  },
  {
    pattern: /detected dubious ownership in repository at '([^']+)'/,
    code: "NOT_A_REPOSITORY",
    message: (match) => `git does not trust ${match[1]}: the folder belongs to another user.`,
    hint: "Run as its owner, or tell git to trust it: git config --global --add safe.directory <folder>",
  },
  {
    pattern: /not a git repository|must be run in a work tree/,
    code: "NOT_A_REPOSITORY",
    message: () => "This folder is not in a git work tree.",
    hint: "Go to the skill's own repository, or make one: git init && git add . && git commit",
  },
  {
    pattern: /Please tell me who you are|empty ident|no email was given|no name was given|auto-detect email/,
    code: "GIT_IDENTITY_MISSING",
    message: () => "git does not know who you are.",
    hint: 'git config --global user.name "Your Name" && git config --global user.email you@example.com',
  },
  {
    pattern: /No space left on device/,
    code: "DISK_FULL",
    message: () => "The disk is full.",
    hint: "Make room and run the same command again.",
  },
  {
    pattern:
      /Read-only file system|insufficient permission for adding an object|Unable to create '[^']+': Permission denied/,
    code: "READ_ONLY_TARGET",
    message: () => "The repository cannot be written.",
    hint: "Check the rights of its .git folder.",
  },
];

const remote: readonly Translation[] = [
  {
    pattern:
      /Authentication failed|could not read (?:Username|Password)|terminal prompts disabled|Permission denied|returned error: 40[13]|Invalid username or|access denied|Host key verification failed/i,
    code: "PUSH_FORBIDDEN",
    message: () => "The git host does not let you in.",
    hint: "Log in to the git host (credential helper or ssh key) and ask for push rights; try: git push --dry-run",
  },
  {
    pattern: /does not appear to be a git repository|repository .*not found|returned error: 404|does not exist/i,
    code: "REPOSITORY_NOT_FOUND",
    message: () => "The remote repository does not exist, or you may not see it.",
    hint: "Create it on the git host, or correct the address: git remote set-url",
  },
  {
    pattern: /returned error: 429/,
    code: "GIT_HOST_RATE_LIMITED",
    message: () => "The git host asks to slow down.",
    hint: "Wait some minutes and run the same command again.",
  },
];

const translate = (table: readonly Translation[], text: string): PaksError | undefined => {
  for (const { pattern, code, message, hint } of table) {
    const match = pattern.exec(text);
    if (match) return new PaksError(code, message(match), { hint, details: { git: lastLines(text) } });
  }
  return undefined;
};

/** Git's text, fit to be shown; a server's progress lines end with a bare carriage return. */
export const cleanGitText = (text: string): string =>
  redactGitText(text.slice(-16_384).replaceAll("\t", " ").replaceAll("\r", "\n")).trim();

const lastLines = (text: string): string => cleanGitText(text).split("\n").slice(-8).join("\n");

/** A failure of a command that stays on this machine. */
export const localGitError = (doing: string, stderr: string): PaksError =>
  translate(local, stderr) ??
  new PaksError("INTERNAL", `git failed to ${doing}.`, {
    details: { git: lastLines(stderr) },
    hint: firstLine(stderr),
  });

/** A failure of a command that talks to the git host. What cannot be told apart is "cannot be reached". */
export const remoteGitError = (doing: string, stderr: string): PaksError =>
  translate(remote, stderr) ??
  translate(local, stderr) ??
  new PaksError("GIT_HOST_UNAVAILABLE", `The git host could not be asked to ${doing}.`, {
    hint: firstLine(stderr) ?? "Check the connection and run the same command again.",
    details: { git: lastLines(stderr) },
  });

function firstLine(stderr: string): string | undefined {
  const line = cleanGitText(stderr)
    .split("\n")
    .find((each) => /^(?:fatal|error|remote):/.test(each));
  return line === undefined ? undefined : `git says: ${line.slice(0, 300)}`;
}
