import type { Command } from "../command.ts";

/** One row per command. The table is all that `paks --help` loads; a command's code loads when it runs. */
export interface CommandRow {
  /** One word, or a group's name and one word: `agent list`. */
  readonly name: string;
  readonly aliases?: readonly string[];
  /** What follows the name in the help: `<ref>`. */
  readonly usage?: string;
  readonly describe: string;
  /** Runs with a configuration file that cannot be used, to say or change what is wrong with it. */
  readonly mendsConfig?: true;
  readonly load: () => Promise<Command>;
}

/** What the first of two words says in the help of `paks` itself. */
export const commandGroups: Readonly<Record<string, string>> = {
  agent: "The coding tools that paks installs for",
  config: "Read and change paks' configuration file",
  registry: "Which registries there are, and which names are looked up where",
  cache: "What was fetched and is kept for the next time",
};

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
    usage: "[source..]",
    describe: "Verify paks and put them where your coding tools look; without a source: what paks.jsonc asks for",
    load: async () => (await import("./install.ts")).install,
  },
  {
    name: "ci",
    describe: "Install exactly what paks.lock says, every byte verified",
    load: async () => (await import("./ci.ts")).ci,
  },
  {
    name: "list",
    aliases: ["ls"],
    describe: "Show what is installed here and whether it was edited",
    load: async () => (await import("./list.ts")).list,
  },
  {
    name: "why",
    usage: "<pak>",
    describe: "Show what asks for a pak of this project",
    load: async () => (await import("./why.ts")).why,
  },
  {
    name: "remove",
    aliases: ["rm", "uninstall"],
    usage: "<name..>",
    describe: "Remove exactly what was installed, links and unneeded dependencies included",
    load: async () => (await import("./remove.ts")).remove,
  },
  {
    name: "outdated",
    usage: "[name..]",
    describe: "Show newer versions; changes nothing",
    load: async () => (await import("./outdated.ts")).outdated,
  },
  {
    name: "update",
    aliases: ["upgrade", "up"],
    usage: "[name..]",
    describe: "Bring paks to the newest versions that are asked for, after showing what changes",
    load: async () => (await import("./update.ts")).update,
  },
  {
    name: "rollback",
    usage: "<name>",
    describe: "Put back the version that the lock says was there before",
    load: async () => (await import("./rollback.ts")).rollback,
  },
  {
    name: "pin",
    usage: "<name..>",
    describe: "Keep update away from a pak of this project",
    load: async () => (await import("./pin.ts")).pin,
  },
  {
    name: "unpin",
    usage: "<name..>",
    describe: "Let update change a pak again",
    load: async () => (await import("./pin.ts")).unpin,
  },
  {
    name: "diff",
    usage: "<a> [b]",
    describe: "Compare two releases, or what is installed with its release",
    load: async () => (await import("./diff.ts")).diff,
  },
  {
    name: "verify",
    usage: "[name..]",
    describe: "Check every installed byte against its record, the lock and where it came from",
    load: async () => (await import("./verify.ts")).verify,
  },
  {
    name: "audit",
    describe: "Look for what should not stay: withdrawn, changed or moved releases, and licences",
    load: async () => (await import("./audit.ts")).audit,
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
    name: "agent list",
    aliases: ["agent ls"],
    describe: "Show the coding tools that are here, or all that paks knows",
    load: async () => (await import("./agent-list.ts")).agentList,
  },
  {
    name: "agent show",
    usage: "<id>",
    describe: "Show where one coding tool looks for skills",
    load: async () => (await import("./agent-show.ts")).agentShow,
  },
  {
    name: "agent default",
    usage: "[id..]",
    describe: "Show, set or clear the coding tools that install uses when none is named",
    mendsConfig: true,
    load: async () => (await import("./agent-default.ts")).agentDefault,
  },
  {
    name: "agent add",
    usage: "<id>",
    describe: "Add a coding tool of your own, or say where a known one looks on this machine",
    load: async () => (await import("./agent-add.ts")).agentAdd,
  },
  {
    name: "agent remove",
    aliases: ["agent rm"],
    usage: "<id>",
    describe: "Forget a coding tool of your own; what is installed for it stays",
    mendsConfig: true,
    load: async () => (await import("./agent-remove.ts")).agentRemove,
  },
  {
    name: "config get",
    usage: "<key>",
    describe: "Print one value of the configuration",
    mendsConfig: true,
    load: async () => (await import("./config-get.ts")).configGet,
  },
  {
    name: "config set",
    usage: "<key> <value>",
    describe: "Set one value; comments and everything else stay as they are",
    mendsConfig: true,
    load: async () => (await import("./config-set.ts")).configSet,
  },
  {
    name: "config unset",
    usage: "<key>",
    describe: "Remove one value; the default is used again",
    mendsConfig: true,
    load: async () => (await import("./config-set.ts")).configUnset,
  },
  {
    name: "config list",
    aliases: ["config ls"],
    describe: "Show the configuration file's values, or every key there is",
    mendsConfig: true,
    load: async () => (await import("./config-list.ts")).configList,
  },
  {
    name: "registry add",
    usage: "<name> <url>",
    describe: "Name a registry, and whose paks are looked up only there",
    load: async () => (await import("./registry.ts")).registryAdd,
  },
  {
    name: "registry remove",
    aliases: ["registry rm"],
    usage: "<name>",
    describe: "Forget a registry and its accounts; its token stays in the keychain",
    load: async () => (await import("./registry.ts")).registryRemove,
  },
  {
    name: "registry list",
    aliases: ["registry ls"],
    describe: "Show the registries and which accounts are looked up where",
    load: async () => (await import("./registry.ts")).registryList,
  },
  {
    name: "registry default",
    usage: "[name]",
    describe: "Show or set the registry for all names that are not mapped to another",
    load: async () => (await import("./registry.ts")).registryDefault,
  },
  {
    name: "cache info",
    describe: "Show where fetched releases are kept and how much room they take",
    load: async () => (await import("./cache.ts")).cacheInfo,
  },
  {
    name: "cache clean",
    describe: "Delete what was fetched; nothing that is installed",
    load: async () => (await import("./cache.ts")).cacheClean,
  },
  {
    name: "doctor",
    describe: "Check everything paks needs: git, registry, keychain, agents, folders, configuration",
    mendsConfig: true,
    load: async () => (await import("./doctor.ts")).doctor,
  },
  {
    name: "completions",
    usage: "<shell>",
    describe: "Print the completions for bash, zsh, fish or PowerShell",
    load: async () => (await import("./completions.ts")).completions,
  },
];
