import { PaksError, isPaksError, systemErrorCode } from "@paks/schema";
import type { CommonArgs } from "./command.ts";
import { isDumbTerminal, readColor, readConfig } from "./config.ts";
import type { Context, IoFacts } from "./context.ts";
import { type Credentials, openCredentials } from "./credentials.ts";
import { openRepositories } from "./install/repositories.ts";
import type { Machine } from "./machine.ts";
import type { Printer } from "./output/printer.ts";
import { showProgress } from "./output/progress.ts";
import { openPrompts } from "./prompts.ts";
import type { Fetch } from "./network/fetch.ts";
import { type WhileWaiting, openWhileWaiting } from "./network/while-waiting.ts";
import { chooseRegistryFor, isConfigured } from "./registry-choice.ts";
import { type Registry, openRegistry } from "./registry.ts";
import { runtime } from "./runtime.ts";
import { answerCacheOf, openLazyStore } from "./store/open-lazily.ts";
import { version } from "./version.ts";
import { wait } from "./wait.ts";

/** What the common flags decide. */
export type ContextFlags = Partial<
  Pick<CommonArgs, "registry" | "offline" | "quiet" | "json" | "color" | "no-input" | "no-cache">
>;

/** @throws PaksError INVALID_PARAMETER, PROTOCOL_NOT_ALLOWED, CREDENTIALS_IN_URL for a wrong configuration */
export async function openContext(
  machine: Machine,
  flags: ContextFlags & { readonly brokenFile?: PaksError },
  printer: Printer,
): Promise<Context> {
  const { environment, platform, home } = machine;
  const { registry: flag, offline, "no-cache": noCache, brokenFile } = flags;
  const config = await readConfig({ environment, platform, home, registry: flag, offline, noCache, brokenFile });
  const quietHere = config.ci || config.agent !== undefined;
  const io = readIoFacts(machine, flags["no-input"] !== true && !quietHere);
  const { debug, note, warn } = printer;
  const credentials = openCredentials({ config, platform, uid: machine.uid, warn, debug });
  const dumb = isDumbTerminal(environment);
  const spinner = quietHere || flags.quiet === true || dumb ? undefined : machine.stderr;
  const fetch = machine.fetch ?? openLazyFetch(config);
  const whileWaiting = openWhileWaiting();
  const connect = (
    url: string,
    findToken: Credentials["findToken"],
    { loginHint = loginHintOf(config, url), refusedHint = refusedHintOf(config, url) }: Partial<TokenHints> = {},
  ): Registry =>
    openRegistryOf(machine, {
      config,
      url,
      findToken,
      loginHint,
      refusedHint,
      fetch,
      whileWaiting,
      debug,
      note,
      onVersion: url === config.registry.url ? (text) => void (registryVersion = text) : undefined,
    });
  let registryVersion: string | undefined;
  const clients = new Map<string, Registry>();
  const client = (url: string, trusted: boolean): Registry => {
    const key = `${trusted} ${url}`;
    const known =
      clients.get(key) ??
      (trusted ? connect(url, credentials.findToken) : connect(url, noToken, { loginHint: unnamed(url) }));
    clients.set(key, known);
    return known;
  };
  return {
    cwd: machine.cwd,
    home,
    platform,
    config,
    io,
    clock: machine.clock,
    fetch,
    signal: machine.signal,
    prompts: openPrompts({
      ...machine,
      interactive: io.interactive,
      plain: isPlain(flags, machine),
      dumb,
      tell: printer.ask,
    }),
    credentials,
    registry: (token) =>
      token === undefined
        ? client(config.registry.url, true)
        : connect(config.registry.url, async () => ({ token, source: "the command line" }), {
            refusedHint: typedToken,
          }),
    registryFor: (account, wish) => {
      const chosen = chooseRegistryFor(config, account, wish);
      if (config.registry.from === "flag" && chosen.url !== config.registry.url)
        warn(`the configuration maps ${account} to ${chosen.url}; --registry does not change that.`);
      return client(chosen.url, chosen.trusted);
    },
    registryAt: (url) => client(url, isConfigured(config, url)),
    repositories: openRepositories({ signal: machine.signal, debug }),
    store: openLazyStore({ config, clock: machine.clock, note: warn, debug }),
    progress: async (label, work) => await showProgress(spinner, label, work),
    warn: printer.warn,
    note: printer.note,
    debug: printer.debug,
    readInput: async () => await readInput(machine),
    whileWaiting: (load) => whileWaiting.add(load),
    end: async () => {
      if (registryVersion === undefined || flags.json === true || flags.quiet === true) return;
      const { noteUpdate } = await import("./update-notice.ts");
      await noteUpdate({ config, io, clock: machine.clock, note, debug }, registryVersion);
    },
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

const isPlain = ({ color = "auto" }: ContextFlags, { environment }: Machine): boolean =>
  (color === "auto" ? readColor(environment) : color) === "never";

/** `paks login` alone logs in to the registry of the configuration; what was said for one run is gone by then. */
const loginHintOf = ({ registry }: Context["config"], url: string): string =>
  url === registry.url && registry.from !== "flag" && registry.from !== "environment"
    ? "Run `paks login`, or set PAKS_TOKEN."
    : `Log in there: paks login --registry ${url}`;

interface TokenHints {
  readonly loginHint: string;
  readonly refusedHint: string | undefined;
}

/** A token of the environment goes before the one that a login keeps. */
function refusedHintOf({ environmentToken }: Context["config"], url: string): string | undefined {
  const { origin } = new URL(url);
  if (!environmentToken?.origins.includes(origin)) return undefined;
  return `${environmentToken.variable} holds a token that ${origin} does not accept: correct or unset it.`;
}

const typedToken = "Copy the token again from where the registry showed it, or have a new one made there.";

const unnamed = (url: string): string =>
  `Only a registry that you name yourself gets your token: paks registry add <name> ${url}, then paks login --registry <name>`;

const noToken = async (): Promise<undefined> => await Promise.resolve(undefined);

/** Most commands send nothing. */
function openLazyFetch({ network }: Context["config"]): Fetch {
  let opened: Promise<Fetch> | undefined;
  return async (url, init) => {
    opened ??= import("./network/open-fetch.ts").then(({ openFetch }) => openFetch(network));
    return await (
      await opened
    )(url, init);
  };
}

interface RegistryParts extends Pick<Context, "config" | "debug" | "note" | "fetch"> {
  readonly url: string;
  readonly findToken: Credentials["findToken"];
  readonly loginHint: string;
  readonly refusedHint: string | undefined;
  readonly whileWaiting: WhileWaiting;
  readonly onVersion: ((version: string) => void) | undefined;
}

function openRegistryOf(machine: Machine, { config, url, ...parts }: RegistryParts): Registry {
  return openRegistry({
    url,
    offline: config.offline,
    signal: machine.signal,
    clock: machine.clock,
    userAgent: `paks/${version} (${runtime}; ${machine.platform})`,
    ...parts,
    findToken: async (origin) => (await parts.findToken(origin))?.token,
    sleep: wait,
    authRequired: config.authRequired.includes(url),
    // Its answers are for those who are logged in.
    cache: config.authRequired.includes(url) ? undefined : answerCacheOf(config, url, parts.debug),
  });
}

const inputBytes = 1024 * 1024;

async function readInput({ stdin: openStdin, signal }: Machine): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  let stop = (): unknown => undefined;
  try {
    const stdin = openStdin();
    stop = () => stdin.destroy();
    signal.addEventListener("abort", stop, { once: true });
    for await (const chunk of stdin as AsyncIterable<Buffer | string>) {
      const bytes = Buffer.from(chunk);
      size += bytes.length;
      if (size > inputBytes) throw new PaksError("TOO_LARGE", "More than 1 MiB came in on stdin.");
      chunks.push(bytes);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw unreadableInput(error) ?? error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
  signal.throwIfAborted();
  return Buffer.concat(chunks).toString("utf8");
}

/** `undefined` for what the system has not said. */
function unreadableInput(error: unknown): PaksError | undefined {
  const code = systemErrorCode(error);
  if (code === undefined || isPaksError(error)) return undefined;
  const why = code === "EISDIR" ? ": it is a folder." : ` (${code}).`;
  return new PaksError("USAGE", `Nothing can be read from stdin${why}`, {
    hint: "Put a program before paks, as in `program | paks …`, or a file behind it: `paks … < file`.",
    cause: error,
  });
}
