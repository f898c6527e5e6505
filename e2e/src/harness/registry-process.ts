import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { executables } from "./executables.ts";

export interface RegistryProcess {
  readonly url: string;
  readonly dataDir: string;
  readonly pid: number;
  /** Everything it has printed so far. */
  output(): string;
  kill(signal: NodeJS.Signals): Promise<void>;
  stop(): Promise<void>;
}

export interface RegistryProcessOptions {
  readonly dataDir: string;
  readonly port?: number | undefined;
  readonly env: Readonly<Record<string, string>>;
  /** Role of `paks-registry`; `all` when absent. */
  readonly role?: string;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

const startTimeout = 30_000;

async function untilHealthy(url: string, child: ChildProcess, output: () => string): Promise<void> {
  const deadline = Date.now() + startTimeout;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`paks-registry ended with ${child.exitCode ?? child.signalCode}:\n${output()}`);
    const answer = await fetch(`${url}/healthz`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`paks-registry did not answer in ${startTimeout} ms:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Starts the real executable and waits for its first answer. */
export async function startRegistryProcess(options: RegistryProcessOptions): Promise<RegistryProcess> {
  const port = options.port ?? (await freePort());
  const child = spawn(process.execPath, [executables.registry, options.role ?? "all"], {
    env: { ...options.env, PORT: String(port), HOST: "127.0.0.1", PAKS_DATA_DIR: options.dataDir },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const keep = (chunk: Buffer) => (text = (text + chunk.toString("utf8")).slice(-200_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  await untilHealthy(url, child, () => text);

  const kill = async (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    await exited;
  };
  return { url, dataDir: options.dataDir, pid: child.pid!, output: () => text, kill, stop: () => kill("SIGTERM") };
}
