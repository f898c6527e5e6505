import type {
  AttemptDto,
  CreatedTokenDto,
  CreateTokenRequest,
  FileDto,
  HealthDto,
  IndexDryRunDto,
  IndexDryRunRequest,
  IndexRequest,
  Limits,
  ListMeta,
  MeDto,
  PakDto,
  PakId,
  PakRef,
  PakSummaryDto,
  ReleaseDto,
  SortOrder,
  TokenDto,
  VerifyDto,
  VersionDto,
} from "@paks/schema";
import { PaksError, defaultLimits, isPaksError, maxArchiveBytes } from "@paks/schema";
import type * as z from "zod/mini";
import type { answers } from "./registry-answers.ts";
import { type Call, type HttpDeps, openHttp, readJson } from "./registry-http.ts";
import type { Told } from "./registry-many.ts";
import { type FollowOptions, follow } from "./registry-follow.ts";
import { shortly } from "./registry-pace.ts";
import { pakPath, releasePath, versionsPath } from "./registry-paths.ts";
import type { Answered, FollowTagsOptions, TagsDeps, TagToTell } from "./registry-tags.ts";

export interface SearchQuery {
  readonly q?: string | undefined;
  readonly kind?: string | undefined;
  readonly category?: string | undefined;
  readonly keyword?: string | undefined;
  readonly account?: string | undefined;
  readonly sort?: SortOrder | undefined;
  readonly limit?: number | undefined;
  readonly page?: number | undefined;
}

/**
 * The registry's HTTP API, typed. Every function throws PaksError with the code the registry gave, or
 * REGISTRY_UNAVAILABLE after three retries, OFFLINE, AUTH_REQUIRED, INVALID_TOKEN.
 */
export interface Registry {
  readonly url: string;
  /** Asks the registry to look at a tag. Safe to repeat: the same request gives the same attempt. */
  requestIndex(request: IndexRequest): Promise<AttemptDto>;
  /** Asks for the dry run of a tag's ingest, with the token's rights when there is one. Safe to repeat. */
  askWhyNot(request: IndexRequest): Promise<AttemptDto>;
  findAttempt(id: string): Promise<AttemptDto | undefined>;
  /** Waits until the attempt has ended (`indexed`, `releasable`, `rejected`, `failed`) or the time is over. */
  followAttempt(id: string, options?: FollowOptions): Promise<AttemptDto>;
  /** As `requestIndex` for several tags of one repository, with few requests; answers in their order. */
  tellTags(repository: string, tags: readonly TagToTell[]): Promise<readonly Answered[]>;
  /** As `followAttempt` for all that `tellTags` has answered. */
  followTags(told: readonly Answered[], options?: FollowTagsOptions): Promise<readonly Answered[]>;
  /** What is asked at once, for many releases, is few requests. */
  dryRunIndex(request: IndexDryRunRequest): Promise<IndexDryRunDto>;
  /** Of a pak, or of a repository (its URL); newest first. */
  listAttempts(of: PakId | { readonly repository: string }): Promise<AttemptDto[]>;
  findPak(id: PakId): Promise<PakDto | undefined>;
  /** Newest first; empty when there is no such pak. */
  listVersions(id: PakId): Promise<VersionDto[]>;
  /**
   * Many paks with few requests; what is missing from the result has to be asked for one by one.
   * @param options.evenKept also what is kept here and young enough
   */
  lookUp(refs: readonly PakRef[], options?: { readonly evenKept: boolean }): Promise<readonly Told[]>;
  /**
   * `selector`: a version, a range or a channel. `onFirstAsked`: no answer of before was kept, and the request is on its
   * way; true: it sent another one.
   */
  findRelease(id: PakId, selector: string, onFirstAsked?: () => boolean): Promise<ReleaseDto | undefined>;
  listFiles(release: PakId & { readonly version: string }): Promise<FileDto[]>;
  /** The archive's bytes, not yet checked. Counts a download. @throws PaksError TOO_LARGE */
  fetchArchive(
    release: PakId & {
      readonly version: string;
      readonly archive_bytes?: number;
      readonly archive_sha256?: string | undefined;
    },
    limits?: Limits,
  ): Promise<Uint8Array>;
  search(query: SearchQuery): Promise<{ readonly items: PakSummaryDto[]; readonly meta: ListMeta }>;
  health(): Promise<HealthDto>;
  /** Account, scopes and expiry of the token in use. */
  me(): Promise<MeDto>;
  verify(): Promise<VerifyDto>;
  /** Makes the token in use worthless everywhere. */
  revoke(): Promise<void>;
  listTokens(): Promise<TokenDto[]>;
  createToken(request: z.input<typeof CreateTokenRequest>): Promise<CreatedTokenDto>;
  deleteToken(id: string): Promise<void>;
}

/** A registry's client. Makes no request until one is asked for. */
export function openRegistry(deps: HttpDeps): Registry {
  const http = openHttp(deps);
  const ask: Ask = async (shape, call) => {
    deps.whileWaiting?.add(loadAnswers);
    return await parseAnswer(shape, readJson(await http(call)));
  };
  const known = { unsupported: false };
  return {
    url: deps.url,
    lookUp: async (refs, options = { evenKept: false }) => {
      if (refs.length < 2 || deps.offline) return [];
      const { askForMany } = await import("./registry-many.ts");
      const askMany = async (path: string) => {
        deps.whileWaiting?.add(loadAnswers);
        const answer = await http(read(path));
        const { data } = await parseAnswer("many", readJson(answer));
        return { paks: data, isPublic: answer.authorized !== true };
      };
      return await askForMany({ ...deps, known, ask: askMany }, refs, options);
    },
    ...indexCalls(ask, deps),
    ...readCalls(ask),
    ...tokenCalls(ask),
    fetchArchive: async (release, limits = defaultLimits) => {
      const maxBytes = maxArchiveBytes(limits);
      if ((release.archive_bytes ?? 0) > maxBytes) {
        throw new PaksError("TOO_LARGE", `The archive is larger than ${maxBytes} bytes.`);
      }
      const path = `${releasePath(release, release.version)}/archive`;
      const more = { maxBytes, totalMilliseconds: 120_000, headers: { accept: "*/*" }, counted: false };
      const answer = await http({ ...read(path), ...more });
      return answer.bytes;
    },
    revoke: async () =>
      void (await http({ method: "POST", path: "/api/auth/revoke", auth: "required", repeatable: false })),
    deleteToken: async (id) =>
      void (await http({ method: "DELETE", path: `/api/tokens/${encodeURIComponent(id)}`, auth: "required" })),
  };
}

type Answers = typeof answers;
type Ask = <K extends keyof Answers>(shape: K, call: Call) => Promise<z.infer<Answers[K]>>;

const read = (path: string): Call => ({ method: "GET", path, auth: "none" });
const readKept = (path: string): Call => ({ ...read(path), cached: true });
/** The registry's limit does not count exact versions, nor what they hold. */
const isCounted = (selector: string): boolean => !/^\d+\.\d+\.\d+(?:[-+][\w.+-]+)?$/.test(selector);
const authorized = (path: string): Call => ({ method: "GET", path, auth: "required" });

const loadAnswers = async () => await import("./registry-answers.ts");

async function parseAnswer<K extends keyof Answers>(shape: K, value: unknown): Promise<z.infer<Answers[K]>> {
  const { answers } = await loadAnswers();
  const result = answers[shape].safeParse(value);
  if (result.success) return result.data as z.infer<Answers[K]>;
  const where = result.error.issues[0]?.path.map(String).join(".");
  throw new PaksError(
    "REGISTRY_UNAVAILABLE",
    `The registry's answer is not what paks expects (${where || "its shape"}).`,
    {
      hint: "Update paks, or check that the address is a paks registry.",
      cause: result.error,
    },
  );
}

/** The value, or `undefined` when the registry says that there is no such thing. */
async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (missing.some((code) => isPaksError(error, code))) return undefined;
    throw error;
  }
}
const missing = ["PAK_NOT_FOUND", "VERSION_NOT_FOUND", "NOT_FOUND"] as const;

const loadTags = async () => await import("./registry-tags.ts");

type IndexCalls = Pick<
  Registry,
  | "requestIndex"
  | "askWhyNot"
  | "findAttempt"
  | "followAttempt"
  | "tellTags"
  | "followTags"
  | "dryRunIndex"
  | "listAttempts"
>;

function indexCalls(ask: Ask, deps: HttpDeps): IndexCalls {
  const fetchAttempt = async (id: string): Promise<AttemptDto> =>
    (await ask("attempt", { ...read(`/api/attempts/${encodeURIComponent(id)}`), auth: "known" })).data;
  const tell = (body: unknown): Call => {
    // One key for all retries of this call: a lost answer must not make a second attempt.
    const headers = { "idempotency-key": globalThis.crypto.randomUUID() };
    return { method: "POST", path: "/api/index", body, headers, auth: "required", isChange: true };
  };
  const judge = (body: unknown): Call => ({ method: "POST", path: "/api/index?dry_run=true", body, auth: "required" });
  let dryRuns: IndexCalls["dryRunIndex"] | undefined;
  const requestIndex = async (body: IndexRequest) => (await ask("attempt", tell(body))).data;
  const tags: TagsDeps = {
    ...deps,
    known: { unsupported: false },
    tellOne: requestIndex,
    tellMany: async (repository, all) => (await ask("indexedTags", tell({ repository, tags: all }))).data,
    findOne: fetchAttempt,
    findMany: async (ids) =>
      (await ask("attempts", { ...read(`/api/attempts?ids=${ids.join(",")}`), auth: "known" })).data,
  };
  return {
    requestIndex,
    tellTags: async (repository, all) => await (await loadTags()).tellTags(tags, repository, all),
    followTags: async (told, options) => await (await loadTags()).followTags(tags, told, options),
    askWhyNot: async (body) =>
      (await ask("attempt", { method: "POST", path: "/api/why-not", body, auth: "optional" })).data,
    dryRunIndex: async (body) => {
      const { openDryRuns } = await import("./registry-dry-runs.ts");
      dryRuns ??= openDryRuns({
        ...deps,
        askOne: async (one) => (await ask("dryRun", judge(one))).data,
        askMany: async (releases) => (await ask("dryRuns", judge({ releases }))).data,
      });
      return await dryRuns(body);
    },
    findAttempt: async (id) => await unlessMissing(fetchAttempt(id)),
    followAttempt: async (id, options) => await follow(deps, () => fetchAttempt(id), options),
    listAttempts: async (of) => {
      const path =
        "repository" in of
          ? `/api/attempts?${new URLSearchParams({ repository: of.repository }).toString()}`
          : `${pakPath(of)}/attempts`;
      return (await ask("attempts", { ...read(path), auth: "required" })).data;
    },
  };
}

type ReadCalls = Pick<Registry, "findPak" | "listVersions" | "findRelease" | "listFiles" | "search" | "health">;

function readCalls(ask: Ask): ReadCalls {
  return {
    findPak: async (id) => (await unlessMissing(ask("pak", readKept(pakPath(id)))))?.data,
    listVersions: async (id) => (await unlessMissing(ask("versions", readKept(versionsPath(id)))))?.data ?? [],
    findRelease: async (id, selector, onFirstAsked) =>
      (
        await unlessMissing(
          ask("release", {
            ...readKept(releasePath(id, selector)),
            counted: isCounted(selector),
            onFirstAsked,
          }),
        )
      )?.data,
    listFiles: async (release) =>
      (
        await ask("files", {
          ...readKept(`${releasePath(release, release.version)}/files`),
          counted: false,
        })
      ).data,
    search: async (query) => {
      const given = Object.entries(query).filter(([, value]) => value !== undefined);
      const parameters = new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]));
      const answer = await ask("found", read(`/api/paks?${parameters.toString()}`));
      return { items: answer.data, meta: answer.meta };
    },
    health: async () => (await ask("health", { ...read("/healthz"), totalMilliseconds: shortly })).data,
  };
}

type TokenCalls = Pick<Registry, "me" | "verify" | "listTokens" | "createToken">;

function tokenCalls(ask: Ask): TokenCalls {
  return {
    me: async () => (await ask("me", authorized("/api/auth/me"))).data,
    verify: async () => (await ask("verified", authorized("/api/auth/verify"))).data,
    listTokens: async () => (await ask("tokens", authorized("/api/tokens"))).data,
    // Not repeated: when the answer is lost a second call would leave a token behind that nobody knows.
    createToken: async (body) =>
      (
        await ask("createdToken", {
          method: "POST",
          path: "/api/tokens",
          body,
          auth: "required",
          repeatable: false,
        })
      ).data,
  };
}
