import type { Db } from "@paks/db";
import type { Objects } from "@paks/objects";
import type { GitPolicy, Limits } from "@paks/schema";
import type { Hono } from "hono";
import type { Caller } from "./caller.ts";

/** One thing that happened; becomes one line of the log. Never holds a token, a signature or a request's body. */
export type LogEvent = Readonly<Record<string, unknown>>;

export interface ApiDeps {
  readonly db: Db;
  readonly objects: Objects;
  /** Origin that users type, without a slash at the end. */
  readonly publicUrl: string;
  readonly gitPolicy: GitPolicy;
  readonly limits: Limits;
  readonly version: string;
  readonly clock?: () => Date;
  readonly log: (event: LogEvent) => void;
  /** Requests per minute; 0 = no limit. */
  readonly rateLimits?: { readonly anonymous: number; readonly token: number };
  /** Addresses and CIDR ranges whose `X-Forwarded-For` is believed. */
  readonly trustedProxies?: readonly string[];
  /** Told after a hint was written: a worker in the same process need not wait for its next poll. */
  readonly onEnqueue?: () => void;
  /** Told of work that no answer waits for; it never rejects. Whoever closes the database waits for it first. */
  readonly onBackground?: (task: Promise<void>) => void;
}

export interface AppEnv {
  Bindings: {
    /** Set by tests and by whoever has the socket at hand. */
    readonly remoteAddress?: string | undefined;
    /** Set by @hono/node-server. */
    readonly incoming?: { readonly socket: { readonly remoteAddress?: string | undefined } } | undefined;
  };
  Variables: {
    requestId: string;
    /** The client's address as far as it can be trusted. */
    address: string;
    /** Looks at the token once per request, and only if somebody asks. */
    caller: () => Promise<Caller>;
  };
}

export type App = Hono<AppEnv>;
