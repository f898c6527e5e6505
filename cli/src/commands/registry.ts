import { PaksError, parseAccountName } from "@paks/schema";
import { defineCommand } from "../command.ts";
import { type ConfigEdit, changeConfig } from "../config-edit.ts";
import type { ConfigFile } from "../config-file.ts";
import { readAccounts } from "../config-settings.ts";
import { type Config, defaultRegistryUrl } from "../config.ts";
import { safe } from "../output/safe-text.ts";
import { formatTable } from "../output/table.ts";
import { parseRegistryUrl } from "../registry-url.ts";
import { findUsedRegistry } from "../workspace/with-registry-wish.ts";

export const registryAdd = defineCommand({
  command: "registry add <name> <url>",
  describe: "Name a registry, and whose paks are looked up only there",
  examples: [
    ["paks registry add work https://r.example", "for --registry work"],
    ["paks registry add work https://r.example --account acme", "acme/… comes from there and nowhere else"],
    ["paks registry add mirror https://r.example --default", "for all other names"],
  ],
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", demandOption: true, describe: "What you call it" })
      .positional("url", { type: "string", demandOption: true, describe: "Its address" })
      .option("account", {
        type: "string",
        array: true,
        default: [] as string[],
        describe: "Accounts, a,b or repeated",
      })
      .option("default", { type: "boolean", default: false, describe: "Use it for all other names" }),
  run: async ({ name, url: text, account, default: isDefault }, context) => {
    const url = parseRegistryUrl(text);
    requireName(name);
    const accounts = account.flatMap((one) => one.split(",")).map((one) => parseAccountName(one.trim()));
    const { path } = await changeConfig(context, (file) => {
      requireFree(file, name, url);
      const known = file.registries?.[name]?.accounts ?? [];
      const all = [...new Set([...known, ...accounts])];
      readAccounts({ registries: { ...file.registries, [name]: { url, accounts: all } } });
      const edits: ConfigEdit[] = [{ path: ["registries", name, "url"], value: url }];
      if (all.length > 0) edits.push({ path: ["registries", name, "accounts"], value: all });
      if (isDefault) edits.push({ path: ["default_registry"], value: name });
      return edits;
    });
    return {
      data: { name, url, accounts, default: isDefault, file: path },
      text: [
        `✓ ${name} is ${safe(url)}`,
        ...(accounts.length > 0 ? [`  ${accounts.join(", ")}: looked up there and nowhere else`] : []),
        ...(isDefault ? ["  all other names: looked up there too"] : []),
        `  in ${safe(path)}`,
      ].join("\n"),
    };
  },
});

/** Nothing that could be taken for a URL, and nothing that needs quoting. */
function requireName(name: string): void {
  if (/^[A-Za-z0-9][\w-]{0,63}$/.test(name)) return;
  throw new PaksError("INVALID_NAME", `"${safe(name)}" cannot be the name of a registry.`, {
    hint: "Use letters, digits, - and _, for example: work",
  });
}

function requireFree(file: ConfigFile, name: string, url: string): void {
  const known =
    file.registries !== undefined && Object.hasOwn(file.registries, name) ? file.registries[name] : undefined;
  if (known === undefined || parseRegistryUrl(known.url) === url) return;
  throw new PaksError("ALREADY_EXISTS", `${name} is another registry already: ${known.url}.`, {
    hint: `Take another name, or first: paks registry remove ${name}`,
  });
}

export const registryRemove = defineCommand({
  command: "registry remove <name>",
  aliases: ["registry rm"],
  describe: "Forget a registry and its accounts; its token stays in the keychain",
  examples: [["paks registry remove work", "and `paks logout --registry URL` before it, for the token"]],
  builder: (yargs) => yargs.positional("name", { type: "string", demandOption: true, describe: "What you call it" }),
  run: async ({ name }, context) => {
    let wasDefault = false;
    const { path } = await changeConfig(context, (file) => {
      if (file.registries === undefined || !Object.hasOwn(file.registries, name)) throw unknown(name, file.registries);
      wasDefault = file.default_registry === name;
      const edits: ConfigEdit[] = [{ path: ["registries", name], value: undefined }];
      return wasDefault ? [...edits, { path: ["default_registry"], value: undefined }] : edits;
    });
    return {
      data: { name, was_default: wasDefault, file: path },
      text: `✓ ${name} is forgotten${wasDefault ? "; it was the default one" : ""}`,
    };
  },
});

function unknown(name: string, known: object | undefined): PaksError {
  const names = Object.keys(known ?? {});
  return new PaksError("NOT_FOUND", `No registry is called "${safe(name)}".`, {
    hint: names.length > 0 ? `There are ${names.join(", ")}.` : "None has a name yet; see `paks registry add --help`.",
  });
}

export const registryList = defineCommand({
  command: "registry list",
  aliases: ["registry ls"],
  describe: "Show the registries and which accounts are looked up where",
  examples: [["paks registry list --json", "for programs"]],
  builder: (yargs) => yargs,
  run: async (_args, context) => {
    const rows = listRegistries(context.config);
    const used = await findUsedRegistry(context);
    return {
      data: { registries: rows, used: { url: used.url, from: used.from } },
      text: [
        formatTable(
          ["", "NAME", "URL", "ACCOUNTS"],
          rows.map((row) => [row.default ? "✓" : "", row.name ?? "–", row.url, row.accounts.join(", ")]),
        ),
        ...(used.from === "config" || used.from === "default"
          ? []
          : ["", `Now used: ${safe(used.url)} (${used.from})`]),
      ].join("\n"),
    };
  },
});

interface RegistryRow {
  /** Null: it is only an address. */
  readonly name: string | null;
  readonly url: string;
  readonly accounts: readonly string[];
  readonly default: boolean;
}

function listRegistries({ registries, registryAccounts, defaultRegistry }: Config): RegistryRow[] {
  const named = Object.entries(registries).map(([name, url]) => ({
    name,
    url,
    accounts: registryAccounts[name] ?? [],
    default: name === defaultRegistry || url === defaultRegistry,
  }));
  if (named.some((row) => row.default)) return named;
  return [{ name: null, url: defaultRegistry ?? defaultRegistryUrl, accounts: [], default: true }, ...named];
}

export const registryDefault = defineCommand({
  command: "registry default [name]",
  describe: "Show or set the registry for all names that are not mapped to another",
  examples: [
    ["paks registry default", "show it"],
    ["paks registry default work", "set it"],
    ["paks registry default --unset", "the built-in one again"],
  ],
  builder: (yargs) =>
    yargs
      .positional("name", { type: "string", describe: "Its name or URL" })
      .option("unset", { type: "boolean", default: false, describe: "The built-in one again" }),
  run: async ({ name, unset }, context) => {
    const { config } = context;
    if (name === undefined && !unset) {
      const shown = listRegistries(config).find((row) => row.default)!;
      return { data: { name: shown.name, url: shown.url }, text: safe(shown.name ?? shown.url) };
    }
    if (name !== undefined && unset) throw new PaksError("USAGE", "Give a name or --unset, not both.");
    const value = name === undefined || Object.hasOwn(config.registries, name) ? name : readAddress(name, config);
    const { path } = await changeConfig(context, () => [{ path: ["default_registry"], value }]);
    const url = parseRegistryUrl(value === undefined ? defaultRegistryUrl : (config.registries[value] ?? value));
    const isName = value !== undefined && Object.hasOwn(config.registries, value);
    return {
      data: { name: isName ? value : null, url, file: path },
      text: `✓ The default registry is ${safe(value ?? url)}`,
    };
  },
});

function readAddress(text: string, { registries }: Config): string {
  if (/^https?:\/\//i.test(text)) return parseRegistryUrl(text);
  throw unknown(text, registries);
}
