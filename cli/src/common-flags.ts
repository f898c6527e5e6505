/** One row per flag that every command has. */
export interface CommonFlag {
  readonly type: "boolean" | "string";
  readonly alias?: string;
  readonly choices?: readonly string[];
  readonly default?: boolean | string;
  /** What stands for the value in the help. */
  readonly placeholder?: string;
  readonly describe: string;
}

export const commonFlags: Readonly<Record<string, CommonFlag>> = {
  json: { type: "boolean", default: false, describe: "Print one JSON value on stdout and nothing else" },
  quiet: { type: "boolean", alias: "q", default: false, describe: "No progress and no notes" },
  verbose: { type: "boolean", default: false, describe: "Say on stderr what is done" },
  color: {
    type: "string",
    choices: ["auto", "always", "never"],
    default: "auto",
    placeholder: "auto|always|never",
    describe: "When to use colours; NO_COLOR is honoured",
  },
  "no-input": { type: "boolean", default: false, describe: "Never ask" },
  registry: { type: "string", placeholder: "URL", describe: "The registry to use, by URL or configured name" },
  offline: { type: "boolean", default: false, describe: "Use no network, only what was fetched before" },
  "no-cache": { type: "boolean", default: false, describe: "Fetch anew what was fetched before" },
};
