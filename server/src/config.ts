import { resolve } from "node:path";
import { defaultRateLimits, parseTrustedProxies } from "@paks/api";
import { isWellFormedToken } from "@paks/db";
import { defaultGitPolicy, type GitPolicy, PaksError } from "@paks/schema";
import * as z from "zod/mini";

export type Environment = Readonly<Record<string, string | undefined>>;

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;

export interface ServerConfig {
  /** 0 = any free one. */
  readonly port: number;
  readonly host: string;
  /** Without one the embedded database in `dataDir` is used. */
  readonly databaseUrl: string | undefined;
  /** Absolute. Holds the embedded database, the objects and scratch space. */
  readonly dataDir: string;
  /** Origin that users type; undefined = the address that it listens on. */
  readonly publicUrl: string | undefined;
  readonly adminToken: string | undefined;
  readonly gitPolicy: GitPolicy;
  /** The few variables of the environment that git is started with. */
  readonly machine: Environment;
  readonly trustedProxies: readonly string[];
  readonly rateLimits: { readonly anonymous: number; readonly token: number };
  readonly logLevel: (typeof logLevels)[number];
  /** How long a silent worker keeps its job. */
  readonly leaseSeconds: number;
  /** Tests only. */
  readonly fault: { readonly point: string; readonly action: FaultAction } | undefined;
}

export const faultActions = ["kill", "stop", "throw"] as const;
export type FaultAction = (typeof faultActions)[number];

const wholeNumber = (maximum: number, minimum = 0) =>
  z.pipe(
    z
      .string()
      .check(
        z.refine(
          (text) => /^\d{1,9}$/.test(text) && Number(text) >= minimum && Number(text) <= maximum,
          `must be a whole number from ${minimum} to ${maximum}`,
        ),
      ),
    z.transform(Number),
  );

const isOrigin = (text: string, protocols: readonly string[]): boolean => {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return protocols.includes(url.protocol) && url.username === "" && url.search === "" && url.hash === "";
};

const words = z.pipe(
  z.string(),
  z.transform((text) => text.split(/[\s,]+/).filter((word) => word !== "")),
);

/** `*`, or host names and addresses, each with or without a port. */
const Hosts = z.pipe(
  words,
  z
    .array(z.string().check(z.regex(/^(?:\*|(?:[\w.-]{1,253}|\[[\da-fA-F:.]+\])(?::\d{1,5})?)$/, "is no host name")))
    .check(z.minLength(1, "names no host")),
);

const Flag = z.pipe(
  z.enum(["0", "1"], "must be 0 or 1"),
  z.transform((text) => text === "1"),
);

const AdminToken = z.string().check(
  z.regex(/^[\x21-\x7e]{20,256}$/, "must be 20 to 256 visible ASCII characters"),
  z.refine(
    (text) => !text.startsWith("paks_") || isWellFormedToken(text),
    "begins with paks_ but its checksum is wrong",
  ),
);

const Settings = z.object({
  PORT: z._default(wholeNumber(65_535), 8787),
  HOST: z._default(z.string().check(z.regex(/^[\w.:-]{1,255}$/, "must be a host name or address")), "127.0.0.1"),
  DATABASE_URL: z.optional(
    z.string().check(z.regex(/^postgres(?:ql)?:\/\//, "must begin with postgres:// or postgresql://")),
  ),
  PAKS_DATA_DIR: z._default(z.string(), ".paks-data"),
  PAKS_PUBLIC_URL: z.optional(
    z
      .string()
      .check(z.refine((text) => isOrigin(text, ["https:", "http:"]), "must be a URL such as https://paks.example.com")),
  ),
  PAKS_ADMIN_TOKEN: z.optional(AdminToken),
  PAKS_GIT_HOSTS: z.optional(Hosts),
  PAKS_GIT_PROTOCOLS: z.optional(words),
  PAKS_ALLOW_PRIVATE_GIT: z._default(Flag, false),
  PAKS_TRUSTED_PROXIES: z._default(words, []),
  PAKS_RATE_LIMIT_ANONYMOUS: z._default(wholeNumber(1_000_000), defaultRateLimits.anonymous),
  PAKS_RATE_LIMIT_TOKEN: z._default(wholeNumber(1_000_000), defaultRateLimits.token),
  PAKS_LOG_LEVEL: z._default(z.enum(logLevels, `must be one of ${logLevels.join(", ")}`), "info"),
  PAKS_LEASE_SECONDS: z._default(wholeNumber(3_600, 1), 120),
  PAKS_ENABLE_FAULTS: z._default(Flag, false),
  PAKS_FAULT: z.optional(
    z
      .string()
      .check(
        z.regex(new RegExp(`^[\\w.-]{1,64}:(?:${faultActions.join("|")})$`), "must be <point>:kill, :stop or :throw"),
      ),
  ),
});
type Settings = z.output<typeof Settings>;

const unusable = (problems: readonly string[]): PaksError =>
  new PaksError("INVALID_PARAMETER", `The settings are not usable: ${problems.join("; ")}.`, {
    hint: "They come from environment variables; see docs/self-hosting.md.",
    details: { problems: [...problems] },
  });

function readSettings(environment: Environment): Settings {
  // An empty variable is how shells and compose files say "not set".
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ""),
  );
  const parsed = z.safeParse(Settings, given);
  if (parsed.success) return parsed.data;
  throw unusable(parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`));
}

const knownProtocols = ["https", "http", "ssh", "file"];

function readGitPolicy(settings: Settings): GitPolicy {
  const protocols = settings.PAKS_GIT_PROTOCOLS ?? defaultGitPolicy.protocols;
  const strange = protocols.filter((protocol) => !knownProtocols.includes(protocol));
  if (strange.length > 0) throw unusable([`PAKS_GIT_PROTOCOLS does not know ${strange.join(", ")}`]);
  const hosts = (settings.PAKS_GIT_HOSTS ?? defaultGitPolicy.hosts).map((host) => host.toLowerCase());
  return { hosts, protocols, allowPrivate: settings.PAKS_ALLOW_PRIVATE_GIT };
}

function readFault({ PAKS_FAULT, PAKS_ENABLE_FAULTS }: Settings): ServerConfig["fault"] {
  if (PAKS_FAULT === undefined) return undefined;
  if (!PAKS_ENABLE_FAULTS) throw unusable(["PAKS_FAULT is for tests and needs PAKS_ENABLE_FAULTS=1"]);
  const [point = "", action] = PAKS_FAULT.split(":");
  return { point, action: action as FaultAction };
}

const pick = (environment: Environment, names: readonly string[]): Environment =>
  Object.fromEntries(names.flatMap((name) => (environment[name] === undefined ? [] : [[name, environment[name]]])));

/** Every problem at once. @throws PaksError INVALID_PARAMETER */
export function parseConfig(environment: Environment): ServerConfig {
  const settings = readSettings(environment);
  parseTrustedProxies(settings.PAKS_TRUSTED_PROXIES);
  return {
    port: settings.PORT,
    host: settings.HOST,
    databaseUrl: settings.DATABASE_URL,
    dataDir: resolve(settings.PAKS_DATA_DIR),
    publicUrl: settings.PAKS_PUBLIC_URL?.replace(/\/+$/, ""),
    adminToken: settings.PAKS_ADMIN_TOKEN,
    gitPolicy: readGitPolicy(settings),
    machine: pick(environment, ["PATH", "SystemRoot", "SSH_AUTH_SOCK"]),
    trustedProxies: settings.PAKS_TRUSTED_PROXIES,
    rateLimits: { anonymous: settings.PAKS_RATE_LIMIT_ANONYMOUS, token: settings.PAKS_RATE_LIMIT_TOKEN },
    logLevel: settings.PAKS_LOG_LEVEL,
    leaseSeconds: settings.PAKS_LEASE_SECONDS,
    fault: readFault(settings),
  };
}

/** The only place of the server that looks at the real environment. */
export const readConfig = (): ServerConfig => parseConfig(process.env);

/** Settings that take a wall away, in words for the log. */
export function listRisks({ gitPolicy, fault }: ServerConfig): string[] {
  const risks = [];
  if (gitPolicy.allowPrivate)
    risks.push("PAKS_ALLOW_PRIVATE_GIT=1: whoever may ask for indexing can reach private addresses");
  if (gitPolicy.hosts.includes("*")) risks.push("PAKS_GIT_HOSTS=*: any git host may be read");
  const open = gitPolicy.protocols.filter((protocol) => protocol !== "https");
  if (open.length > 0) risks.push(`PAKS_GIT_PROTOCOLS: repositories may also be read over ${open.join(", ")}`);
  if (fault) risks.push(`PAKS_FAULT: this process will ${fault.action} at ${fault.point}`);
  return risks;
}
