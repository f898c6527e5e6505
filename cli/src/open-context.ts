import { setTimeout as delay } from "node:timers/promises";
import { PaksError } from "@paks/schema";
import type { CommonArgs } from "./command.ts";
import { readConfig } from "./config.ts";
import type { Context, IoFacts } from "./context.ts";
import { type Credentials, openCredentials } from "./credentials.ts";
import type { Machine } from "./machine.ts";
import type { Printer } from "./output/printer.ts";
import { showProgress } from "./output/progress.ts";
import { openPrompts } from "./prompts.ts";
import { type Registry, openRegistry } from "./registry.ts";
import { version } from "./version.ts";

/** What the common flags decide. */
export type ContextFlags = Partial<Pick<CommonArgs, "registry" | "offline" | "quiet" | "no-input">>;

/** @throws PaksError INVALID_PARAMETER, PROTOCOL_NOT_ALLOWED, CREDENTIALS_IN_URL for a wrong configuration */
export async function openContext(machine: Machine, flags: ContextFlags, printer: Printer): Promise<Context> {
  const { environment, platform, home } = machine;
  const config = await readConfig({ environment, platform, home, registry: flags.registry, offline: flags.offline });
  const quietHere = config.ci || config.agent !== undefined;
  const io = readIoFacts(machine, flags["no-input"] !== true && !quietHere);
  const credentials = openCredentials({ config, platform, uid: machine.uid, warn: printer.warn });
  const spinner = quietHere || flags.quiet === true ? undefined : machine.stderr;
  const connect = (findToken: Credentials["findToken"]): Registry =>
    openRegistryOf(machine, { config, findToken, debug: printer.debug });
  let registry: Registry | undefined;
  return {
    cwd: machine.cwd,
    home,
    platform,
    config,
    io,
    clock: machine.clock,
    fetch: machine.fetch,
    signal: machine.signal,
    prompts: openPrompts({ ...machine, interactive: io.interactive }),
    credentials,
    registry: (token) =>
      token === undefined
        ? (registry ??= connect(credentials.findToken))
        : connect(async () => ({ token, source: "the command line" })),
    progress: async (label, work) => await showProgress(spinner, label, work),
    warn: printer.warn,
    note: printer.note,
    debug: printer.debug,
    readInput: async () => await readInput(machine),
  };
}

function readIoFacts({ stdinIsTty, stdout, stderr }: Machine, mayAsk: boolean): IoFacts {
  const stderrIsTty = stderr.isTTY === true;
  return {
    stdinIsTty,
    stdoutIsTty: stdout.isTTY === true,
    stderrIsTty,
    interactive: stdinIsTty && stderrIsTty && mayAsk,
    columns: stdout.columns ?? 80,
  };
}

interface RegistryParts extends Pick<Context, "config" | "debug"> {
  readonly findToken: Credentials["findToken"];
}

function openRegistryOf(machine: Machine, { config, findToken, debug }: RegistryParts): Registry {
  return openRegistry({
    url: config.registry.url,
    offline: config.offline,
    fetch: machine.fetch,
    signal: machine.signal,
    clock: machine.clock,
    userAgent: `paks/${version} (node ${process.versions.node}; ${machine.platform})`,
    findToken: async (origin) => (await findToken(origin))?.token,
    sleep,
    debug,
  });
}

/** Rejects with the signal's own reason, so that Ctrl-C stays Ctrl-C. */
async function sleep(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(milliseconds, undefined, { signal });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

const inputBytes = 1024 * 1024;

async function readInput({ stdin: openStdin, signal }: Machine): Promise<string> {
  const stdin = openStdin();
  const chunks: Buffer[] = [];
  let size = 0;
  const stop = () => stdin.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > inputBytes) throw new PaksError("TOO_LARGE", "More than 1 MiB came in on stdin.");
      chunks.push(bytes);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks).toString("utf8");
}
