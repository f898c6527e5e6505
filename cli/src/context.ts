import type { Config } from "./config.ts";
import type { Credentials } from "./credentials.ts";
import type { Repositories } from "./install/repositories.ts";
import type { Fetch } from "./network/fetch.ts";
import type { Registry } from "./registry.ts";
import type { Store } from "./store/store.ts";

export interface IoFacts {
  readonly stdinIsTty: boolean;
  readonly stdoutIsTty: boolean;
  readonly stderrIsTty: boolean;
  /** A person can answer: stdin and stderr are terminals, no `--no-input`, no CI, no agent. */
  readonly interactive: boolean;
  /** Width of the terminal; 80 when there is none. */
  readonly columns: number;
}

/** What every question has. */
export interface Question {
  readonly message: string;
  /** What it is about, shown above it, also with `--quiet`. */
  readonly about?: string;
  /** How to answer without being asked, e.g. `--yes`. It goes into the hint when nobody can answer. */
  readonly instead: string;
}

/**
 * Questions to the person at the terminal, on stderr. Each throws `USAGE` (exit 2) when nobody can answer
 * and `CANCELLED` (exit 130) when the person stops it.
 */
export interface Prompts {
  confirm(question: Question & { readonly initial?: boolean }): Promise<boolean>;
  text(
    question: Question & { readonly initial?: string; readonly check?: (text: string) => string | undefined },
  ): Promise<string>;
  /** What is typed is masked. */
  password(question: Question): Promise<string>;
  select<T extends string>(
    question: Question & { readonly options: readonly { readonly value: T; readonly label: string }[] },
  ): Promise<T>;
  /** At least one of them. */
  selectMany<T extends string>(
    question: Question & { readonly options: readonly { readonly value: T; readonly label: string }[] },
  ): Promise<T[]>;
  /** Ctrl-C at the terminal waits until this is done. For short work that must not be cut in the middle. */
  undisturbed<T>(work: () => Promise<T>): Promise<T>;
}

/** Everything a command may touch. Tests make one with `testContext()`. */
export interface Context {
  /** Absolute. */
  readonly cwd: string;
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly config: Config;
  readonly io: IoFacts;
  readonly clock: () => Date;
  /** Through the user's proxy and with his certificates. Follows no redirects. */
  readonly fetch: Fetch;
  /** Aborted by Ctrl-C with a `CANCELLED` error as its reason. */
  readonly signal: AbortSignal;
  readonly prompts: Prompts;
  /** Tokens: environment, keychain, file. */
  readonly credentials: Credentials;
  /** The registry chosen by `--registry`, `PAKS_REGISTRY` or the config. One client per run; with a `token`, one that uses just that. */
  registry(token?: string): Registry;
  /**
   * The one registry in which names of this account are looked up: the one it is mapped to, else what `registry()` is,
   * else the project's own wish (`registry` of `paks.jsonc`). Only one that the user has named gets a token.
   * Without an account: where the names of all accounts are that are not mapped.
   */
  registryFor(account: string | undefined, wish?: string): Registry;
  /** The registry at a URL, as a lock or a record names it; the token goes along only when the user has named it. */
  registryAt(url: string): Registry;
  /** Releases that were fetched before, by digest. */
  readonly store: Store;
  /** What this command reads of git repositories. */
  readonly repositories: Repositories;
  /** Shows `label` while `work` runs: only on a terminal, only after 500 ms. `step` changes the label. */
  progress<T>(label: string, work: (step: (label: string) => void) => Promise<T>): Promise<T>;
  /** One warning on stderr, also with `--quiet`. */
  readonly warn: (text: string) => void;
  /** One note on stderr; nothing with `--quiet`. */
  readonly note: (text: string) => void;
  /** One line on stderr with `--verbose`. */
  readonly debug: (text: string) => void;
  /** What is left to do when a command has succeeded and its result is printed. */
  end(): Promise<void>;
  /** Has this loaded while a registry's answer is on its way; not when none is asked. */
  readonly whileWaiting: (load: () => Promise<unknown>) => void;
  /** All of stdin as text, at most 1 MiB. */
  readInput(): Promise<string>;
}
