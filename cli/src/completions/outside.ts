import type { Config } from "../config.ts";
import type { Fetch } from "../network/fetch.ts";

/** What completing may look at. */
export interface Outside {
  /** Absolute. */
  readonly cwd: string;
  readonly home: string;
  readonly clock: () => Date;
  /** Read when something needs it; `undefined` when it is broken. */
  readonly config: () => Promise<Config | undefined>;
  /** Absent: the network as the configuration describes it. */
  readonly fetch?: Fetch | undefined;
}
