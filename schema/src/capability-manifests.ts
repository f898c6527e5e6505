import { PaksError } from "./errors.ts";
import { parseFrontmatter } from "./frontmatter.ts";
import { splitTools } from "./kinds/skill-fields.ts";
import { defaultLimits } from "./limits.ts";
import { parseYamlMap } from "./safe-yaml.ts";

/** What files declare in so many words: tools that need no question, servers, commands that run by themselves. */
export interface Declared {
  readonly tools: Set<string>;
  readonly mcpServers: Set<string>;
  readonly hooks: Set<string>;
  /** Files that a coding tool would read and this reader cannot. */
  readonly unread: Set<string>;
}

/** Each may take 40 ms when its author wants it to. */
const maxYamls = 200;
const maxCommandLength = 300;

/** Reads declarations out of one file after the other. */
export function openDeclarations(found: Declared): (path: string, text: string) => void {
  let yamls = 0;
  return (path, text) => {
    const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
    if (name.endsWith(".json") || name.endsWith(".jsonc")) readJson(path, text, found);
    else if (name.endsWith(".toml")) readToml(text, found);
    const isMarkdown = /\.(?:md|mdc|mdx|markdown)$/.test(name);
    if (isMarkdown) readCommandsInText(path, text, found);
    const isYaml = /\.ya?ml$/.test(name) && declaring.test(text);
    if (!isYaml && !(isMarkdown && /^\uFEFF?---/.test(text))) return;
    yamls += 1;
    if (yamls > maxYamls) found.unread.add(path);
    else
      readYaml(path, found, () => (isYaml ? parseYamlMap(text) : parseFrontmatter(text, { path, lenient: true })).data);
  };
}

/** Words without which a file declares nothing. */
const declaring = /mcp|hooks|permissions|allowed|tools/i;

function readYaml(path: string, found: Declared, read: () => Values): void {
  try {
    readDeclarations(path, read(), found);
  } catch (error) {
    if (!(error instanceof PaksError)) throw error;
    found.unread.add(path);
  }
}

/** Names of files whose JSON says what a tool may do. Others are looked at, and passed over when they are no JSON. */
const configFile = /^(?:\.?mcp|hooks|settings(?:\.local)?|plugin|pack|agent|template|package)\.jsonc?$/i;

function readJson(path: string, text: string, found: Declared): void {
  if (!declaring.test(text)) return;
  const value = text.length <= defaultLimits.fileBytes ? parse(text.replace(/^\uFEFF/, "")) : undefined;
  if (isMap(value)) readDeclarations(path, value, found);
  else if (value === undefined && (configFile.test(path.slice(path.lastIndexOf("/") + 1)) || path.endsWith(".jsonc")))
    found.unread.add(path);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** `[mcp_servers.name]`, as one coding tool's configuration has it. */
function readToml(text: string, found: Declared): void {
  for (const [, name] of text.matchAll(/^[ \t]*\[mcp_servers\.([^\]\n]{1,100})\]/gm)) found.mcpServers.add(name!);
}

/** `` !`command` `` and ```` ```! ```` blocks: one coding tool runs them whenever it loads the text. */
function readCommandsInText(path: string, text: string, found: Declared): void {
  for (let at = text.indexOf("!`"); at >= 0; at = text.indexOf("!`", at + 2)) {
    const before = text[at - 1] ?? "\n";
    const rest = text.slice(at + 2, at + 2 + 4 * maxCommandLength);
    const [command] = rest.split(/[`\n]/, 1);
    if (/[\s>*-]/.test(before) && command !== "" && rest[command!.length] !== "\n")
      found.hooks.add(`${path}: ${shorten(command!)}`);
  }
  for (const match of text.matchAll(/^[ \t]{0,3}(?:```|~~~)!([^\n]*)\n([^\n]*)/gm))
    found.hooks.add(`${path}: ${shorten(match[2]!)}`);
}

type Values = Readonly<Record<string, unknown>>;
const isMap = (value: unknown): value is Values => typeof value === "object" && value !== null && !Array.isArray(value);
const own = (map: Values, key: string): unknown => (Object.hasOwn(map, key) ? map[key] : undefined);
const shorten = (text: string): string =>
  text.length > maxCommandLength ? `${text.slice(0, maxCommandLength)}…` : text;

function readDeclarations(path: string, data: Values, found: Declared): void {
  for (const key of ["allowed-tools", "allowedTools"]) addTools(own(data, key), found.tools);
  // In an agent's front matter `tools` is what it may use; in other JSON files it is anything.
  if (path.endsWith(".md")) addTools(own(data, "tools"), found.tools);
  const permissions = own(data, "permissions");
  if (isMap(permissions)) addTools(own(permissions, "allow"), found.tools);
  for (const key of ["mcpServers", "mcp_servers", "mcp-servers", "mcp"]) addServers(own(data, key), found.mcpServers);
  if (/(?:^|\/)\.?mcp\.jsonc?$/i.test(path)) addServers(own(data, "servers"), found.mcpServers);
  addHooks(own(data, "hooks"), found.hooks);
}

function addTools(value: unknown, tools: Set<string>): void {
  const texts = Array.isArray(value) ? value : typeof value === "string" ? splitTools(value) : [];
  for (const tool of texts) if (typeof tool === "string" && tool.trim() !== "") tools.add(shorten(tool.trim()));
}

/** With what is started or called: another command behind the same name is another server. */
function addServers(value: unknown, servers: Set<string>): void {
  if (Array.isArray(value)) {
    for (const one of value) {
      if (typeof one === "string") servers.add(shorten(one));
      else if (isMap(one)) for (const [name, server] of Object.entries(one)) servers.add(serverText(name, server));
    }
  }
  if (isMap(value)) for (const [name, server] of Object.entries(value)) servers.add(serverText(name, server));
}

function serverText(name: string, server: unknown): string {
  if (!isMap(server)) return shorten(typeof server === "string" ? `${name}: ${server}` : name);
  const { command, args, url, serverUrl, httpUrl } = server;
  const words = [command, ...(Array.isArray(args) ? args.slice(0, 20) : []), url, serverUrl, httpUrl];
  const text = words
    .flatMap((part) => (Array.isArray(part) ? part : [part]))
    .filter((part) => typeof part === "string");
  return shorten(text.length === 0 ? name : `${name}: ${text.join(" ")}`);
}

/** `event: command` for every text under a key that holds what is run, however deep a tool nests its matchers. */
function addHooks(value: unknown, hooks: Set<string>): void {
  if (typeof value === "string") hooks.add(shorten(value));
  if (!isMap(value)) return;
  for (const [event, below] of Object.entries(value)) {
    const open: unknown[] = [below];
    let any = false;
    while (open.length > 0) {
      const next = open.pop();
      if (typeof next === "string") continue;
      if (Array.isArray(next)) for (const one of next) open.push(one);
      else if (isMap(next)) {
        for (const [key, one] of Object.entries(next)) {
          if (typeof one !== "string") open.push(one);
          else if (hookKeys.has(key)) {
            hooks.add(`${event}: ${shorten(one)}`);
            any = true;
          }
        }
      }
    }
    if (!any) hooks.add(typeof below === "string" ? `${event}: ${shorten(below)}` : event);
  }
}

const hookKeys = new Set(["command", "bash", "powershell", "url", "prompt", "run", "script"]);
