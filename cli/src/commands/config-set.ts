import { listTargets } from "@paks/targets";
import { defineCommand } from "../command.ts";
import { PaksError } from "@paks/schema";
import { type ConfigEdit, type ConfigValue, setConfig } from "../config-edit.ts";
import type { ConfigFile } from "../config-file.ts";
import { type FoundKey, parseConfigKey, parseConfigValue } from "../config-keys.ts";
import { readAccounts, readCacheFolder, readCacheSettings, readNetworkSettings } from "../config-settings.ts";
import type { Context } from "../context.ts";
import { requireTarget } from "../install/scope.ts";
import { findProxy } from "../network/proxy.ts";
import { readTrust } from "../network/trust.ts";
import { safe } from "../output/safe-text.ts";
import { formatConfigValue, hidePassword } from "../read-config-table.ts";
import { parseRegistryUrl } from "../registry-url.ts";

export const configSet = defineCommand({
  command: "config set <key> <value>",
  describe: "Set one value; comments and everything else stay as they are",
  examples: [
    ["paks config set offline true", "never ask the registry"],
    ["paks config set registries.acme.url https://paks.acme.example", "name a registry"],
    ["paks config set default_agents claude-code,cursor", "a list"],
  ],
  builder: (yargs) =>
    yargs
      .positional("key", { type: "string", demandOption: true, describe: 'See "paks config list --all"' })
      .positional("value", { type: "string", demandOption: true, describe: "Lists with commas" }),
  run: async (args, context) => {
    const key = parseConfigKey(args.key);
    const value = parseConfigValue(key, args.value);
    await requireUsable(context, key, value);
    const { path, changed } = await change(context, { path: key.path, value });
    const shown = hidePassword(key.key, value);
    const text = `✓ ${args.key} ${changed ? "is now" : "was already"} ${formatConfigValue(shown)}, in ${path}`;
    return { data: { key: args.key, value: shown, changed, file: path }, text: safe(text) };
  },
});

export const configUnset = defineCommand({
  command: "config unset <key>",
  describe: "Remove one value; the default is used again",
  examples: [["paks config unset offline", ""]],
  builder: (yargs) => yargs.positional("key", { type: "string", demandOption: true, describe: "For example offline" }),
  run: async (args, context) => {
    const { path, changed } = await change(context, { path: parseConfigKey(args.key).path, value: undefined });
    const text = `✓ ${args.key} ${changed ? "removed from" : "is not in"} ${path}`;
    return { data: { key: args.key, changed, file: path }, text: safe(text) };
  },
});

/** What can be seen without the rest of the file. @throws PaksError INVALID_PARAMETER */
async function requireUsable(context: Context, { key, path }: FoundKey, value: ConfigValue): Promise<void> {
  const text = String(value);
  const { config } = context;
  if (key === "proxy") findProxy(new URL("https://registry.example"), { proxy: text, noProxy: undefined });
  if (key === "ca_file") {
    await readTrust(readNetworkSettings({ ca_file: text }, () => undefined, config.folders.config));
  }
  const [table, name = "", last] = path;
  const isKnown = Object.hasOwn(config.registries, name) || config.brokenFile !== undefined;
  if (table !== "registries" || last === "url" || isKnown) return;
  throw new PaksError("INVALID_PARAMETER", `The configuration knows no registry "${name}".`, {
    hint: `Give it an address first: paks registry add ${name} <url>`,
  });
}

const change = (context: Context, edit: ConfigEdit) =>
  setConfig(context, edit, (file) => {
    requireMeaning(file, edit, context);
  });

/** What the file's shape does not say: a value that every later command would refuse is refused here. */
function requireMeaning(file: ConfigFile, edit: ConfigEdit, context: Context): void {
  const touched = edit.path[0]!;
  const own = Object.fromEntries(Object.keys(file.agents ?? {}).map((id) => [id, {}]));
  const agents = [...(file.default_agents ?? []), ...(file.default_agent === undefined ? [] : [file.default_agent])];
  // A wrong id that was there before is no reason to refuse another key.
  if (/^(default_)?agents?$/.test(touched)) for (const id of agents) requireTarget(id, listTargets(own));
  for (const { url } of Object.values(file.registries ?? {})) parseRegistryUrl(url);
  const named = file.default_registry;
  if (named !== undefined && !Object.hasOwn(file.registries ?? {}, named)) parseRegistryUrl(named);
  readCacheSettings(file, true);
  readCacheFolder(file, () => undefined, context.home);
  readAccounts(file);
}
