import { join } from "node:path";
import { attemptStates, AttemptDto, errorCodes, type ErrorCode } from "@paks/schema";
import { expect } from "vitest";
import { mustEndWell, openLabLoggedIn, until } from "../harness/journey.ts";
import type { Lab, LabOptions } from "../harness/lab.ts";
import type { Finished } from "../harness/run.ts";
import { listFolder, snapshotOf, writeFiles } from "./files.ts";
import { readRecords, type Records } from "./records.ts";

/** What `POST /api/index` is told. */
export interface Hint {
  readonly repository: string;
  readonly tag: string;
  readonly path?: string;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** `ok` when it is no error. */
  readonly code: string;
}

/** A registry, a publisher of `acme`, and things nearby that nobody may touch. */
export interface HostileLab {
  readonly lab: Lab;
  /** Of `acme`, with the scope `publish`. */
  readonly token: string;
  /** What a payload would create. Nothing may ever make it. */
  readonly pwned: string;
  /** A folder with files, beside everything that paks may write to. */
  readonly canary: string;
  /** Runs paks; whatever it prints must be harmless for a terminal. */
  paks(cwd: string, args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished>;
  post(path: string, body: unknown): Promise<Answer>;
  /** Asks for a tag and follows the attempt to its end, or to its first failure when it will be tried again. */
  follow(hint: Hint, token?: string): Promise<AttemptDto>;
  /** A new account, and a token of it with the scope `publish`. */
  newAccount(name: string): Promise<string>;
  /** Alive within a second, and nothing outside was touched. */
  requireWell(): Promise<void>;
  /** Stops the registry, and hands over what it has recorded. */
  finish(): Promise<Records>;
  close(): Promise<void>;
}

/** Limits are tested elsewhere; here they would only get in the way. */
const patient = { PAKS_RATE_LIMIT_ANONYMOUS: "100000", PAKS_RATE_LIMIT_TOKEN: "100000" };

/** The lab's git host speaks plain http, which an install refuses otherwise. */
const anyProtocol = { PAKS_GIT_PROTOCOLS: "https,http,ssh,file" };

export async function openHostileLab(options: LabOptions = {}): Promise<HostileLab> {
  const lab = await openLabLoggedIn({ ...options, registryEnv: { ...patient, ...options.registryEnv } });
  const canary = join(lab.root, "canary");
  await writeFiles(canary, { "keep.txt": "keep\n", "folder/inner.txt": "inner\n" });
  // Where paks may write for a while.
  const own = { TMPDIR: await lab.folder("tmp"), XDG_CACHE_HOME: await lab.folder("cache") };
  const untouched = async () => {
    // Folders that the user installed from himself are remembered there.
    const { ".local/state/paks/typed-repositories.json": _named, ...home } = await snapshotOf(lab.home);
    return [await snapshotOf(canary), home];
  };
  const before = await untouched();

  const token = await makeToken(lab, "acme");
  const headersOf = (bearer: string) => ({ authorization: `Bearer ${bearer}`, "content-type": "application/json" });
  const requireWell = async () => {
    const probe = () => fetch(`${lab.registry.url}/healthz`, { signal: AbortSignal.timeout(1000) });
    // Once more, because it may be this process or the machine that was late, and not the registry.
    const answer = await probe().catch(probe);
    expect(answer.status).toBe(200);
    expect(await untouched()).toEqual(before);
  };
  return {
    lab,
    token,
    canary,
    pwned: join(canary, "pwned"),
    requireWell,
    paks: async (cwd, args, env = {}) => {
      const finished = await lab.paks(cwd, args, { env: { ...own, ...anyProtocol, ...env } });
      expectHarmless(finished.stdout + finished.stderr);
      return finished;
    },
    post: async (path, body) => {
      const init = { method: "POST", headers: headersOf(token), body: JSON.stringify(body) };
      return readAnswer(await fetch(`${lab.registry.url}${path}`, init));
    },
    follow: (hint, by = token) => followHint(lab.registry.url, headersOf(by), hint),
    newAccount: async (name) => {
      mustEndWell("accounts add", await lab.admin(["accounts", "add", name]));
      return makeToken(lab, name);
    },
    finish: async () => {
      await requireWell();
      await until("an empty scratch folder", async () =>
        (await listFolder(join(lab.registry.dataDir, "scratch"))).length === 0 ? true : undefined,
      );
      expect(await listFolder(own.TMPDIR)).toEqual([]);
      expect(await listFolder(join(own.XDG_CACHE_HOME, "paks", "git"))).toEqual([]);
      expectHarmless(lab.registry.output());
      await lab.registry.stop();
      return readRecords(lab.registry.dataDir);
    },
    close: () => lab.close(),
  };
}

async function makeToken(lab: Lab, account: string): Promise<string> {
  const args = ["tokens", "create", "--account", account, "--name", "hostile", "--scope", "publish", "--json"];
  const { token } = JSON.parse(mustEndWell("tokens create", await lab.admin(args)).stdout) as { token: string };
  return token;
}

async function readAnswer(answer: Response): Promise<Answer> {
  const text = await answer.text();
  const body = JSON.parse(text) as { error?: { code: string } };
  return { status: answer.status, text, code: body.error?.code ?? "ok" };
}

async function followHint(url: string, headers: Record<string, string>, hint: Hint): Promise<AttemptDto> {
  const answer = await fetch(`${url}/api/index`, { method: "POST", headers, body: JSON.stringify(hint) });
  const text = await answer.text();
  if (answer.status !== 202) throw new Error(`${JSON.stringify(hint)} was answered ${answer.status}: ${text}`);
  const first = AttemptDto.parse((JSON.parse(text) as { data: unknown }).data);
  return until(`the end of ${JSON.stringify(hint)}`, async () => {
    const asked = await fetch(`${url}/api/attempts/${first.id}`);
    const attempt = AttemptDto.parse(((await asked.json()) as { data: unknown }).data);
    return isSettled(attempt, first) ? attempt : undefined;
  });
}

/** An attempt that waited already has its code from the last try. */
function isSettled({ state, code, tries }: AttemptDto, first: AttemptDto): boolean {
  const tried = code !== null && (first.code === null || tries > first.tries);
  return ["indexed", "rejected", "failed"].includes(state) || (state === "queued" && tried);
}

/** Moves no cursor, hides nothing, reorders nothing. Line feeds are ours. */
export function expectHarmless(text: string): void {
  const raw =
    /[^\n\P{Cc}]|[\u00AD\u061C\u180E\u200B-\u200F\u2028-\u202E\u2060-\u206F\uFEFF\uFFF9-\uFFFB\u{E0000}-\u{E007F}]/u.exec(
      text,
    );
  const around = raw && JSON.stringify(text.slice(Math.max(0, raw.index - 80), raw.index + 20));
  expect(around, "raw control characters").toBeNull();
}

/** The code that a command ended with: of its error, else of `validate`'s first error, else `ok`. */
export function codeOf({ exitCode, stdout, stderr }: Finished): string {
  if (exitCode === 0) return "ok";
  const found = /^error\[([A-Z_]+)\]/m.exec(stderr) ?? /^ *✗ .*\[([A-Z_]+)\]$/m.exec(stdout);
  return found?.[1] ?? `exit ${exitCode}: ${stdout}${stderr}`;
}

/** Ended with this code, and with the exit code that goes with it. */
export function expectCode(finished: Finished, code: ErrorCode | "ok"): void {
  expect(codeOf(finished), finished.stdout + finished.stderr).toBe(code);
  expect(finished.exitCode).toBe(code === "ok" ? 0 : errorCodes[code].exit);
}

/** Refused at the door: nothing of it was stored. */
export function expectAnswer(answer: Answer, code: ErrorCode): void {
  expect(answer).toMatchObject({ code, status: errorCodes[code].status });
}

/** The end that the code stands for: a verdict, or another try. */
export function expectVerdict(attempt: AttemptDto, code: ErrorCode | "ok"): void {
  expect(attempt.code ?? "ok", attempt.message ?? "").toBe(code);
  expect(attemptStates).toContain(attempt.state);
  const again = code !== "ok" && errorCodes[code].retry;
  expect(attempt.state).toBe(code === "ok" ? "indexed" : again ? "queued" : "rejected");
  if (again) expect(attempt.next_try_at).not.toBeNull();
}
