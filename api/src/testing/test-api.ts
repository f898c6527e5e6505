import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findAccount, insertRelease, insertToken } from "@paks/db";
import { testDb } from "@paks/db/testing";
import { openDirectoryObjects } from "@paks/objects";
import {
  defaultLimits,
  describeFiles,
  type GitPolicy,
  makeArchive,
  type Manifest,
  parseRepositoryUrl,
  type ReleaseFile,
} from "@paks/schema";
import { onTestFinished } from "vitest";
import { createApp } from "../app.ts";
import type { ApiDeps, LogEvent } from "../deps.ts";

export const testPolicy: GitPolicy = { hosts: ["github.com", "git.test"], protocols: ["https"], allowPrivate: false };

export interface TestRequest {
  readonly method?: string;
  readonly token?: string | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly address?: string;
}

export interface NewToken {
  readonly scopes?: readonly string[];
  readonly expiresAt?: Date;
}

export interface TestRelease {
  readonly account: string;
  readonly name: string;
  readonly version: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly manifest?: Partial<Manifest>;
}

interface TestApiOptions extends Partial<ApiDeps> {
  readonly accounts?: readonly string[];
  /** A test that meets a fault of ours fails, unless it wants one. */
  readonly mayFault?: boolean;
}

/** The real app on a database and a folder of its own; everything is gone after the test. */
export async function testApi(options: TestApiOptions = {}) {
  const { accounts = ["acme", "other"], mayFault = false, ...overrides } = options;
  const db = await testDb({ accounts });
  const folder = await mkdtemp(join(tmpdir(), "paks-api-"));
  const events: LogEvent[] = [];
  const background: Promise<void>[] = [];
  onTestFinished(async () => {
    await Promise.all(background);
    await db.close();
    const faults = events.filter((event) => event["event"] === "fault").map((event) => event["error"]);
    if (faults.length > 0 && !mayFault) throw new Error(`a fault of ours: ${faults.join("\n")}`);
    await rm(folder, { recursive: true, force: true });
  });
  const objects = await openDirectoryObjects(folder);
  const deps: ApiDeps = {
    db,
    objects,
    publicUrl: "https://paks.test",
    gitPolicy: testPolicy,
    limits: defaultLimits,
    version: "1.2.3",
    log: (event) => events.push(event),
    rateLimits: { anonymous: 0, token: 0 },
    onBackground: (task) => background.push(task),
    ...overrides,
  };
  const app = createApp(deps);

  const request = async (path: string, init: TestRequest = {}): Promise<Response> => {
    const { method = init.json === undefined ? "GET" : "POST", token, json, body, address = "198.51.100.1" } = init;
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    if (json !== undefined) headers.set("content-type", headers.get("content-type") ?? "application/json");
    const content = json === undefined ? body : JSON.stringify(json);
    return app.request(
      path,
      { method, headers, ...(content === undefined ? {} : { body: content }) },
      { remoteAddress: address },
    );
  };

  const accountId = async (name: string): Promise<string> => (await findAccount(db, name))!.id;

  /** A token of the account; null = the registry's own. */
  const makeToken = async (
    account: string | null,
    { scopes = ["publish"], expiresAt }: NewToken = {},
  ): Promise<string> => {
    const owner = account === null ? null : await accountId(account);
    return (await insertToken(db, { accountId: owner, name: "test", scopes, expiresAt: expiresAt ?? null })).token;
  };

  const release = async (wanted: TestRelease) => {
    const files = releaseFiles(wanted);
    const archive = await objects.put(await makeArchive(files));
    const described = describeFiles(files);
    const id = "a".repeat(40);
    await insertRelease(db, {
      accountId: await accountId(wanted.account),
      manifest: { ...emptyManifest, name: wanted.name, ...wanted.manifest },
      version: wanted.version,
      tag: `v${wanted.version}`,
      tagObject: id,
      commit: id,
      tree: id,
      repository: parseRepositoryUrl(`https://git.test/${wanted.account}/${wanted.name}`, testPolicy),
      path: "",
      digest: described.digest,
      archive,
      files: described.files,
      totalBytes: described.bytes,
      warnings: [],
      changelog: null,
      evidence: "token",
      bodyText: "",
      tagPrefix: null,
      mayBind: true,
    });
    return { ...described, archive };
  };

  /** What no answer waits for. */
  const settle = () => Promise.all(background);

  return { app, db, deps, events, request, accountId, makeToken, release, settle };
}

export type TestApi = Awaited<ReturnType<typeof testApi>>;

const emptyManifest: Manifest = {
  kind: "skill",
  name: "",
  description: "Fills in PDF forms.",
  authors: [],
  keywords: [],
  categories: [],
  dependencies: [],
  extra: {},
};

export const skillText = (name: string): string =>
  `---\nname: ${name}\ndescription: Fills in PDF forms.\n---\n\n# ${name}\n`;

function releaseFiles({ name, files }: TestRelease): ReleaseFile[] {
  const texts = { "SKILL.md": skillText(name), ...files };
  return Object.entries(texts).map(([path, text]) => ({ path, executable: false, bytes: Buffer.from(text, "utf8") }));
}

/** What an answer of ours holds in `data`. */
export async function dataOf<T = Record<string, unknown>>(answer: Response): Promise<T> {
  const body = (await answer.json()) as { data?: T };
  if (body.data === undefined) throw new Error(`${answer.status}: ${JSON.stringify(body)}`);
  return body.data;
}

/** Status and code of a refusal, to compare in one go. */
export async function refusalOf(answer: Response): Promise<{ status: number; code: string | undefined }> {
  const body = (await answer.json()) as { error?: { code: string } };
  return { status: answer.status, code: body.error?.code };
}
