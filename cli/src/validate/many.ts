import { join } from "node:path";
import { type Finding, checkManifestNames } from "@paks/schema";
import type { Result } from "../command.ts";
import type { Context } from "../context.ts";
import { formatFindings } from "../output/findings.ts";
import { formatTable } from "../output/table.ts";
import { type PakContent, judgePak, readPak } from "../validate-pak.ts";
import { findPaks } from "./find-paks.ts";
import type { FixedPak } from "./fix.ts";
import { countRefusals, type Judged, countFindings, dataOf, judgeFor } from "./report.ts";

export interface ManyOptions {
  readonly path: string;
  readonly staged: boolean;
  readonly strict: boolean;
  readonly wanted: readonly string[];
  readonly allowedSecrets: readonly string[];
  readonly fix: boolean;
  readonly dryRun: boolean;
}

interface One {
  /** Relative to the folder that was asked about; "" is that folder. */
  readonly folder: string;
  readonly judged: Judged;
  readonly fixed: FixedPak | undefined;
}

/** All paks of a folder, or of git's index, with one table for people. */
export async function validateMany(context: Context, options: ManyOptions): Promise<Result> {
  const { root, paks, findings } = await openPaks(context, options);
  const judgedPaks: One[] = [];
  for (const [folder, read] of paks) judgedPaks.push(await judgeOne(context, { folder, read }, options));
  const named = judgedPaks.flatMap(({ folder, judged: { manifest } }) =>
    manifest === undefined ? [] : [{ name: manifest.name, directory: folder }],
  );
  const shared = [...findings, ...checkManifestNames(named)];
  const valid = shared.length === 0 && judgedPaks.every(({ judged }) => judged.valid);
  const { fixesData } = options.fix ? await import("./fix.ts") : { fixesData: undefined };
  return {
    data: {
      path: root,
      valid,
      findings: shared,
      paks: judgedPaks.map(({ judged, fixed }) => ({ ...dataOf(judged), ...(fixed && fixesData?.(fixed)) })),
    },
    text: await formatMany(context, { paks: judgedPaks, shared, quietly: options.staged }),
    exit: valid ? 0 : 5,
  };
}

interface Opened {
  readonly root: string;
  /** One pak's files are in memory at a time, unless git handed over all of them. */
  readonly paks: readonly (readonly [folder: string, read: () => Promise<PakContent>])[];
  readonly findings: readonly Finding[];
}

async function openPaks(context: Context, { path, staged }: ManyOptions): Promise<Opened> {
  if (staged) {
    const { readStaged } = await import("./staged.ts");
    const found = await readStaged(context, path);
    return { ...found, paks: [...found.paks].map(([folder, pak]) => [folder, async () => pak] as const) };
  }
  const { root, folders, findings } = await findPaks(path, context.cwd);
  const paks = folders.map((folder) => [folder, async () => await readPak(join(root, folder), context)] as const);
  return { root, paks, findings };
}

async function judgeOne(
  context: Context,
  { folder, read }: { readonly folder: string; readonly read: () => Promise<PakContent> },
  { strict, wanted, allowedSecrets, fix, dryRun }: ManyOptions,
): Promise<One> {
  context.signal.throwIfAborted();
  const given = await read();
  const fixed = fix ? await (await import("./fix.ts")).fixPak(context, given, dryRun) : undefined;
  const validation = judgePak(fixed?.pak ?? given, { strict, allowedSecrets });
  // The bytes are not needed any more.
  const kept = fixed && { ...fixed, pak: { ...fixed.pak, files: [] } };
  return { folder, judged: judgeFor(validation, wanted), fixed: kept };
}

interface Many {
  readonly paks: readonly One[];
  readonly shared: readonly Finding[];
  /** A hook runs at every commit: what is fine is only counted. */
  readonly quietly: boolean;
}

async function formatMany(context: Context, { paks, shared, quietly }: Many): Promise<string> {
  if (paks.length === 0 && shared.length === 0) return "✓ No pak is in git's index, nothing to check";
  const { formatFixes } = paks.some(({ fixed }) => fixed) ? await import("./fix.ts") : { formatFixes: undefined };
  const fixes = paks.map(({ fixed }) => (fixed && formatFixes ? formatFixes(fixed, context.cwd) : ""));
  const errors = paks.flatMap(({ folder, judged }) => errorsOf(folder, judged));
  const rows = paks.filter(({ judged }) => !quietly || !isFine(judged)).map(rowOf);
  const columns = context.io.stdoutIsTty ? context.io.columns : undefined;
  const header = ["PAK", "VERSION", "RESULT", "FOLDER", "REFUSED BY"];
  const table = rows.length === 0 ? "" : formatTable(header, rows, { columns });
  const findings = [...errors, ...shared];
  return [...fixes, table, findings.length === 0 ? "" : `\n${formatFindings(findings)}\n`, verdictOf(paks, shared)]
    .filter((block) => block !== "")
    .join("\n");
}

/** What a person need not look at. */
const isFine = ({ findings, verdicts }: Judged): boolean => findings.length === 0 && countRefusals(verdicts) === 0;

/** One mark for all: ✗ as the exit code is, ✓ only where nobody refuses anything. */
function verdictOf(paks: readonly One[], shared: readonly Finding[]): string {
  const bad = paks.filter(({ judged }) => !judged.valid).length;
  const all = `${paks.length} ${paks.length === 1 ? "pak is" : "paks are"} valid`;
  if (bad > 0) return `✗ ${bad} of ${paks.length} paks ${bad === 1 ? "is" : "are"} not valid`;
  if (shared.length > 0) return `✗ ${all}, each by itself, but not what is said above`;
  const refused = paks.filter(({ judged }) => countRefusals(judged.verdicts) > 0).length;
  return refused === 0 ? `✓ ${all}` : `⚠ ${all}, but ${refused} ${refused === 1 ? "is" : "are"} not accepted by all`;
}

function resultOf({ valid, verdicts, findings }: Judged): string {
  const { errors, warnings } = countFindings(findings);
  const counted = `${warnings} warning${warnings === 1 ? "" : "s"}`;
  if (!valid) return `${errors} error${errors === 1 ? "" : "s"}, ${counted}`;
  const accepting = verdicts.length - countRefusals(verdicts);
  const ok =
    accepting === verdicts.length ? "ok" : accepting === 0 ? "readable" : `ok for ${accepting} of ${verdicts.length}`;
  return warnings > 0 ? `${ok}, ${counted}` : ok;
}

function rowOf({ folder, judged }: One): string[] {
  const { manifest, verdicts } = judged;
  const refusing = verdicts.filter(({ accepts }) => !accepts).map(({ consumer }) => consumer);
  return [
    manifest?.name ?? "?",
    manifest?.version ?? "-",
    resultOf(judged),
    folder === "" ? "." : folder,
    refusing.join(", "),
  ];
}

/** What makes it invalid; one pak alone shows the rest. */
const errorsOf = (folder: string, { findings }: Judged): Finding[] =>
  findings
    .filter(({ severity }) => severity === "error")
    .map((finding) => ({
      ...finding,
      path: [folder, finding.path].filter((part) => part !== undefined && part !== "").join("/") || undefined,
    }));
