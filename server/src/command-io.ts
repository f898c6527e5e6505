import type { ServerConfig } from "./config.ts";
import type { Log } from "./log.ts";

/** What a command sees of the process. */
export interface CommandIo {
  /** One line on stdout. */
  readonly print: (text: string) => void;
  /** One line on stderr. */
  readonly printError: (text: string) => void;
  /** @throws PaksError INVALID_PARAMETER */
  readonly readConfig: () => ServerConfig;
  readonly openLog: (level: ServerConfig["logLevel"]) => Log;
}
