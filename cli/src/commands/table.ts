import type { Command } from "../command.ts";

/** One row per command. The table is all that `paks --help` loads; a command's code loads when it runs. */
export interface CommandRow {
  /** One word, or a group's name and one word: `agent list`. */
  readonly name: string;
  readonly aliases?: readonly string[];
  /** What follows the name in the help: `<ref>`. */
  readonly usage?: string;
  readonly describe: string;
  readonly load: () => Promise<Command>;
}

/** What the first of two words says in the help of `paks` itself. */
export const commandGroups: Readonly<Record<string, string>> = {};

/** In the order of the help: make, release, use, find, log in, mend. */
export const commandTable: readonly CommandRow[] = [
  {
    name: "create",
    aliases: ["new"],
    usage: "<name>",
    describe: "Make a folder with a new skill",
    load: async () => (await import("./create.ts")).create,
  },
  {
    name: "init",
    usage: "[name]",
    describe: "Put a new SKILL.md into this folder",
    load: async () => (await import("./init.ts")).init,
  },
  {
    name: "validate",
    aliases: ["check"],
    usage: "[path]",
    describe: "Check a pak's manifest and files",
    load: async () => (await import("./validate.ts")).validate,
  },
  {
    name: "publish",
    usage: "[pak..]",
    describe: "Check, version, tag and push a release, and wait until the registry shows it",
    load: async () => (await import("./publish.ts")).publish,
  },
  {
    name: "status",
    usage: "[of]",
    describe: "Show the registry's recent attempts to index a repository or a pak, and why one failed",
    load: async () => (await import("./status.ts")).status,
  },
  {
    name: "why-not",
    usage: "<repository> <tag> [path]",
    describe: "Ask the registry why a tag is not released, or whether it would be",
    load: async () => (await import("./why-not.ts")).whyNot,
  },
  {
    name: "install",
    aliases: ["add", "i"],
    usage: "<source..>",
    describe: "Verify a pak and put it where your coding tools look",
    load: async () => (await import("./install.ts")).install,
  },
  {
    name: "list",
    aliases: ["ls"],
    describe: "Show what is installed here and whether it was edited",
    load: async () => (await import("./list.ts")).list,
  },
  {
    name: "remove",
    aliases: ["rm", "uninstall"],
    usage: "<name..>",
    describe: "Remove exactly what was installed, links included",
    load: async () => (await import("./remove.ts")).remove,
  },
  {
    name: "search",
    aliases: ["find"],
    usage: "[query..]",
    describe: "Find paks in the registry",
    load: async () => (await import("./search.ts")).search,
  },
  {
    name: "info",
    aliases: ["show", "view"],
    usage: "<ref>",
    describe: "Show what the registry knows about a pak",
    load: async () => (await import("./info.ts")).info,
  },
  {
    name: "login",
    describe: "Check a token with the registry and keep it in the keychain",
    load: async () => (await import("./login.ts")).login,
  },
  {
    name: "logout",
    describe: "Forget the registry's token on this machine",
    load: async () => (await import("./logout.ts")).logout,
  },
  {
    name: "whoami",
    describe: "Show the account, the token's rights and where the token comes from",
    load: async () => (await import("./whoami.ts")).whoami,
  },
  {
    name: "doctor",
    describe: "Check git, the registry, the keychain and the folders paks needs",
    load: async () => (await import("./doctor.ts")).doctor,
  },
];
