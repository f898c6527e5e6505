import { lstat, readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  type PaksError,
  defaultLimits,
  errorCodes,
  formatPakId,
  isErrorCode,
  isJsonObject,
  isPaksError,
  manifestFileNames,
  kinds,
  readManifest,
  systemErrorCode,
} from "@paks/schema";
import type { Context } from "../context.ts";
import { eachAtOnce } from "../install/each-at-once.ts";
import { type OriginAnswer, askOrigins, isUnknowing } from "./ask-origin.ts";
import type { RememberingRegistry } from "../workspace/remember-answers.ts";
import { askRegistry, listDifferences } from "./ask-registry.ts";
import { type RememberingContext, askTogether } from "./ask-together.ts";
import { isLicenseAllowed } from "./license-allowed.ts";
import { type ListRow, rowName, rowVersion } from "./list-paks.ts";

export interface AuditFinding {
  readonly severity: "error" | "warning";
  /** A row of the error table, or YANKED, DEPRECATED, MOVED, NO_LICENSE, LICENSE_NOT_ALLOWED. */
  readonly code: string;
  readonly name: string;
  readonly folder: string;
  readonly version: string | null;
  readonly message: string;
  readonly hint?: string | undefined;
}

export interface Audited {
  readonly row: ListRow;
  readonly license: string | null;
  /** The registry, the git repository or npm. */
  readonly registry: "asked" | "none" | "skipped" | "unreachable";
  readonly findings: readonly AuditFinding[];
}

export interface AuditOptions {
  /** The registry that the project asks for. */
  readonly wish: string | undefined;
  /** `undefined`: any. */
  readonly licenses: readonly string[] | undefined;
  readonly step: (label: string) => void;
}

const asksAtOnce = 8;

/** What speaks against each pak today, by what is said where it came from and what its manifest says. */
export async function auditRows(context: Context, rows: readonly ListRow[], options: AuditOptions): Promise<Audited[]> {
  const answers = context.config.offline
    ? undefined
    : await askOrigins(context, rows, { files: false, step: options.step });
  const asking = await askTogether(context, rows, {
    wish: options.wish,
    selector: ({ version }) => version,
    evenKept: true,
  });
  return await eachAtOnce(rows, asksAtOnce, async (row) => {
    const license = await readLicense(row);
    const answer = answers?.get(row);
    const asked = answer
      ? fromAnswer(row, answer)
      : await askAbout(asking, row, row.place.locked ? options.wish : undefined);
    const broken = answer && row.error ? [findingOf(row, fromError(row.error))] : [];
    return {
      row,
      license,
      registry: asked.registry,
      findings: [...broken, ...asked.findings, ...checkLicense(row, license, options)],
    };
  });
}

/** Of git and npm. */
function fromAnswer(row: ListRow, { error, told }: OriginAnswer): Omit<Audited, "row" | "license"> {
  if (error)
    return { registry: isUnknowing(error) ? "unreachable" : "asked", findings: [findingOf(row, fromError(error))] };
  return { registry: "asked", findings: told === undefined ? [] : [findingOf(row, warnings[told])] };
}

const warnings: Readonly<Record<NonNullable<OriginAnswer["told"]>, Told>> = {
  moved: {
    severity: "warning",
    code: "TAG_MOVED",
    message: "its tag leads to another commit now, with the same files",
  },
  deprecated: { severity: "warning", code: "DEPRECATED", message: "npm says that this version is deprecated" },
};

type Told = Pick<AuditFinding, "severity" | "code" | "message" | "hint">;

const findingOf = (row: ListRow, told: Told): AuditFinding => ({
  severity: told.severity,
  code: told.code,
  name: rowName(row),
  folder: row.folder,
  version: rowVersion(row),
  message: told.message,
  hint: told.hint,
});

async function askAbout(
  context: RememberingContext,
  row: ListRow,
  wish: string | undefined,
): Promise<Omit<Audited, "row" | "license">> {
  if (row.error !== undefined) return { registry: "none", findings: [findingOf(row, fromError(row.error))] };
  const recorded = row.pak?.record ?? (row.locked && { origin: row.locked.resolved, digest: row.locked.digest });
  if (recorded === undefined || recorded.origin.type === "local") return { registry: "none", findings: [] };
  if (context.config.offline || recorded.origin.type !== "registry") return { registry: "skipped", findings: [] };
  const { origin, digest } = recorded;
  const asked = await askRegistry(context, origin, wish);
  if (asked.state === "unreachable")
    return { registry: "unreachable", findings: [findingOf(row, fromError(asked.error))] };
  if (asked.state === "refused") return { registry: "asked", findings: [findingOf(row, fromError(asked.error))] };
  const told: Told[] = [];
  const differences = listDifferences({ origin, digest }, asked.release);
  if (differences.length > 0)
    told.push({
      severity: "error",
      code: "INTEGRITY_MISMATCH",
      message: `the registry records other content: ${differences.join("; ")}`,
      hint: "Remove it until it is clear who changed what; see `paks verify`.",
    });
  if (asked.release.yanked)
    told.push({
      severity: "error",
      code: "YANKED",
      message: "its author withdrew this version",
      hint: "Take another one: paks outdated.",
    });
  told.push(...(await askPak(asked.registry, origin)));
  return { registry: "asked", findings: told.map((one) => findingOf(row, one)) };
}

/** Registries say more of a pak as they learn to; what this program does not know of stays unsaid. */
async function askPak(
  registry: RememberingRegistry,
  origin: { readonly account: string; readonly name: string; readonly repository: string },
): Promise<Told[]> {
  try {
    const pak = await registry.findFacts(origin);
    if (pak === undefined) return [];
    const told: Told[] = [];
    const { latest } = pak;
    const deprecated = pak["deprecated"] ?? (isJsonObject(latest) ? latest["deprecated"] : undefined);
    if (deprecated !== undefined && deprecated !== null && deprecated !== false)
      told.push({
        severity: "warning",
        code: "DEPRECATED",
        message: `its author no longer cares for it${typeof deprecated === "string" ? `: ${deprecated.slice(0, 300)}` : ""}`,
      });
    const moved = pak["moved_to"];
    const { account = origin.account, name = origin.name } = pak;
    const isSame = account === origin.account && name === origin.name;
    const elsewhere = typeof moved === "string" ? moved : isSame ? undefined : formatPakId({ account, name });
    if (elsewhere !== undefined)
      told.push({ severity: "warning", code: "MOVED", message: `it is called ${elsewhere.slice(0, 200)} now` });
    if (pak.repository !== null && pak.repository !== origin.repository)
      told.push({
        severity: "warning",
        code: "MOVED",
        message: `its repository is ${pak.repository.slice(0, 300)} now, it was ${origin.repository}`,
      });
    return told;
  } catch (error) {
    if (!isPaksError(error) || error.code === "CANCELLED") throw error;
    return [fromError(error)];
  }
}

const fromError = ({ code, message, hint }: PaksError): Told => ({ severity: "error", code, message, hint });

function checkLicense(row: ListRow, license: string | null, { licenses }: AuditOptions): AuditFinding[] {
  if (row.pak === undefined || row.state === "missing" || row.error !== undefined) return [];
  if (license === null) {
    const severity = licenses === undefined ? "warning" : "error";
    return [
      findingOf(row, {
        severity,
        code: "NO_LICENSE",
        message: "names no licence: nobody said that you may use it",
      }),
    ];
  }
  if (licenses === undefined || isLicenseAllowed(license, licenses)) return [];
  return [
    findingOf(row, {
      severity: "error",
      code: "LICENSE_NOT_ALLOWED",
      message: `its licence is ${license.slice(0, 200)}, which is not one of ${licenses.join(", ")}`,
    }),
  ];
}

/** From the installed manifest, in the lenient profile. */
async function readLicense({ pak, state, path }: ListRow): Promise<string | null> {
  if (pak === undefined || state === "missing") return null;
  const names = new Set(kinds.flatMap((kind) => manifestFileNames(kind)));
  const files = new Map<string, Uint8Array>();
  for (const { path: name } of pak.record.files) {
    if (!names.has(name)) continue;
    const bytes = await readSmall(join(path, name));
    if (bytes !== undefined) files.set(name, bytes);
  }
  if (files.size === 0) return null;
  return readManifest(files, { profile: "lenient" }).manifest?.license ?? null;
}

async function readSmall(path: string): Promise<Uint8Array | undefined> {
  try {
    const facts = await lstat(path);
    return facts.isFile() && facts.size <= defaultLimits.manifestBytes ? await readFile(path) : undefined;
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** Gravest first: other bytes, gone or taken down, a licence, withdrawn, could not be asked. */
const gravity = [7, 3, 5, 9, 6, 4, 10, 8];
const ownExits: Readonly<Record<string, number>> = {
  YANKED: 9,
  DEPRECATED: 9,
  MOVED: 9,
  NO_LICENSE: 5,
  LICENSE_NOT_ALLOWED: 5,
};

/** 0 when nothing speaks against any of them; warnings count with `strict`. */
export function exitOfFindings(findings: readonly AuditFinding[], strict: boolean): number {
  const exits = findings
    .filter(({ severity }) => strict || severity === "error")
    .map(({ code }) => ownExits[code] ?? (isErrorCode(code) ? errorCodes[code].exit : 1));
  return gravity.find((exit) => exits.includes(exit)) ?? exits[0] ?? 0;
}
