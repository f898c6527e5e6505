import { createHash } from "node:crypto";
import type { Finding } from "./finding.ts";
import { isPlaceholder, type SecretRule, secretRules } from "./secret-rules.ts";
import { lineAndColumn } from "./text.ts";

/** Bytes of one file that are looked at. */
const maxFileBytes = 1024 * 1024;
const maxFindingsPerFile = 20;
const maxFindings = 100;

export interface SecretFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Findings of code SECRET_DETECTED for tokens, keys and passwords, and for files that usually hold them. The value
 * itself is in no finding. Files with NUL bytes are judged by name only.
 */
export function findSecrets(files: Iterable<SecretFile>): Finding[] {
  const findings: Finding[] = [];
  for (const file of files) {
    if (findings.length >= maxFindings) break;
    const text = readText(file.bytes);
    const named = checkFileName(file, text ?? "");
    findings.push(...(named ? [named] : []), ...(text === undefined ? [] : scanText(file.path, text)));
  }
  return findings.slice(0, maxFindings);
}

/** Every secret is ASCII, so one byte can be one character. `undefined` for binary content. */
function readText(bytes: Uint8Array): string | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, maxFileBytes));
  if (buffer[0] === 0xff && buffer[1] === 0xfe) return buffer.toString("utf16le", 2);
  return buffer.includes(0) ? undefined : buffer.toString("latin1");
}

interface Hit {
  readonly rule: SecretRule;
  readonly start: number;
  readonly match: string;
  readonly value: string;
}

function scanText(path: string, text: string): Finding[] {
  const hits: Hit[] = [];
  for (const rule of secretRules) {
    if (!rule.needles.some((needle) => text.includes(needle))) continue;
    for (const hit of findHits(rule, text)) {
      if (hits.length >= maxFindingsPerFile) break;
      if (!hits.some((other) => overlaps(other, hit))) hits.push(hit);
    }
  }
  return hits.toSorted((a, b) => a.start - b.start).map((hit) => describe(path, text, hit));
}

const overlaps = (a: Hit, b: Hit): boolean => a.start < b.start + b.match.length && b.start < a.start + a.match.length;

function* findHits(rule: SecretRule, text: string): Generator<Hit> {
  for (const match of text.matchAll(rule.pattern)) {
    const value = match[1] ?? match[2] ?? match[0];
    if ((!rule.certain && isPlaceholder(value, rule.minEntropy)) || rule.isHarmless?.(match)) continue;
    yield { rule, start: match.index, match: match[0], value };
  }
}

function describe(path: string, text: string, { rule, start, match, value }: Hit): Finding {
  const shown = match.slice(0, rule.shown ?? 4);
  return {
    severity: "error",
    code: "SECRET_DETECTED",
    message: `This looks like ${rule.name}${shown === "" ? "" : ` (${shown}…, ${match.length} characters)`}.`,
    hint: removalHint(fingerprint(rule.id, path, value)),
    path,
    ...lineAndColumn(text, start),
  };
}

/** What an author allows one finding by; `undefined` for findings of other kinds. */
export const secretFingerprint = ({ code, hint = "" }: Finding): string | undefined =>
  code === "SECRET_DETECTED" ? /\(fingerprint ([0-9a-f]{8})\)\.$/.exec(hint)?.[1] : undefined;

/** The fingerprint is what one finding can be allowed by. */
const removalHint = (print: string): string => `Remove it, and revoke it where it was issued (fingerprint ${print}).`;

/** Short on purpose: it tells findings apart, and says too little to test guesses of a password against. */
const fingerprint = (...parts: readonly string[]): string =>
  createHash("sha256").update(parts.join("\0")).digest("hex").slice(0, 8);

const secretFileNames: readonly RegExp[] = [
  /^\.env(?:\..+)?$/,
  /^id_(?:rsa|dsa|ecdsa|ed25519)[^.]*$/,
  /\.(?:pem|p12|pfx|jks|keystore|kdbx)$/,
  /^credentials(?:\.(?:json|ya?ml|ini|toml|txt|csv|xml|env))?$/,
  /^(?:\.netrc|_netrc|\.pypirc|\.pgpass|\.htpasswd|\.git-credentials)$/,
];
/** Files that show which settings there are. */
const sampleFileName = /(?:^|[._-])(?:example|sample|template|dist|defaults?|schema)(?:$|[._-])/;

function checkFileName({ path, bytes }: SecretFile, text: string): Finding | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toLowerCase();
  if (bytes.length === 0 || !secretFileNames.some((pattern) => pattern.test(name))) return undefined;
  if (sampleFileName.test(name) || isPublicPem(name, text)) return undefined;
  return {
    severity: "error",
    code: "SECRET_DETECTED",
    message: `Files called ${name} usually hold secrets.`,
    hint: `Leave it out of the pak (fingerprint ${fingerprint("file-name", path)}).`,
    path,
  };
}

const isPublicPem = (name: string, text: string): boolean =>
  name.endsWith(".pem") &&
  /-----BEGIN (?:[A-Z0-9]{1,16} ){0,2}(?:CERTIFICATE|PUBLIC KEY)/.test(text) &&
  !text.includes("PRIVATE KEY");
