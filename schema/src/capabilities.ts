import { type Declared, openDeclarations } from "./capability-manifests.ts";
import { findHosts } from "./capability-hosts.ts";
import { compareBytes } from "./digest.ts";
import type { ReleaseFile } from "./release-files.ts";

/** The kinds, in the order they are shown. */
export const capabilityKinds = ["tools", "hooks", "mcp_servers", "scripts", "executables", "hosts", "unread"] as const;
export type CapabilityKind = (typeof capabilityKinds)[number];

/**
 * What a pak can do on a machine, each list sorted and without doubles.
 * - `tools`: what `allowed-tools` lets an agent use without a question
 * - `hooks`: commands that a coding tool runs by itself, with their event or file
 * - `mcp_servers`: with the command or address
 * - `scripts`: files that are run as text, by `#!`, name ending or executable bit
 * - `executables`: programs and archives that hold some
 * - `hosts`: named in addresses, and in scripts also without a scheme; `(computed)` for one made at run time
 * - `unread`: files that may declare more and cannot be read here
 */
export type Capabilities = Readonly<Record<CapabilityKind, readonly string[]>>;

/** Reads bytes only; nothing is run. Linear in their size. Never throws for content. */
export function readCapabilities(files: Iterable<ReleaseFile>): Capabilities {
  const declared: Declared = { tools: new Set(), mcpServers: new Set(), hooks: new Set(), unread: new Set() };
  const declare = openDeclarations(declared);
  const scripts = new Set<string>();
  const executables = new Set<string>();
  const hosts = new Set<string>();
  for (const file of files) {
    const use = useOf(file);
    if (use === "executable") executables.add(file.path);
    if (use === "script") scripts.add(file.path);
    if (use === "executable" || use === "data") continue;
    const text = textOf(file.bytes);
    for (const host of findHosts(text, { script: use === "script" })) hosts.add(host);
    declare(file.path, text);
  }
  const { tools, mcpServers, hooks, unread } = declared;
  return sortAll({ tools, hooks, mcp_servers: mcpServers, scripts, executables, hosts, unread });
}

const sortAll = (sets: Readonly<Record<CapabilityKind, ReadonlySet<string>>>): Capabilities =>
  mapKinds((kind) => [...sets[kind]].sort(compareBytes));

const mapKinds = (list: (kind: CapabilityKind) => readonly string[]): Capabilities =>
  Object.fromEntries(capabilityKinds.map((kind) => [kind, list(kind)])) as unknown as Capabilities;

const scriptEnding =
  /\.(?:sh|bash|zsh|fish|ksh|csh|ps1|psm1|psd1|bat|cmd|vbs|vbe|wsf|hta|applescript|scpt|command|py|pyw|js|mjs|cjs|jsx|ts|mts|cts|tsx|rb|pl|pm|php|lua|tcl|r|jl|go|rs|java|kts?|groovy|swift|cs|awk|sed|mk|ipynb|service|plist|reg)$/i;
const scriptName = /^(?:makefile|gnumakefile|justfile|rakefile|dockerfile|containerfile|jenkinsfile|procfile)$/i;
const programEnding =
  /\.(?:exe|dll|so|dylib|bin|com|scr|msi|pkg|dmg|deb|rpm|apk|appimage|jar|war|class|pyc|pyo|pyd|whl|egg|gem|wasm|node|o|a|zip|tar|t?gz|t?xz|t?bz2|7z|rar|zst|iso|docm|xlsm|pptm)$/i;

type Use = "script" | "executable" | "text" | "data";

function useOf({ path, executable, bytes }: ReleaseFile): Use {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (isProgram(bytes) || programEnding.test(name)) return "executable";
  if (startsWith(bytes, "#!") || scriptEnding.test(name) || scriptName.test(name)) return "script";
  const binary = bytes.subarray(0, 8000).includes(0) && !isUtf16(bytes);
  if (executable) return binary ? "executable" : "script";
  return binary ? "data" : "text";
}

/** First bytes of ELF, Windows and DOS, Mach-O, Java and fat Mach-O, WebAssembly, zip, gzip, xz, 7z, Lua and ar files. */
const programStarts = [
  [0x7f, 0x45, 0x4c, 0x46],
  [0x4d, 0x5a],
  [0xfe, 0xed, 0xfa, 0xce],
  [0xfe, 0xed, 0xfa, 0xcf],
  [0xce, 0xfa, 0xed, 0xfe],
  [0xcf, 0xfa, 0xed, 0xfe],
  [0xca, 0xfe, 0xba, 0xbe],
  [0x00, 0x61, 0x73, 0x6d],
  [0x50, 0x4b, 0x03, 0x04],
  [0x1f, 0x8b],
  [0xfd, 0x37, 0x7a, 0x58, 0x5a],
  [0x37, 0x7a, 0xbc, 0xaf],
  [0x1b, 0x4c, 0x75, 0x61],
  [0x21, 0x3c, 0x61, 0x72, 0x63, 0x68, 0x3e],
] as const;

const isProgram = (bytes: Uint8Array): boolean =>
  programStarts.some((start) => start.every((byte, index) => bytes[index] === byte) && !isWord(bytes, start.length));

/** `MZ` begins words, too; a program has a byte that no text holds among its first ones. */
const isWord = (bytes: Uint8Array, length: number): boolean =>
  length === 2 && bytes[0] === 0x4d && !bytes.subarray(0, 64).includes(0);

const startsWith = (bytes: Uint8Array, text: string): boolean =>
  Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, text.length)).toString("latin1") === text;

const isUtf16 = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);

/** What cannot be decoded becomes a sign that no name holds; a NUL is left out, as a shell does. */
function textOf(bytes: Uint8Array): string {
  const encoding = isUtf16(bytes) ? (bytes[0] === 0xff ? "utf-16le" : "utf-16be") : "utf-8";
  return new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes).replaceAll("\0", "");
}

export interface CapabilityChange {
  readonly added: Capabilities;
  readonly removed: Capabilities;
  /** True when the later one can do more. */
  readonly grown: boolean;
}

/** What came and what went. `Bash(git:*)` is not new where `Bash` was allowed already. */
export function compareCapabilities(before: Capabilities, after: Capabilities): CapabilityChange {
  const added = mapKinds((kind) => {
    const known = new Set(before[kind]);
    const covered = (one: string) => kind === "tools" && known.has(one.replace(/\(.*$/s, ""));
    return after[kind].filter((one) => !known.has(one) && !covered(one));
  });
  const removed = mapKinds((kind) => {
    const known = new Set(after[kind]);
    return before[kind].filter((one) => !known.has(one));
  });
  return { added, removed, grown: capabilityKinds.some((kind) => added[kind].length > 0) };
}

/** The capabilities of nothing: what a pak's are compared with that was not there before. */
export const noCapabilities: Capabilities = mapKinds(() => []);
